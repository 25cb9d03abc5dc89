"""Endpoints: deployed, promoted, rolled back, looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.app import access, secret
from tunery.app.context import Context
from tunery.serving.keys import PREFIX
from tunery.serving.rates import parse_rate
from tunery.settings import build
from tunery.store import audit, endpoint_keys, endpoints, feedback, projects, redactors, requests, traffic
from tunery.store.endpoints import EndpointSettings
from tunery.store.failures import not_found
from tunery.store.paging import Page
from tunery.store.redaction import redact
from tunery.store.requests import RequestFilter, Verdict
from tunery.store.tables import Endpoint, EndpointEvent, EndpointKey, Feedback, Model, Request
from tunery.store.traffic import Window
from tunery.types import Target


@dataclass(frozen=True)
class StoredEndpoint:
    """An endpoint with its models.

    Attributes:
        record: Its record.
        settings: What was decided about it.
        champion: The model that answers.
        challenger: The model beside it.
        before: The model that answers again when it is rolled back; None where nothing came before.
    """

    record: Endpoint
    settings: EndpointSettings
    champion: Model
    challenger: Model | None
    before: Model | None = None


def listed(context: Context, project: str) -> list[StoredEndpoint]:
    """Return a project's endpoints, the newest first."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        return [_stored(session, one) for one in endpoints.page(session, project=project, limit=200).items]


def get(context: Context, project: str, name: str) -> StoredEndpoint:
    """Return an endpoint of a project.

    Raises:
        NotFoundError: The project has none of this name, or the user may not see it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        return _stored(session, _of_project(session, project, name))


def deploy(context: Context, project: str, *, name: str, model: str, reason: str = "") -> Endpoint:
    """Let a model answer under a name, which is made where there is none."""
    with context.workspace.writing() as session:
        access.require(session, context, project, "editor")
        found = endpoints.deploy(session, project=project, name=name, model=model, user=context.user_id, reason=reason)
        _record(session, context, project, "deploy", found, model=model)
        return found


def promote(context: Context, project: str, name: str, *, model: str, reason: str = "") -> Endpoint:
    """Let another model answer from now on."""
    with context.workspace.writing() as session:
        found = _changed(session, context, project, name)
        endpoints.promote(session, found.id, model=model, user=context.user_id, reason=reason)
        _record(session, context, project, "promote", found, model=model)
        return found


def challenge(context: Context, project: str, name: str, *, model: str | None, reason: str = "") -> Endpoint:
    """Put a model beside the one that answers; None takes it away."""
    with context.workspace.writing() as session:
        found = _changed(session, context, project, name)
        endpoints.challenge(session, found.id, model=model, user=context.user_id, reason=reason)
        _record(session, context, project, "challenge", found, model=model)
        return found


def roll_back(context: Context, project: str, name: str, *, reason: str = "") -> Endpoint:
    """Let the model answer that answered before."""
    with context.workspace.writing() as session:
        found = _changed(session, context, project, name)
        endpoints.roll_back(session, found.id, user=context.user_id, reason=reason)
        _record(session, context, project, "roll-back", found, model=found.champion)
        return found


def stop(context: Context, project: str, name: str) -> Endpoint:
    """Answer no more under a name."""
    with context.workspace.writing() as session:
        found = _changed(session, context, project, name)
        endpoints.stop(session, found.id, user=context.user_id)
        _record(session, context, project, "stop", found)
        return found


def start(context: Context, project: str, name: str) -> Endpoint:
    """Answer again under a name that was stopped."""
    with context.workspace.writing() as session:
        found = _changed(session, context, project, name)
        endpoints.start(session, found.id, user=context.user_id)
        _record(session, context, project, "start", found)
        return found


def change_settings(context: Context, project: str, name: str, values: Mapping[str, object]) -> EndpointSettings:
    """Change some settings of an endpoint."""
    with context.workspace.writing() as session:
        found = _changed(session, context, project, name)
        changed = endpoints.change_settings(session, found.id, values, user=context.user_id)
        _record(session, context, project, "settings", found)
        return changed


def history(context: Context, project: str, name: str, *, limit: int = 50) -> list[tuple[EndpointEvent, str]]:
    """Return what was done to an endpoint, the latest first, each with the name of the model."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        found = endpoints.events(session, _of_project(session, project, name).id, limit=limit).items
        models = {one.model for one in found if one.model is not None}
        names = {one.id: _name(one) for one in session.scalars(select(Model).where(Model.id.in_(models)))}
        return [(one, names.get(one.model or "", "")) for one in found]


