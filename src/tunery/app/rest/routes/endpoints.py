"""Endpoints: what answers under a name, what it was asked, and how it does."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi import Request as HttpRequest
from pydantic import Field

from tunery.app.actions import endpoints
from tunery.app.asking import ask
from tunery.app.context import Context
from tunery.app.rest.answering import Route, secret, unchanged
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import Caller, parts_of
from tunery.app.rest.pages import PageAnswer, Part
from tunery.store.endpoints import EndpointSettings
from tunery.store.requests import RequestFilter
from tunery.store.tables import EndpointEvent, Feedback, Request

router = APIRouter(prefix="/projects/{project}/endpoints", tags=["endpoints"], route_class=Route)

_LONGEST = 60 * 24 * 90
"""Minutes."""
Reason = Annotated[str, Field(max_length=1000, description="Why, for those who look at it later.")]


class EndpointAnswer(Answer):
    """A name that callers use."""

    id: str
    name: str
    champion: str = Field(description="The model that answers.")
    challenger: str | None
    settings: EndpointSettings
    created: datetime
    stopped: datetime | None


class EndpointsAnswer(Answer):
    """All of a project."""

    items: list[EndpointAnswer]


class DeployBody(Body):
    """A model that is to answer under a name."""

    name: Annotated[str, Field(max_length=64, examples=["intents"])]
    model: Annotated[str, Field(max_length=128)]
    reason: Reason = ""


class ActionBody(Body):
    """What is to be done to an endpoint."""

    action: Literal["promote", "challenge", "roll-back", "stop", "start"]
    model: Annotated[str, Field(max_length=128)] | None = Field(
        default=None, description="The model to promote, or to put beside; null takes the challenger away."
    )
    reason: Reason = ""


class SettingsBody(Body):
    """Single settings with their new values."""

    settings: dict[str, Any]


class PredictBody(Body):
    """What is asked."""

    inputs: list[Annotated[str, Field(max_length=100_000)]] = Field(min_length=1, max_length=1000)
    top: Annotated[int, Field(ge=1, le=1000)] | None = None


class PredictAnswer(Answer):
    """What an endpoint answers, as it answers its callers."""

    endpoint: str
    version: str
    request_id: str
    predictions: list[dict[str, Any]]


class EventAnswer(Answer):
    """A change of an endpoint."""

    id: str
    at: datetime
    user: str | None
    action: str
    model: str | None
    model_name: str
    before: str | None
    reason: str


class EventsAnswer(Answer):
    """The latest of them."""

    items: list[EventAnswer]


class PointAnswer(Answer):
    """What an endpoint did in some time."""

    requests: int
    texts: int
    failed: int
    refused: int
    at: datetime | None = None


class TrafficAnswer(Answer):
    """What an endpoint did."""

    since: datetime
    until: datetime
    rate: float = Field(description="Calls in a second.")
    total: PointAnswer
    points: list[PointAnswer]


class FeedbackAnswer(Answer):
    """What a person said about an answer."""

    id: str
    at: datetime
    verdict: str
    target: str | None
    origin: str
    note: str


class AskedAnswer(Answer):
    """What was asked, and the answer."""

    id: str
    at: datetime
    model: str
    origin: str
    text: str
    text_pair: str | None
    redactions: dict[str, Any]
    answer: str | None
    score: float | None
    abstained: bool
    milliseconds: float | None
    deleted: datetime | None


class RequestAnswer(AskedAnswer):
    """A request with what people said about the answer."""

    feedback: list[FeedbackAnswer]


class KeyAnswer(Answer):
    """What is known of a key."""

    id: str
    name: str
    endpoints: list[str]
    rate: str | None
    quota: str | None
    created: datetime


class KeyBody(Body):
    """A key to make."""

    name: Annotated[str, Field(min_length=1, max_length=200, examples=["checkout"])]
    rate: Annotated[str, Field(max_length=100, examples=["100/minute"])] | None = Field(
        default=None, description="How many calls it may make in a time; null for no limit."
    )
    quota: Annotated[str, Field(max_length=100, examples=["10000/day"])] | None = Field(
        default=None, description="How many texts it may have answered in a time; null for no limit."
    )


class NewKeyAnswer(KeyAnswer):
    """A new key with its secret, shown only now."""

    key: str


class KeysAnswer(Answer):
    """All of them."""

    items: list[KeyAnswer]


@router.get("", summary="The endpoints of a project")
def list_endpoints(context: Caller, project: str) -> EndpointsAnswer:
    """Return endpoints, the newest first."""
    return EndpointsAnswer(items=[_answer(one) for one in endpoints.listed(context, project)])


@router.post("", status_code=201, summary="Let a model answer under a name")
def deploy(context: Caller, project: str, body: DeployBody) -> EndpointAnswer:
    """Deploy a model; an endpoint that is there answers with it from now on."""
    endpoints.deploy(context, project, name=body.name, model=body.model, reason=body.reason)
    return _shown(context, project, body.name)


@router.get("/{name}", summary="An endpoint")
def show(context: Caller, project: str, name: str) -> EndpointAnswer:
    """Return an endpoint."""
    return _shown(context, project, name)


@router.patch("/{name}", summary="Change an endpoint's settings")
def change(context: Caller, project: str, name: str, body: SettingsBody) -> EndpointAnswer:
    """Change single settings."""
    unchanged(_shown(context, project, name))
    endpoints.change_settings(context, project, name, body.settings)
    return _shown(context, project, name)


@router.post("/{name}/actions", summary="Promote, challenge, roll back, stop or start")
def act(context: Caller, project: str, name: str, body: ActionBody) -> EndpointAnswer:
    """Do something to an endpoint."""
    unchanged(_shown(context, project, name))
    if body.action == "challenge":
        endpoints.challenge(context, project, name, model=body.model, reason=body.reason)
    elif body.action == "promote":
        endpoints.promote(context, project, name, model=body.model or "", reason=body.reason)
    elif body.action == "roll-back":
        endpoints.roll_back(context, project, name, reason=body.reason)
    elif body.action == "stop":
        endpoints.stop(context, project, name)
    else:
        endpoints.start(context, project, name)
    return _shown(context, project, name)


@router.post("/{name}/predictions", summary="Ask an endpoint")
@secret
def predict(request: HttpRequest, context: Caller, project: str, name: str, body: PredictBody) -> PredictAnswer:
    """Ask an endpoint for some texts, as a member of its project; callers from outside ask it directly, with a key."""
    endpoints.get(context, project, name)
    parts = parts_of(request)
    found = ask(parts.endpoints, parts.endpoints_key, name, body.model_dump(exclude_none=True))
    return PredictAnswer.model_validate(found)


@router.get("/{name}/events", summary="What was done to an endpoint")
def history(context: Caller, project: str, name: str, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> EventsAnswer:
    """Return what was done, the latest first."""
    found = endpoints.history(context, project, name, limit=limit)
    return EventsAnswer(items=[_event(*one) for one in found])


@router.get("/{name}/traffic", summary="How much an endpoint is asked")
def traffic(
    context: Caller,
    project: str,
    name: str,
    minutes: Annotated[int, Query(ge=1, le=_LONGEST, description="How far it goes back.")] = 60,
    step: Annotated[int, Query(ge=1, le=_LONGEST, description="How many minutes each of the points is long.")] = 1,
) -> TrafficAnswer:
    """Return what it did in the last minutes."""
    found = endpoints.traffic_of(context, project, name, minutes=minutes, step=step)
    points = [PointAnswer.model_validate(counts).model_copy(update={"at": at}) for at, counts in found.points]
    return TrafficAnswer(
        since=found.since, until=found.until, rate=found.rate, total=PointAnswer.model_validate(found.counts),
        points=points,
    )  # fmt: skip


@router.get("/{name}/requests", summary="What an endpoint was asked")
def requests(
    context: Caller, part: Part, project: str, name: str, chosen: Annotated[RequestFilter, Query()]
) -> PageAnswer[RequestAnswer]:
    """Return requests that were kept, the latest first, with what people said about the answers."""
    wanted = chosen.model_dump(exclude_unset=True, exclude={"endpoint"})
    page = endpoints.asked(context, project, name, after=part.after, limit=part.limit, **wanted)
    return PageAnswer.of(page, lambda one: _request(*one))


@router.get("/{name}/keys", summary="Who may ask an endpoint")
def keys(context: Caller, project: str, name: str) -> KeysAnswer:
    """Return what is known of the keys that are still good."""
    return KeysAnswer(items=[KeyAnswer.model_validate(one) for one in endpoints.keys(context, project, name)])


@router.post("/{name}/keys", status_code=201, summary="Make a key")
@secret
def create_key(context: Caller, project: str, name: str, body: KeyBody) -> NewKeyAnswer:
    """Make a key by which programs may ask the endpoint, and return its secret."""
    made, given = endpoints.create_key(context, project, name, called=body.name, rate=body.rate, quota=body.quota)
    return NewKeyAnswer(**KeyAnswer.model_validate(made).model_dump(), key=given)


@router.delete("/{name}/keys/{key}", status_code=204, summary="Revoke a key")
def revoke_key(context: Caller, project: str, name: str, key: str) -> None:  # noqa: ARG001 - it is in the path
    """Make a key worthless, at once."""
    endpoints.revoke_key(context, project, key)


def _shown(context: Context, project: str, name: str) -> EndpointAnswer:
    return _answer(endpoints.get(context, project, name))


def _answer(one: endpoints.StoredEndpoint) -> EndpointAnswer:
    record = one.record
    return EndpointAnswer(
        id=record.id, name=record.name, champion=record.champion, challenger=record.challenger, settings=one.settings,
        created=record.created, stopped=record.stopped,
    )  # fmt: skip


def _event(event: EndpointEvent, name: str) -> EventAnswer:
    return EventAnswer(
        id=event.id, at=event.at, user=event.user, action=event.action, model=event.model, model_name=name,
        before=event.before, reason=event.reason,
    )  # fmt: skip


def _request(request: Request, said: list[Feedback]) -> RequestAnswer:
    fields = {name: getattr(request, name) for name in RequestAnswer.model_fields if name != "feedback"}
    return RequestAnswer(**fields, feedback=[FeedbackAnswer.model_validate(one) for one in said])
