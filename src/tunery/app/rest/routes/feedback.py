"""What people say about answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from tunery.app.actions import endpoints
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answered, Body
from tunery.app.rest.callers import Caller
from tunery.app.rest.routes.endpoints import FeedbackAnswer
from tunery.store.requests import Verdict
from tunery.store.targets import from_plain

router = APIRouter(prefix="/projects/{project}/requests", tags=["endpoints"], route_class=Route)


class FeedbackBody(Body):
    """What a member of the project says about an answer."""

    verdict: Verdict
    target: Answered | None = Field(
        default=None, description="What would have been right, with the verdict corrected; spans in the stored text."
    )
    note: Annotated[str, Field(max_length=100_000, description="Why, for people.")] = ""


@router.post("/{request}/feedback", status_code=201, summary="Say whether an answer was right")
def give(context: Caller, project: str, request: str, body: FeedbackBody) -> FeedbackAnswer:
    """Keep what a member says about an answer; the requests of an endpoint show it."""
    target = from_plain(_plain(body.target)) if body.target is not None else None
    given = endpoints.give_feedback(context, project, request, body.verdict, target=target, note=body.note)
    return FeedbackAnswer.model_validate(given)


def _plain(target: Answered) -> object:
    return target if isinstance(target, str) else [list(one) if isinstance(one, tuple) else one for one in target]
