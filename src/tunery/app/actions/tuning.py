"""Runs: begun, looked at, begun again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.app import access
from tunery.app.actions import jobs as job_actions
from tunery.app.context import Context
from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store import jobs, paging
from tunery.store.failures import not_found
from tunery.store.paging import Page
from tunery.store.tables import DataSet, Job, Model, Report, Run, Version


@dataclass(frozen=True)
class StoredRun:
    """A run with what it is about.

    Attributes:
        record: Its record.
        version: The version that it learns from.
        data_set: The data set that this is a version of.
        job: What carries it out.
        model: What came of it; None as long as there is nothing.
        reports: The model's reports.
        trials: Of a search, its trials.
    """

    record: Run
    version: Version
    data_set: DataSet
    job: Job | None
    model: Model | None
    reports: tuple[Report, ...] = ()
    trials: tuple[Run, ...] = ()

    @property
    def name(self) -> str:
        """What people call it."""
        return self.record.name or self.record.id[-6:]


def begin_again(context: Context, run: str) -> Job:
    """Start a run that has ended once more, with the same recipe on the same version.

    Raises:
        SettingError: It has not ended, or it was a trial.
    """
    found = get(context, run)
    if found.job is None or found.job.ended is None:
        raise SettingError(_("This run has not ended."), _("Stop it first, or wait."))
    return job_actions.start(context, found.job.kind, found.job.arguments, project=found.record.project)


def page(context: Context, project: str, *, after: str | None = None, limit: int = 50) -> Page[StoredRun]:
    """Return a project's runs but not the trials of searches, the newest first."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        statement = select(Run).where(Run.project == project, Run.parent.is_(None))
        found = paging.page(session, statement, by=[Run.id], after=after, limit=limit, descending=True, total=True)
        return found.map(lambda run: _stored(session, run))


def get(context: Context, run: str) -> StoredRun:
    """Return a run with everything about it.

    Raises:
        NotFoundError: There is none, or the user may not see it.
    """
    with context.workspace.reading() as session:
        found = session.get(Run, run)
        if found is None:
            raise not_found(run)
        access.require(session, context, found.project, "viewer")
        return _stored(session, found, whole=True)


def several(context: Context, runs: Sequence[str]) -> list[StoredRun]:
    """Return some runs in a given order."""
    return [get(context, run) for run in runs]


def of_job(context: Context, job: str) -> str | None:
    """Return the run that a job carries out.

    Raises:
        NotFoundError: There is no such job, or the user may not see it.
    """
    job_actions.get(context, job)
    with context.workspace.reading() as session:
        return session.scalar(select(Run.id).where(Run.job == job, Run.parent.is_(None)))


def latest(context: Context, project: str, kind: str) -> Job | None:
    """Return the latest job of a kind that was done."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        return next(iter(jobs.page(session, project=project, state="done", kind=kind, limit=1).items), None)


def versions(context: Context, project: str) -> list[tuple[DataSet, Version]]:
    """Return the versions of a project's data sets, the newest first."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        found = session.execute(
            select(DataSet, Version)
            .join(Version, Version.data_set == DataSet.id)
            .where(DataSet.project == project, DataSet.archived.is_(None))
            .order_by(Version.created.desc(), Version.id.desc())
        )
        return [(data_set, version) for data_set, version in found.all()]


def models(context: Context, project: str) -> list[Model]:
    """Return a project's models, the newest first."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        found = session.scalars(select(Model).where(Model.project == project).order_by(Model.created.desc()))
        return list(found)


def _stored(session: Session, run: Run, *, whole: bool = False) -> StoredRun:
    version = session.get_one(Version, run.version)
    model = session.scalar(select(Model).where(Model.run == run.id, Model.derived.is_(None)))
    reports = session.scalars(select(Report).where(Report.model == model.id)) if whole and model else ()
    trials = session.scalars(select(Run).where(Run.parent == run.id).order_by(Run.id)) if whole else ()
    return StoredRun(
        run, version, session.get_one(DataSet, version.data_set),
        session.get(Job, run.job) if run.job is not None else None,
        model, tuple(reports), tuple(trials),
    )  # fmt: skip
