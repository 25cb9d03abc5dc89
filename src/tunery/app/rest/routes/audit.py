"""What was done."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from tunery.app.actions import audit
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer
from tunery.app.rest.callers import Caller
from tunery.app.rest.pages import PageAnswer, Part
from tunery.store.audit import Seen

router = APIRouter(prefix="/audit", tags=["audit"], route_class=Route)


class EntryAnswer(Answer):
    """A change."""

    id: str
    at: datetime
    user: str | None = Field(description="Who made it; null for the workspace itself.")
    email: str | None
    action: str = Field(examples=["version.create"])
    project: str | None
    subject: str | None
    details: dict[str, Any]


@router.get("", summary="What was done")
def list_entries(
    context: Caller,
    part: Part,
    project: Annotated[str | None, Query(description="Only this project's; without it, an administrator's.")] = None,
    user: Annotated[str | None, Query(description="Only what this user did.")] = None,
    action: Annotated[
        str | None, Query(description="Only this action; with a dot at its end, all that begin so.")
    ] = None,
) -> PageAnswer[EntryAnswer]:
    """Return the entries of the audit log, the latest first."""
    page = audit.page(context, project=project, user=user, action=action, after=part.after, limit=part.limit)
    return PageAnswer.of(page, _answer)


def _answer(seen: Seen) -> EntryAnswer:
    one = seen.entry
    return EntryAnswer(
        id=one.id, at=one.at, user=one.user, email=seen.who, action=one.action, project=one.project,
        subject=one.subject, details=one.details,
    )  # fmt: skip
