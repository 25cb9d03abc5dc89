"""Texts deleted at somebody's wish."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from tunery.app.actions import deletions
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer
from tunery.app.rest.callers import Caller
from tunery.app.rest.pages import PageAnswer, Part

router = APIRouter(tags=["deletions"], route_class=Route)

Reason = Annotated[str, Query(max_length=1000, description="Why, for those who look at it later.")]


class DeletionAnswer(Answer):
    """That a text was deleted."""

    id: str
    at: datetime
    user: str | None
    project: str
    kind: Literal["row", "request"]
    subject: str = Field(description="The name of the row or the request, which stays.")
    models: list[str] = Field(description="The models that learned from it: they should be tuned again without it.")
    reason: str


@router.get("/projects/{project}/deletions", summary="What was deleted in a project")
def list_deletions(context: Caller, part: Part, project: str) -> PageAnswer[DeletionAnswer]:
    """Return deletions, the newest first."""
    page = deletions.page(context, project, after=part.after, limit=part.limit)
    return PageAnswer.of(page, DeletionAnswer.model_validate)


@router.delete("/rows/{row}", summary="Delete the text of a row")
def delete_row(context: Caller, row: str, reason: Reason = "") -> DeletionAnswer:
    """Delete a row's text wherever it lies, and the requests that it came from; once, however often it is asked."""
    return DeletionAnswer.model_validate(deletions.row(context, row, reason=reason))


@router.delete("/requests/{request}", summary="Delete the text of a request")
def delete_request(context: Caller, request: str, reason: Reason = "") -> DeletionAnswer:
    """Delete a request's text wherever it lies, and the row that it became; once, however often it is asked."""
    return DeletionAnswer.model_validate(deletions.request(context, request, reason=reason))
