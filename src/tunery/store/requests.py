"""Requests: what endpoints were asked and what they answered, as far as it was to be kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from tunery.i18n import N_
from tunery.store.failures import not_found
from tunery.store.paging import Page
from tunery.store.paging import page as page_of
from tunery.store.tables import Endpoint, Feedback, Model, Request
from tunery.store.targets import to_text

Verdict = Literal["right", "wrong", "corrected"]
"""What a person may say about an answer."""


class RequestFilter(BaseModel):
    """Which requests are wanted; all that is said has to be so. Declared once, for REST and pages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str | None = Field(default=None, description=N_("Only of the endpoint with this id."))
    model: str | None = Field(default=None, description=N_("Only what this model answered."))
    origin: Literal["api", "playground", "share"] | None = Field(
        default=None, description=N_("Only what came this way: api, playground or share.")
    )
    verdict: Literal["right", "wrong", "corrected", "any", "none"] | None = Field(
        default=None,
        description=N_("Only what people said this about: right, wrong, corrected, any of these, or none."),
    )
    score_below: float | None = Field(
        default=None, ge=0, le=1, description=N_("Only answers whose score is below this one.")
    )
    abstained: bool | None = Field(default=None, description=N_("Only answers that are too unsure, or only others."))
    text: str | None = Field(
        default=None, max_length=1_000, description=N_("Only texts that contain this, in upper or lower case.")
    )
    label: str | None = Field(default=None, max_length=1_000, description=N_("Only answers that have this label."))
    since: AwareDatetime | None = Field(default=None, description=N_("Only from this time on."))
    until: AwareDatetime | None = Field(default=None, description=N_("Only before this time."))


def add(session: Session, requests: Sequence[Request], *, again: bool = False) -> list[Request]:
    """Store requests, and return those whose endpoint and model the workspace has; the others are left out.

    Args:
        session: A writing one.
        requests: Redacted.
        again: Whether some of them may be stored already: a database that went away doesn't say what it kept.
    """
    endpoints = _known(session, Endpoint, {request.endpoint for request in requests})
    models = _known(session, Model, {request.model for request in requests})
    kept = [request for request in requests if request.endpoint in endpoints and request.model in models]
    there = _known(session, Request, {request.id for request in kept}) if again else set()
    for request in kept:
        request.text = storable(request.text)
        request.answer = None if request.answer is None else storable(request.answer)
    session.add_all([request for request in kept if request.id not in there])
    session.flush()
    return kept


def get(session: Session, request: str) -> Request:
    """Return a request.

    Raises:
        NotFoundError: There is none with this id.
    """
    found = session.get(Request, request)
    if found is None:
        raise not_found(request)
    return found


def find(session: Session, call: str, number: int = 0, *, endpoint: str | None = None) -> Request | None:
    """Return one text of a call by the name that the server gave the call; None where it was not stored.

    Callers may name their calls themselves, and do so twice: then it is the latest.
    """
    statement = select(Request).where(Request.call == call, Request.number == number)
    if endpoint is not None:
        statement = statement.where(Request.endpoint == endpoint)
    return session.scalar(statement.order_by(Request.id.desc()).limit(1))


def page(
    session: Session,
    *,
    project: str,
    chosen: RequestFilter | None = None,
    after: str | None = None,
    limit: int = 50,
    total: bool = False,
) -> Page[Request]:
    """Return requests, the latest first.

    Args:
        session: Where to read.
        project: Of this project's endpoints.
        chosen: Which of them; None for all.
        after: The ``next`` of the page before.
        limit: How many at most.
        total: Count all of them.
    """
    of_project = select(Endpoint.id).where(Endpoint.project == project)
    statement = select(Request).where(Request.endpoint.in_(of_project), *_conditions(chosen or RequestFilter()))
    return page_of(session, statement, by=[Request.id], after=after, limit=limit, descending=True, total=total)


def storable(text: str) -> str:
    """Return a text with a sign in place of each character that databases don't take: NUL, and halves of pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _conditions(chosen: RequestFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        getattr(Request, name) == value
        for name in ("endpoint", "model", "origin", "abstained")
        if (value := getattr(chosen, name)) is not None
    ]
    if chosen.score_below is not None:
        found.append(Request.score < chosen.score_below)
    if chosen.text:
        found.append(func.lower(Request.text).contains(storable(chosen.text).lower(), autoescape=True))
    if chosen.label is not None:
        found.append(Request.answer.contains(to_text(storable(chosen.label)) or "", autoescape=True))
    if chosen.since is not None:
        found.append(Request.at >= chosen.since)
    if chosen.until is not None:
        found.append(Request.at < chosen.until)
    if chosen.verdict is not None:
        said = exists().where(Feedback.request == Request.id)
        if chosen.verdict not in ("any", "none"):
            said = said.where(Feedback.verdict == chosen.verdict)
        found.append(~said if chosen.verdict == "none" else said)
    return found


def _known(session: Session, kind: type[Endpoint] | type[Model] | type[Request], names: set[str]) -> set[str]:
    return set(session.scalars(select(kind.id).where(kind.id.in_(names)))) if names else set()
