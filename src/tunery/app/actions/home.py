"""What a person should know first: the projects, what is in them, and what waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tunery.app import access
from tunery.app.actions import projects
from tunery.app.context import Context
from tunery.store.tables import DataSet, Endpoint, Job, Model, Project, Queue, QueueItem, Version

_RECENT = timedelta(days=7)
_MOST = 5
WaitingKind = Literal["label", "failed", "decide"]


@dataclass(frozen=True)
class Summary:
    """A project in a list.

    Attributes:
        project: Itself.
        data_sets: How many data sets it has.
        models: How many models.
        endpoints: How many endpoints answer.
        active: How many jobs run or wait.
    """

    project: Project
    data_sets: int
    models: int
    endpoints: int
    active: int


@dataclass(frozen=True)
class Waiting:
    """Something that needs a person.

    Attributes:
        kind: ``label`` for a queue with items nobody has labelled, ``failed`` for a job, ``decide`` for an endpoint
            with a challenger.
        project: Where.
        subject: The name of the queue, job or endpoint.
        title: What people call it.
        count: How many items.
    """

    kind: WaitingKind
    project: str
    subject: str
    title: str
    count: int = 0


@dataclass(frozen=True)
class Stage:
    """How far a project's first model is.

    Attributes:
        version: The last version of the latest data set.
        job: The last job of tuning or deploying that has not ended.
        model: The latest model.
        endpoint: The latest endpoint.
    """

    version: Version | None
    job: Job | None
    model: Model | None
    endpoint: Endpoint | None


def summaries(context: Context) -> list[Summary]:
    """Return the projects that the context's user may see, the newest first."""
    found = projects.page(context, limit=200).items
    with context.workspace.reading() as session:
        return [_summary(session, project) for project in found]


def waiting(context: Context, project: str | None = None) -> list[Waiting]:
    """Return what needs a person: in a project, or in all that the context's user may see."""
    names = [project] if project is not None else [one.id for one in projects.page(context, limit=200).items]
    with context.workspace.reading() as session:
        if project is not None:
            access.require(session, context, project, "viewer")
        return [*_queues(session, names), *_challengers(session, names), *_failures(session, names)]


def stage(context: Context, project: str) -> Stage:
    """Return how far a project's first model is."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        version = session.scalar(
            select(Version)
            .join(DataSet, DataSet.id == Version.data_set)
            .where(DataSet.project == project)
            .order_by(Version.id.desc())
            .limit(1)
        )
        job = session.scalar(
            select(Job)
            .where(Job.project == project, Job.state.in_(("queued", "running")), Job.kind.in_(("tune", "deploy")))
            .order_by(Job.id.desc())
            .limit(1)
        )
        model = session.scalar(select(Model).where(Model.project == project).order_by(Model.created.desc()).limit(1))
        endpoint = session.scalar(
            select(Endpoint).where(Endpoint.project == project).order_by(Endpoint.id.desc()).limit(1)
        )
        return Stage(version, job, model, endpoint)


def _summary(session: Session, project: Project) -> Summary:
    def count(record: type[DataSet] | type[Model] | type[Endpoint]) -> int:
        return session.scalar(select(func.count()).select_from(record).where(record.project == project.id)) or 0

    active = (
        select(func.count()).select_from(Job).where(Job.project == project.id, Job.state.in_(("queued", "running")))
    )
    return Summary(project, count(DataSet), count(Model), count(Endpoint), session.scalar(active) or 0)


def _queues(session: Session, names: list[str]) -> list[Waiting]:
    waiting = select(func.count()).where(QueueItem.queue == Queue.id, QueueItem.open.is_(True)).scalar_subquery()
    open_ones = select(Queue, waiting).where(Queue.project.in_(names), Queue.closed.is_(None)).order_by(Queue.id)
    query = open_ones.where(waiting > 0).limit(_MOST)
    return [Waiting("label", queue.project, queue.id, queue.name, count) for queue, count in session.execute(query)]


def _challengers(session: Session, names: list[str]) -> list[Waiting]:
    query = select(Endpoint).where(
        Endpoint.project.in_(names), Endpoint.challenger.is_not(None), Endpoint.stopped.is_(None)
    )
    return [Waiting("decide", one.project, one.name, one.name) for one in session.scalars(query.limit(_MOST))]


def _failures(session: Session, names: list[str]) -> list[Waiting]:
    query = (
        select(Job)
        .where(Job.project.in_(names), Job.state == "failed", Job.created > datetime.now(UTC) - _RECENT)
        .order_by(Job.id.desc())
        .limit(_MOST)
    )
    return [Waiting("failed", str(job.project), job.id, job.kind) for job in session.scalars(query)]
