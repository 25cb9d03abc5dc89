"""Queues for labelling: making them, looking at them, and what follows from their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from tunery.app import access
from tunery.app.annotation import choosing, exchange, results
from tunery.app.annotation.choosing import Origin
from tunery.app.annotation.exchange import Imported
from tunery.app.annotation.reaching import changing, looking, names_of
from tunery.app.annotation.results import NewVersion
from tunery.app.context import Context
from tunery.data.dataset import SplitName
from tunery.errors import SettingError
from tunery.evaluation.agreement import AnnotatorAgreement
from tunery.i18n import N_, _
from tunery.store import audit, data_sets, models, versions
from tunery.store.annotation import progress, queues
from tunery.store.annotation.queues import Kind, NewItem, Order
from tunery.store.failures import not_found
from tunery.store.tables import DataSet, Job, Queue, Version

_MOST_LABELS = 5_000
_MOST_MODELS = 200


class QueueSettings(BaseModel):
    """What a queue is made of, declared once: the REST schema and the studio's form are derived from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200, description=N_("What people call it."))
    origin: Origin = Field(
        default="unlabelled",
        description=N_(
            "Which rows: unlabelled, labelled or all of a version, or requests to endpoints, or feedback about them."
        ),
    )
    order: Order = Field(
        default="random",
        description=N_(
            "What comes first: uncertain, what a model is least sure of; disagreement, what two answer differently; "
            "errors, likely label errors; random; or given, the version's own order."
        ),
    )
    overlap: int = Field(default=1, ge=1, le=100, description=N_("How many people label each row."))
    version: str | None = Field(default=None, description=N_("The version of the data set. Default: its last."))
    split: SplitName | None = Field(default=None, description=N_("Only rows of this split."))
    endpoint: str | None = Field(default=None, description=N_("Only requests to the endpoint with this id."))
    labels: tuple[str, ...] | None = Field(
        default=None, max_length=_MOST_LABELS, description=N_("What can be answered. Default: the version's labels.")
    )
    kind: Kind | None = Field(
        default=None,
        description=N_("What an answer is: one label, several labels or spans. Default: as in the version."),
    )
    model: str | None = Field(default=None, description=N_("The model whose answers are suggested."))
    other: str | None = Field(
        default=None, description=N_("Another model: what the two answer differently is asked first.")
    )
    base: str | None = Field(
        default=None, description=N_("The base model with which likely label errors are looked for.")
    )
    limit: int | None = Field(default=None, ge=1, description=N_("How many rows at most."))
    seed: int = Field(default=42, description=N_("Decides the random order."))
    guidelines: str = Field(
        default="", max_length=100_000, description=N_("What people should know."), json_schema_extra={"long": True}
    )


@dataclass(frozen=True, slots=True)
class Overview:
    """A queue and how far it is, with the names of the people in it."""

    queue: Queue
    progress: progress.Progress
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """A new queue, how many rows it has, and the job that puts them in order, if it takes one."""

    queue: Queue
    items: int
    job: Job | None


def create(context: Context, *, data_set: str, settings: QueueSettings) -> Made:
    """Make a queue of a data set's project; where a model is asked about its rows, a job begins with that.

    Raises:
        SettingError: The settings contradict each other, or there are no such rows.
    """
    with context.workspace.writing() as session:
        owner = data_sets.get(session, data_set)
        access.require(session, context, owner.project, "editor")
        version = _version(session, owner, settings)
        _check(settings, version)
        items = _items(context, session, owner, settings, version)
        if not items:
            raise SettingError(_("origin: there are no such rows."), _("Choose other rows, or another version."))
        made = queues.create(
            session,
            project=owner.project,
            data_set=data_set,
            name=settings.name.strip(),
            labels=_labels(settings, version),
            kind=settings.kind or (choosing.kind_of(session, version) if version is not None else "label"),
            order=settings.order,
            overlap=settings.overlap,
            version=version.id if version is not None else None,
            model=settings.model,
            guidelines=settings.guidelines,
            user=context.user_id,
        )
        number = queues.add(session, queue=made.id, items=items)
        audit.record(
            session,
            user=context.user_id,
            action="queue.create",
            project=owner.project,
            subject=made.id,
            details={"origin": settings.origin, "order": settings.order, "rows": number},
        )
        return Made(made, number, _start(context, session, made, settings))


def models_of(context: Context, *, project: str) -> dict[str, str]:
    """Return what may be asked for suggestions: the names of the project's models by their ids, the newest first."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "editor")
        found = models.page(session, project=project, limit=_MOST_MODELS).items
    return {one.id: f"{one.name or one.id[:10]} · {one.created:%Y-%m-%d}" for one in found}


def overview(context: Context, *, project: str) -> list[Overview]:
    """Return the queues of a project with how far they are."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        return [_overview(session, queue) for queue in queues.of_project(session, project)]


def get(context: Context, *, queue: str) -> Overview:
    """Return a queue with how far it is."""
    with looking(context, queue, "viewer") as (session, found):
        return _overview(session, found)


def change(
    context: Context,
    *,
    queue: str,
    name: str | None = None,
    guidelines: str | None = None,
    overlap: int | None = None,
    closed: bool | None = None,
) -> Queue:
    """Change what a queue is called, what it tells people, how many of them label each row, or whether it is open."""
    if overlap is not None and not 1 <= overlap <= 100:
        raise SettingError(_("overlap: {n} people can't label each row.").format(n=overlap), _("Give 1 to 100."))
    with changing(context, queue, "editor") as (session, found):
        queues.change(session, queue=queue, name=name, guidelines=guidelines, overlap=overlap)
        if closed is not None:
            queues.close(session, queue=queue, closed=closed)
        changed = {"overlap": overlap, "closed": closed}
        details = {setting: value for setting, value in changed.items() if value is not None}
        _record(context, session, found, "queue.change", details)
        return found


