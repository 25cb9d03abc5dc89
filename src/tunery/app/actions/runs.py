"""Runs: planning them, starting them, and looking at several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunery.app import access
from tunery.app.actions import jobs as job_actions
from tunery.app.context import Context
from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store import models, runs
from tunery.store.jobs import get as get_job
from tunery.store.paging import Page
from tunery.store.tables import Job, Model, Run

MOST_COMPARED = 8
"""How many runs can be looked at side by side."""


@dataclass(frozen=True)
class RunDetails:
    """A run with what belongs to it.

    Attributes:
        run: Its record; curves and state are as of now.
        job: What carries it out; None for trials of a search.
        models: What came of it, exports included, the newest first.
    """

    run: Run
    job: Job | None
    models: list[Model]


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


def page(
    context: Context,
    project: str,
    *,
    version: str | None = None,
    parent: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Run]:
    """Return a project's runs, the newest first: those on a version, or the trials of a search.

    Raises:
        NotFoundError: There is no such project, or not for this user.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        return runs.page(session, project=project, version=version, parent=parent, after=after, limit=limit)


def get(context: Context, run: str) -> RunDetails:
    """Return a run with its job and its models.

    Raises:
        NotFoundError: There is none of this name, or not for this user.
    """
    with context.workspace.reading() as session:
        found = runs.get(session, run)
        access.require(session, context, found.project, "viewer")
        job = get_job(session, found.job) if found.job is not None else None
        return RunDetails(found, job, models.page(session, project=found.project, run=run).items)


def compare(context: Context, names: Sequence[str]) -> list[RunDetails]:
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
    found = [get(context, name) for name in names]
    if len({one.run.project for one in found}) > 1:
        raise SettingError(_("These runs are of different projects."), _("Choose runs of one project."))
    return found
