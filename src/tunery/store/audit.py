"""Who did what: an entry for each change, written in the transaction that makes it, and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.store import identifiers, paging
from tunery.store.paging import Page
from tunery.store.tables import AuditEntry, User


@dataclass(frozen=True)
class Seen:
    """An entry as it is read.

    Attributes:
        entry: What was done.
        who: The e-mail of whoever did it; None for the workspace itself.
    """

    entry: AuditEntry
    who: str | None


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


def page(
    session: Session,
    *,
    project: str | None = None,
    user: str | None = None,
    action: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Seen]:
    """Return entries, the latest first.

    Args:
        session: Where to read.
        project: Only this project's.
        user: Only what this user did.
        action: Only this action, or with a dot at its end all that begin so: ``version.``.
        after: The ``next`` of the page before.
        limit: How many at most.

    Raises:
        SettingError: ``after`` is not from such a list.
    """
    statement = select(AuditEntry, User.email).outerjoin(User, AuditEntry.user == User.id)
    if project is not None:
        statement = statement.where(AuditEntry.project == project)
    if user is not None:
        statement = statement.where(AuditEntry.user == user)
    if action is not None:
        of_kind = AuditEntry.action.startswith(action, autoescape=True)
        statement = statement.where(of_kind if action.endswith(".") else AuditEntry.action == action)
    found = paging.page(session, statement, by=[AuditEntry.id], after=after, limit=limit, descending=True)
    return found.map(lambda row: Seen(row[0], row[1]))
