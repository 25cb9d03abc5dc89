"""Runs: planned, started, looked at, put side by side, begun again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.app import access
from tunery.app.actions import jobs as job_actions
from tunery.app.context import Context
from tunery.app.differing import Difference, differences
from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store import models, paging, runs
from tunery.store.paging import Page
from tunery.store.tables import DataSet, Job, Model, Report, Run, Version

MOST_COMPARED = 8
"""How many runs can be looked at side by side."""


@dataclass(frozen=True)
class StoredRun:
    """A run with what it is about.

    Attributes:
        record: Its record; curves and state are as of now.
        version: The version that it learns from.
        data_set: The data set that this is a version of.
        job: What carries it out; None for trials of a search.
        models: What came of it, exports included, the newest first; empty in lists.
        reports: The reports of the model; empty in lists.
        trials: Of a search, its trials; empty in lists.
    """

    record: Run
    version: Version
    data_set: DataSet
    job: Job | None
    models: tuple[Model, ...] = ()
    reports: tuple[Report, ...] = ()
    trials: tuple[Run, ...] = ()

    @property
    def name(self) -> str:
        """What people call it."""
        return self.record.name or self.record.id[-6:]

    @property
    def model(self) -> Model | None:
        """What it gave, before any export; None as long as there is nothing."""
        return next((one for one in self.models if one.derived is None), None)


@dataclass(frozen=True)
class SideBySide:
    """Some runs of one project, and what they were told differently.

    Attributes:
        runs: The runs, in the order they were named in.
        differences: The settings of their recipes that not all have alike.
    """

    runs: tuple[StoredRun, ...]
    differences: tuple[Difference, ...]


def plan(context: Context, project: str, version: str, recipe: Mapping[str, object]) -> Job:
    """Start working out what a run would do on this machine; it takes seconds. The job's result has it as ``plan``.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is no such project or version.
        SettingError: The recipe can't be carried out.
    """
    return job_actions.start(context, "plan", {"version": version, "recipe": dict(recipe)}, project=project)


def tune(context: Context, project: str, version: str, recipe: Mapping[str, object], *, name: str = "") -> Job:
    """Start a run, for editors of the project.

    Args:
        context: Who starts it.
        project: The project.
        version: What is learned from.
        recipe: The recipe's settings, as `tunery.app.studio.views.recipes.compose` or a recipe file gives them.
        name: What the run and its model are called.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is no such project or version.
        SettingError: The recipe can't be carried out.
    """
    arguments = {"version": version, "recipe": dict(recipe), "name": name}
    return job_actions.start(context, "tune", arguments, project=project)


def search(
    context: Context, project: str, version: str, recipe: Mapping[str, object], *, trials: int = 16, name: str = ""
) -> Job:
    """Start a search for better settings, for editors of the project; see `tune`."""
    arguments = {"version": version, "recipe": dict(recipe), "trials": trials, "name": name}
    return job_actions.start(context, "search", arguments, project=project)


def begin_again(context: Context, run: str) -> Job:
    """Start a run that has ended once more, with the same recipe on the same version.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is none of this name, or not for this user.
        SettingError: It has not ended, or it was a trial.
    """
    found = get(context, run)
    if found.job is None or found.job.ended is None:
        raise SettingError(_("This run has not ended."), _("Stop it first, or wait."))
    return job_actions.start(context, found.job.kind, found.job.arguments, project=found.record.project)


def page(
    context: Context,
    project: str,
    *,
    version: str | None = None,
    parent: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[StoredRun]:
    """Return a project's runs, the newest first: those on a version, or the trials of a search.

    Raises:
        NotFoundError: There is no such project, or not for this user.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        found = runs.page(session, project=project, version=version, parent=parent, after=after, limit=limit)
        return found.map(lambda run: _stored(session, run))


def get(context: Context, run: str) -> StoredRun:
    """Return a run with everything about it.

    Raises:
        NotFoundError: There is none of this name, or not for this user.
    """
    with context.workspace.reading() as session:
        found = runs.get(session, run)
        access.require(session, context, found.project, "viewer")
        return _whole(session, found)


def of_job(context: Context, job: str) -> str | None:
    """Return the run that a job carries out; None where it carries out none.

    Raises:
        NotFoundError: There is no such job, or the user may not see it.
    """
    job_actions.get(context, job)
    with context.workspace.reading() as session:
        return session.scalar(select(Run.id).where(Run.job == job, Run.parent.is_(None)))


def compare(context: Context, names: Sequence[str]) -> SideBySide:
    """Return some runs of one project to be looked at side by side, in the order they are named in.

    Raises:
        NotFoundError: There is no such run, or not for this user.
        SettingError: There are too many of them, or they are of different projects.
    """
    if len(names) > MOST_COMPARED:
        raise SettingError(
            _("{n} runs can't be compared at once.").format(n=len(names)),
            _("Choose at most {n}.").format(n=MOST_COMPARED),
        )
    found = tuple(get(context, name) for name in names)
    if len({one.record.project for one in found}) > 1:
        raise SettingError(_("These runs are of different projects."), _("Choose runs of one project."))
    return SideBySide(found, tuple(differences([one.record.recipe for one in found])))


def _stored(session: Session, run: Run) -> StoredRun:
    version = session.get_one(Version, run.version)
    job = session.get(Job, run.job) if run.job is not None else None
    return StoredRun(run, version, session.get_one(DataSet, version.data_set), job)


def _whole(session: Session, run: Run) -> StoredRun:
    stored = _stored(session, run)
    made = models.page(session, project=run.project, run=run.id, limit=paging.MOST).items
    own = [one.id for one in made if one.derived is None]
    reports = session.scalars(select(Report).where(Report.model.in_(own)).order_by(Report.created))
    trials = session.scalars(select(Run).where(Run.parent == run.id).order_by(Run.id))
    return replace(stored, models=tuple(made), reports=tuple(reports), trials=tuple(trials))
