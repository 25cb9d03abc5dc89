"""Endpoints: names that callers use, which model answers, and everything that was ever changed about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tunery.errors import SettingError
from tunery.i18n import N_, _
from tunery.settings import build
from tunery.store import identifiers
from tunery.store.failures import ConflictError, not_found
from tunery.store.paging import Page
from tunery.store.paging import page as page_of
from tunery.store.projects import name_taken
from tunery.store.tables import Endpoint, EndpointEvent, Model

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What an endpoint may be called: what needs no escaping in a path."""
_ANSWERS = ("deploy", "promote", "roll-back")
"""Events that change which model answers."""


class EndpointSettings(BaseModel):
    """What may be decided about an endpoint, declared once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store_requests: bool | None = Field(
        default=None, description=N_("Keep what this endpoint is asked. Default: as the project says.")
    )
    sample: float | None = Field(
        default=None, ge=0, le=1, description=N_("Share of requests that is kept. Default: as the project says.")
    )
    share: bool = Field(default=False, description=N_("Whether there is a public page on which anybody may try it."))
    share_title: str = Field(default="", max_length=200, description=N_("What stands above the public page."))
    share_about: str = Field(default="", max_length=5_000, description=N_("What the public page says about it."))
    share_examples: tuple[Annotated[str, StringConstraints(min_length=1, max_length=2_000)], ...] = Field(
        default=(), max_length=20, description=N_("Texts that the public page offers to try.")
    )
    share_rate: str = Field(
        default="20/minute", pattern=r"^[1-9][0-9]{0,5}/(second|minute|hour|day)$",
        description=N_("How often one address may ask on the public page, for example 20/minute."),
    )  # fmt: skip
    share_characters: int = Field(
        default=2_000, ge=1, le=100_000, description=N_("The longest text that the public page takes, in characters.")
    )


def deploy(session: Session, *, project: str, name: str, model: str, user: str | None, reason: str = "") -> Endpoint:
    """Let a model answer under a name, which is made where there is none, and started where it was stopped.

    Args:
        session: A writing one.
        project: The project of the endpoint and of the model.
        name: What callers use; no two endpoints of the workspace have the same.
        model: The model that answers from now on.
        user: Who says so.
        reason: Why, for people.

    Raises:
        ConflictError: Another project has the name, or the model does something else than the one before.
        NotFoundError: There is no such model in the project.
        SettingError: The name can't be one.
    """
    found = session.scalar(select(Endpoint).where(Endpoint.name == name).with_for_update())
    if found is None:
        return _create(session, project, name, model, user, reason)
    if found.project != project:
        raise name_taken(name)
    _check_model(session, found, model)
    before, found.stopped = found.champion, None
    _answer_with(session, found, model)
    _note(session, found, "deploy", user, reason, model=model, before=before)
    return found


def promote(session: Session, endpoint: str, *, model: str, user: str | None, reason: str = "") -> Endpoint:
    """Let another model answer from now on.

    Raises:
        ConflictError: It does something else than the one before.
        NotFoundError: There is no such endpoint, or no such model in its project.
    """
    found = _locked(session, endpoint)
    _check_model(session, found, model)
    before = found.champion
    if before != model:
        _answer_with(session, found, model)
        _note(session, found, "promote", user, reason, model=model, before=before)
    return found


def roll_back(session: Session, endpoint: str, *, user: str | None, reason: str = "") -> Endpoint:
    """Let the model answer that answered before the present one; doing it again goes further back.

    Raises:
        ConflictError: Nothing answered before.
        NotFoundError: There is no such endpoint.
    """
    found = _locked(session, endpoint)
    earlier = answered_before(session, endpoint)
    if not earlier:
        raise ConflictError(
            _("No other model has answered for {name} yet.").format(name=found.name), _("Promote a model in its place.")
        )
    before = found.champion
    _answer_with(session, found, earlier[-1])
    _note(session, found, "roll-back", user, reason, model=earlier[-1], before=before)
    return found


def challenge(session: Session, endpoint: str, *, model: str | None, user: str | None, reason: str = "") -> Endpoint:
    """Put a model beside the one that answers, to be compared with it; None takes it away.

    Raises:
        ConflictError: It is the one that answers, or does something else.
        NotFoundError: There is no such endpoint, or no such model in its project.
    """
    found = _locked(session, endpoint)
    if model is not None:
        _check_model(session, found, model)
        if model == found.champion:
            raise ConflictError(
                _("This model is the one that answers for {name}.").format(name=found.name), _("Choose another.")
            )
    if model != found.challenger:
        before, found.challenger = found.challenger, model
        _note(session, found, "challenge", user, reason, model=model, before=before)
    return found


def stop(session: Session, endpoint: str, *, user: str | None, reason: str = "") -> Endpoint:
    """Answer no more under a name. What was recorded stays, and the name stays the project's."""
    found = _locked(session, endpoint)
    if found.stopped is None:
        found.stopped = datetime.now(UTC)
        _note(session, found, "stop", user, reason, model=found.champion)
    return found


def start(session: Session, endpoint: str, *, user: str | None, reason: str = "") -> Endpoint:
    """Answer again under a name that was stopped."""
    found = _locked(session, endpoint)
    if found.stopped is not None:
        found.stopped = None
        _note(session, found, "start", user, reason, model=found.champion)
    return found