def traffic_of(context: Context, project: str, name: str, *, minutes: int, step: int = 1) -> Window:
    """Return what an endpoint did in the last minutes, in points of ``step`` minutes."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        found = _of_project(session, project, name)
        since = datetime.now(UTC) - timedelta(minutes=minutes)
        return traffic.read(session, [found.id], since=since, minutes=step)


def asked(
    context: Context, project: str, name: str, *, after: str | None = None, limit: int = 50, **chosen: object
) -> Page[tuple[Request, list[Feedback]]]:
    """Return what an endpoint was asked, the latest first, with what people said about the answers."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        wanted = build(RequestFilter, {"endpoint": _of_project(session, project, name).id, **chosen})
        found = requests.page(session, project=project, chosen=wanted, after=after, limit=limit)
        said = feedback.of(session, [one.id for one in found.items])
        return found.map(lambda one: (one, said.get(one.id, [])))


def keys(context: Context, project: str, name: str) -> list[EndpointKey]:
    """Return the keys that may ask an endpoint and are still good."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        found = endpoint_keys.page(session, project=project, limit=200).items
        return [one for one in found if name in one.endpoints and one.revoked is None]


def create_key(
    context: Context, project: str, name: str, *, called: str, rate: str | None = None, quota: str | None = None
) -> tuple[EndpointKey, str]:
    """Make a key for an endpoint; return it with its secret, which is nowhere else."""
    given = secret.new(PREFIX)
    limits = [parse_rate(limit).text if limit else None for limit in (rate, quota)]
    with context.workspace.writing() as session:
        _changed(session, context, project, name)
        key = endpoint_keys.create(
            session, project=project, digest=secret.digest(given), name=called, endpoints=[name],
            user=context.user_id, rate=limits[0], quota=limits[1],
        )  # fmt: skip
        audit.record(session, user=context.user_id, action="key.create", project=project, subject=key.id)
        return key, given


def revoke_key(context: Context, project: str, key: str) -> None:
    """Make a key worthless."""
    with context.workspace.writing() as session:
        access.require(session, context, project, "editor")
        found = endpoint_keys.get(session, key)
        if found.project != project:
            raise not_found(key)
        endpoint_keys.revoke(session, key)
        audit.record(session, user=context.user_id, action="key.revoke", project=project, subject=key)


def give_feedback(
    context: Context, project: str, request: str, verdict: Verdict, *, target: Target | None = None, note: str = ""
) -> Feedback:
    """Say whether an answer was right; spans of the target are those of the text as it is stored.

    Raises:
        MissingExtraError: The note has to be redacted by what is not installed.
        NotFoundError: The project has no such request, or it was deleted.
        SettingError: The verdict or the target can't be meant.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "annotator")
        settings = projects.settings_of(projects.get(session, project))
    redactor = redactors.of(settings) if note else redact  # loading may take a while: not while the database waits
    with context.workspace.writing() as session:
        found = requests.get(session, request)
        if endpoints.get(session, found.endpoint).project != project:
            raise not_found(request)
        given = feedback.give(
            session, found, verdict=verdict, target=target, note=note, user=context.user_id, origin="studio",
            redactor=redactor,
        )  # fmt: skip
        audit.record(session, user=context.user_id, action="feedback.give", project=project, subject=request)
        return given


def shared(context: Context, name: str) -> StoredEndpoint:
    """Return an endpoint that has a public page; nobody has to be signed in for that.

    Raises:
        NotFoundError: There is none of this name, or it is not shared.
    """
    with context.workspace.reading() as session:
        found = endpoints.by_name(session, name)
        stored = _stored(session, found)
        if not stored.settings.share or found.stopped is not None:
            raise not_found(name)
        return stored


def _of_project(session: Session, project: str, name: str) -> Endpoint:
    found = endpoints.by_name(session, name)
    if found.project != project:
        raise not_found(name)
    return found


def _changed(session: Session, context: Context, project: str, name: str) -> Endpoint:
    access.require(session, context, project, "editor")
    return _of_project(session, project, name)


def _stored(session: Session, found: Endpoint) -> StoredEndpoint:
    challenger = session.get(Model, found.challenger) if found.challenger is not None else None
    earlier = endpoints.answered_before(session, found.id)
    before = session.get(Model, earlier[-1]) if earlier else None
    champion = session.get_one(Model, found.champion)
    return StoredEndpoint(found, endpoints.settings_of(found), champion, challenger, before)


def _name(model: Model) -> str:
    return model.name or model.id[:10]


def _record(
    session: Session, context: Context, project: str, verb: str, found: Endpoint, model: str | None = None
) -> None:
    details = {"model": model} if model is not None else {}
    audit.record(
        session, user=context.user_id, action=f"endpoint.{verb}", project=project, subject=found.id, details=details
    )
