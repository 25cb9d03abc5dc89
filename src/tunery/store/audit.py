"""Who did what: an entry for each change, written in the transaction that makes it, and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from tunery.store import identifiers
from tunery.store.tables import AuditEntry


def record(
    session: Session,
    *,
    user: str | None,
    action: str,
    project: str | None = None,
    subject: str | None = None,
    details: Mapping[str, object] | None = None,
) -> AuditEntry:
    """Write down a change.

    Args:
        session: The one that makes the change.
        user: Who makes it; None for the workspace itself.
        action: What is done: the kind of thing and a verb, for example ``version.create``.
        project: Where, if it is in a project.
        subject: The name of what it is done to.
        details: What else is worth knowing, as JSON: names and numbers, never a text of the data, a password or a key.
    """
    entry = AuditEntry(
        id=identifiers.new(), at=datetime.now(UTC), user=user, action=action, project=project, subject=subject,
        details=dict(details or {}),
    )  # fmt: skip
    session.add(entry)
    return entry