def settings_of(endpoint: Endpoint) -> EndpointSettings:
    """Return an endpoint's settings."""
    return EndpointSettings.model_validate(endpoint.settings)


def change_settings(
    session: Session, endpoint: str, values: Mapping[str, object], *, user: str | None
) -> EndpointSettings:
    """Change some settings of an endpoint; those not named stay as they are.

    Raises:
        NotFoundError: There is no such endpoint.
        SettingError: A setting doesn't exist or can't have its value.
    """
    found = _locked(session, endpoint)
    changed = build(EndpointSettings, {**found.settings, **values})
    plain = changed.model_dump(mode="json")
    if plain != found.settings:
        found.settings = plain
        _note(session, found, "settings", user, ", ".join(sorted(values)))
    return changed


def get(session: Session, endpoint: str) -> Endpoint:
    """Return an endpoint.

    Raises:
        NotFoundError: There is none with this id.
    """
    found = session.get(Endpoint, endpoint)
    if found is None:
        raise not_found(endpoint)
    return found


def by_name(session: Session, name: str) -> Endpoint:
    """Return the endpoint that callers know by this name.

    Raises:
        NotFoundError: There is none.
    """
    found = session.scalar(select(Endpoint).where(Endpoint.name == name))
    if found is None:
        raise not_found(name)
    return found


def page(session: Session, *, project: str | None = None, after: str | None = None, limit: int = 50) -> Page[Endpoint]:
    """Return endpoints, the newest first, those that were stopped too.

    Args:
        session: Where to read.
        project: Only this project's; None for all.
        after: The ``next`` of the page before.
        limit: How many at most.
    """
    statement = select(Endpoint)
    if project is not None:
        statement = statement.where(Endpoint.project == project)
    return page_of(session, statement, by=[Endpoint.id], after=after, limit=limit, descending=True, total=True)


def active(session: Session) -> list[Endpoint]:
    """Return all endpoints that are to answer, by name."""
    return list(session.scalars(select(Endpoint).where(Endpoint.stopped.is_(None)).order_by(Endpoint.name)))


def events(session: Session, endpoint: str, *, after: str | None = None, limit: int = 50) -> Page[EndpointEvent]:
    """Return what was changed about an endpoint, the latest first."""
    statement = select(EndpointEvent).where(EndpointEvent.endpoint == endpoint)
    return page_of(session, statement, by=[EndpointEvent.id], after=after, limit=limit, descending=True, total=True)


def answered_before(session: Session, endpoint: str) -> list[str]:
    """Return the models that answered before the present one and were not rolled back, the latest last."""
    statement = (
        select(EndpointEvent)
        .where(EndpointEvent.endpoint == endpoint, EndpointEvent.action.in_(_ANSWERS))
        .order_by(EndpointEvent.id)
    )
    models: list[str] = []
    for event in session.scalars(statement):
        if event.action == "roll-back":
            models.pop()
        elif event.model is not None and event.model != (models[-1] if models else None):
            models.append(event.model)
    return models[:-1]


def _create(session: Session, project: str, name: str, model: str, user: str | None, reason: str) -> Endpoint:
    if not NAME.fullmatch(name):
        raise SettingError(
            _("{name!r} can't be the name of an endpoint.").format(name=name),
            _("Use at most 64 letters, digits, dots, hyphens and underscores; begin with a letter or a digit."),
        )
    _model(session, project, model)
    made = Endpoint(
        id=identifiers.new(), project=project, name=name, champion=model,
        settings=EndpointSettings().model_dump(mode="json"), created=datetime.now(UTC), created_by=user,
    )  # fmt: skip
    session.add(made)
    try:
        session.flush()
    except IntegrityError as error:  # somebody else was faster
        raise name_taken(name) from error
    _note(session, made, "deploy", user, reason, model=model)
    return made


def _locked(session: Session, endpoint: str) -> Endpoint:
    found = session.get(Endpoint, endpoint, with_for_update=True)
    if found is None:
        raise not_found(endpoint)
    return found


def _answer_with(session: Session, endpoint: Endpoint, model: str) -> None:
    endpoint.champion = model
    if endpoint.challenger == model:
        endpoint.challenger = None
    session.flush()


def _check_model(session: Session, endpoint: Endpoint, model: str) -> None:
    """Make sure that callers of an endpoint get answers of the same kind from another model."""
    task, before = _model(session, endpoint.project, model).task, _model(session, endpoint.project, endpoint.champion)
    if task != before.task:
        raise ConflictError(
            _("{name} answers with {task}, and this model is for {other}.").format(
                name=endpoint.name, task=before.task, other=task
            ),
            _("Deploy it under another name."),
        )


def _model(session: Session, project: str, model: str) -> Model:
    found = session.get(Model, model)
    if found is None or found.project != project:
        raise not_found(model)
    return found


def _note(
    session: Session,
    endpoint: Endpoint,
    action: str,
    user: str | None,
    reason: str,
    *,
    model: str | None = None,
    before: str | None = None,
) -> None:
    session.add(
        EndpointEvent(
            id=identifiers.new(), endpoint=endpoint.id, at=datetime.now(UTC), user=user, action=action, model=model,
            before=before, reason=reason,
        )
    )  # fmt: skip
    session.flush()
