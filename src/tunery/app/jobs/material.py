"""What jobs work on, and keeping what they make."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.app import datasets
from tunery.app.jobs.context import JobContext
from tunery.data.dataset import Dataset, Schema, Split
from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store import models, reports, runs, version_rows, versions
from tunery.store.failures import not_found
from tunery.store.tables import Job, Json, Model, Row, Run, Version, VersionRow

if TYPE_CHECKING:
    from tunery.app.jobs.measuring import Measured
    from tunery.models.model import Model as Tuned
    from tunery.tuning.recipe import Recipe
    from tunery.tuning.search_result import Search


def version_in(session: Session, project: str | None, name: str) -> Version:
    """Return a version of a project.

    Raises:
        NotFoundError: There is no such version, or it is another project's.
    """
    if versions.project_of(session, name) != project:
        raise not_found(name)
    return versions.get(session, name)


def model_in(session: Session, project: str | None, name: str) -> Model:
    """Return a model of a project.

    Raises:
        NotFoundError: There is no such model, or it is another project's.
    """
    found = models.get(session, name)
    if found.project != project:
        raise not_found(name)
    return found


def recipe_for(version: Version, written: Mapping[str, Any]) -> Recipe:
    """Return a recipe for a version.

    Args:
        version: What is learned from; decides the task where the recipe doesn't.
        written: The recipe's settings; task and strategy as names or as mappings, their settings there or beside them.

    Raises:
        SettingError: A setting doesn't exist, or has a value it can't have.
    """
    from tunery.tuning.recipe import Recipe

    flat: dict[str, object] = {}
    for name, value in written.items():
        if name in ("task", "strategy") and isinstance(value, Mapping):
            flat |= {inner: one for inner, one in value.items() if inner != "name"} | {name: value.get("name")}
        else:
            flat[name] = value
    return Recipe.of(None, schema_of(version), flat)


def schema_of(version: Version) -> Schema:
    """Return what the rows of a version hold."""
    return Schema(**version.schema)


def version(context: JobContext, name: str) -> Version:
    """Return a version."""
    with context.workspace.reading() as session:
        return versions.get(session, name)


def data(context: JobContext, name: str) -> Dataset:
    """Return the data set that a version holds."""
    context.progress(_("Reading the rows"))
    return datasets.from_store(context.workspace, name)


def split(context: JobContext, name: str, split_name: str) -> tuple[Split, list[tuple[int, str]]]:
    """Return a split of a version, and where each of its rows stands and what it is called."""
    with context.workspace.reading() as session:
        examples = [example for _split, example, _by in version_rows.examples(session, name, split=split_name)]
        wanted = (
            select(VersionRow.position, VersionRow.row)
            .join(Row, Row.id == VersionRow.row)
            .where(VersionRow.version == name, VersionRow.split == split_name, Row.deleted.is_(None))
            .order_by(VersionRow.position)
        )
        places = [(position, row) for position, row in session.execute(wanted)]
    return Split(split_name, examples), places


def dev_version(session: Session, project: str | None, model: str, chosen: str | None) -> str:
    """Return the version on whose dev a model's export is compared: a chosen one, or what it learned from.

    Raises:
        NotFoundError: There is no such version in the project.
        SettingError: None is chosen, and it isn't known what the model learned from.
    """
    if chosen is not None:
        return version_in(session, project, chosen).id
    found = model_in(session, project, model)
    run = runs.get(session, found.run) if found.run is not None else None
    if run is None:
        raise SettingError(
            _("It is not known what data this model learned from."), _("Name the version that it is compared on.")
        )
    return run.version


def folder_of(context: JobContext, model: str) -> Path:
    """Return the folder of a model on this machine, which must not be changed."""
    context.progress(_("Fetching the model"))
    return models.check_out(context.workspace, model)


def make_run(
    session: Session, job: Job, version_name: str, recipe: Mapping[str, Any], *, name: str, kind: str = "tune"
) -> Run:
    """Write down the run that a job carries out; from here on it is in the job's state.

    Raises:
        NotFoundError: There is no such version in the job's project.
        SettingError: The recipe can't be carried out.
    """
    found = version_in(session, job.project, version_name)
    return runs.create(
        session, project=str(job.project), version=found.id, recipe=recipe_for(found, recipe).given(), kind=kind,
        name=name, job=job.id, user=job.created_by,
    )  # fmt: skip


def run_of(session: Session, job: str) -> Run | None:
    """Return the run that a job carries out."""
    return session.scalar(select(Run).where(Run.job == job))


def keep_model(context: JobContext, model: Tuned, *, name: str) -> Json:
    """Store a model that was tuned, with how its run went; return the names of both."""
    models.upload(context.workspace, model.folder)

    def keep(session: Session) -> Json:
        job = context.job
        run = run_of(session, job.id)
        made = models.put(
            context.workspace, session, project=str(job.project), folder=model.folder, user=job.created_by, name=name,
            run=run.id if run is not None else None,
        )  # fmt: skip
        if run is not None:
            runs.change(
                session, run.id, metrics=dict(model.manifest.metrics), ended_by=model.manifest.ended,
                curves=_curves(model.folder, model.task.metric),
            )  # fmt: skip
        return {"run": run.id if run is not None else None, "model": made.id}

    return context.once("model", keep)


def keep_trials(session: Session, job: Job, found: Search) -> Json:
    """Write down the trials of a search as runs."""
    parent = run_of(session, job.id)
    if parent is None:
        return {}
    for trial in found.trials:
        made = runs.create(
            session, project=parent.project, version=parent.version, recipe={**parent.recipe, **trial.settings},
            kind="trial", name=str(trial.number), parent=parent.id, user=job.created_by,
        )  # fmt: skip
        runs.change(
            session, made.id, state="done", metrics={found.metric: trial.outcome.score}, ended_by=trial.outcome.ended
        )
    return {"trials": len(found.trials)}


def keep_report(
    context: JobContext, model: str, version_name: str, measured: Measured, places: Sequence[tuple[int, str]]
) -> Json:
    """Store a report with its answers; return its name."""

    def keep(session: Session) -> Json:
        made = reports.create(
            session, project=str(context.job.project), model=model, version=version_name,
            split=str(measured.report.split), summary=measured.summary(), answers=measured.answers(places),
            user=context.job.created_by, job=context.job.id,
        )  # fmt: skip
        return {"report": made.id, "metrics": measured.report.metrics}

    return context.once("report", keep)


def _curves(folder: Path, metric: str) -> Json:
    from tunery.app.jobs.curves import as_curves
    from tunery.tuning.history import Point

    points = json.loads((folder / "curves.json").read_text(encoding="utf-8"))
    return as_curves([Point(**point) for point in points], metric)