def suggest(context: Context, *, queue: str, model: str, other: str | None = None) -> Job:
    """Have a model answer the rows of a queue that wait, and put them into the queue's order again."""
    with changing(context, queue, "editor") as (session, found):
        _record(context, session, found, "queue.suggest", {"model": model})
        return _suggesting(context, session, found, model, other)


def agreement(context: Context, *, queue: str) -> AnnotatorAgreement:
    """Return how far the people in a queue agree; they are called by their names."""
    with looking(context, queue, "viewer") as (session, found):
        return results.agreement_in(session, found)


def new_version(context: Context, *, queue: str, split: SplitName = "train") -> NewVersion:
    """Make a version of the data set with what the queue's answers say is right.

    Raises:
        SettingError: Nobody has answered anything yet.
    """
    with changing(context, queue, "editor") as (session, found):
        made = results.new_version(context.workspace, session, found, split=split, user=context.user_id)
        details = {"queue": queue, "rows": made.taken, "ties": len(made.ties)}
        audit.record(
            session,
            user=context.user_id,
            action="version.create",
            project=found.project,
            subject=made.version.id,
            details=details,
        )
        return made


def export(context: Context, *, queue: str, format: str) -> bytes:  # noqa: A002 - what its users know it by
    """Return a queue's texts and answers as a file of Label Studio or doccano."""
    with looking(context, queue, "editor") as (session, found):
        return exchange.export(session, found, format)


def read(
    context: Context,
    *,
    queue: str,
    content: bytes,
    format: str | None = None,  # noqa: A002 - what its users know it by
    people: Mapping[str, str] | None = None,
    name: str = "",
) -> Imported:
    """Put the texts and answers of a file of Label Studio or doccano into a queue."""
    with changing(context, queue, "editor") as (session, found):
        read_in = exchange.read(
            context.workspace, session, found, content, format=format, people=people or {}, name=name
        )  # fmt: skip
        _record(context, session, found, "queue.import", {"texts": read_in.texts, "answers": read_in.answers})
        return read_in


def _version(session: Session, owner: DataSet, settings: QueueSettings) -> Version | None:
    if settings.version is None:
        return versions.latest(session, owner.id)
    found = versions.get(session, settings.version)
    if found.data_set != owner.id:
        raise not_found(settings.version)
    return found


def _check(settings: QueueSettings, version: Version | None) -> None:
    of_traffic = settings.origin in ("requests", "feedback")
    faults = {
        _("version: the data set has none yet."): version is None and not of_traffic,
        _("labels: it has to be said what can be answered."): version is None and not settings.labels,
        _("model: the order uncertain needs a model."): settings.order == "uncertain" and settings.model is None,
        _("other: to compare two models, name both."): settings.other is not None and settings.model is None,
        _("base: the order errors needs a base model or a model that did not learn from the rows."): (
            settings.order == "errors" and settings.base is None and settings.model is None
        ),
        _("origin: label errors are looked for among labelled rows."): (
            settings.order == "errors" and settings.origin != "labelled"
        ),
    }
    for fault, there in faults.items():
        if there:
            raise SettingError(fault, _("Change this setting, or the order."))


def _items(
    context: Context, session: Session, owner: DataSet, settings: QueueSettings, version: Version | None
) -> Sequence[NewItem]:
    if settings.origin in ("requests", "feedback"):
        judged = settings.origin == "feedback"
        found = choosing.of_traffic(
            context.workspace, session, owner.project, judged=judged, endpoint=settings.endpoint
        )  # fmt: skip
    else:
        assert version is not None  # noqa: S101 - `_check` has looked
        found = choosing.of_version(session, version.id, settings.origin, settings.split)
    # What a model ranks is cut by chance beforehand, or it would only see the beginning of the data.
    return choosing.ordered(session, owner.project, found, settings.order, settings.seed)[: settings.limit]


def _labels(settings: QueueSettings, version: Version | None) -> list[str]:
    if settings.labels:
        return list(dict.fromkeys(settings.labels))
    return choosing.labels_of(version) if version is not None else []


def _start(context: Context, session: Session, queue: Queue, settings: QueueSettings) -> Job | None:
    if settings.order == "errors":
        source = {"base": settings.base} if settings.model is None else {"model": settings.model}
        return context.jobs.enqueue(
            session, "label-errors", {"queue": queue.id, **source}, project=queue.project, user=context.user_id
        )
    if settings.model is None:
        return None
    return _suggesting(context, session, queue, settings.model, settings.other)


def _suggesting(context: Context, session: Session, queue: Queue, model: str, other: str | None) -> Job:
    arguments = {"queue": queue.id, "model": model, "other": other}
    return context.jobs.enqueue(session, "suggest", arguments, project=queue.project, user=context.user_id)


def _record(context: Context, session: Session, queue: Queue, action: str, details: Mapping[str, object]) -> None:
    audit.record(
        session, user=context.user_id, action=action, project=queue.project, subject=queue.id, details=details
    )  # fmt: skip


def _overview(session: Session, queue: Queue) -> Overview:
    found = progress.of_queue(session, queue.id)
    return Overview(queue, found, names_of(session, [person.user for person in found.people]))
