"""Runs: tuning, searching, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from tunery.app.actions import runs
from tunery.app.actions.runs import StoredRun
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import Caller
from tunery.app.rest.pages import PageAnswer, Part
from tunery.app.rest.routes.jobs import JobAnswer
from tunery.app.rest.routes.models import ModelAnswer
from tunery.store.failures import not_found

router = APIRouter(tags=["runs"], route_class=Route)


class RunAnswer(Answer):
    """An execution of a recipe on a version."""

    id: str
    project: str
    version: str
    job: str | None
    kind: str
    parent: str | None = Field(description="The search that a trial belongs to.")
    name: str
    recipe: dict[str, Any]
    state: str
    ended_by: str | None
    curves: dict[str, Any]
    metrics: dict[str, Any]
    created: datetime
    started: datetime | None
    ended: datetime | None


class RunDetailsAnswer(RunAnswer):
    """A run with what came of it."""

    models: list[ModelAnswer]
    reports: list[str] = Field(description="The names of the model's reports.")
    trials: list[str] = Field(description="Of a search, the names of its trials; they are runs.")


class SettingAnswer(Answer):
    """A setting that not all runs have alike."""

    setting: str = Field(examples=["lora.rank"])
    values: list[str] = Field(description="One for each run; empty where it isn't given.")


class SideBySideAnswer(Answer):
    """Some runs, and what they were told differently."""

    runs: list[RunAnswer]
    differences: list[SettingAnswer]


class RunBody(Body):
    """A run to start."""

    kind: Literal["tune", "search", "plan"] = "tune"
    version: Annotated[str, Field(max_length=128)]
    recipe: dict[str, Any] = Field(default_factory=dict, examples=[{"strategy": "probe"}])
    name: Annotated[str, Field(max_length=100)] = ""
    trials: Annotated[int, Field(ge=2, le=1000)] = 16


@router.get("/projects/{project}/runs", summary="The runs of a project")
def list_runs(
    context: Caller, part: Part, project: str, version: str | None = None, parent: str | None = None
) -> PageAnswer[RunAnswer]:
    """Return runs, the newest first: those on a version, or the trials of a search."""
    page = runs.page(context, project, version=version, parent=parent, after=part.after, limit=part.limit)
    return PageAnswer.of(page, lambda one: RunAnswer.model_validate(one.record))


@router.post("/projects/{project}/runs", status_code=202, summary="Tune, search, or plan")
def start(context: Caller, project: str, body: RunBody) -> JobAnswer:
    """Start a run; the answer is the job that carries it out."""
    if body.kind == "plan":
        job = runs.plan(context, project, body.version, body.recipe)
    elif body.kind == "search":
        job = runs.search(context, project, body.version, body.recipe, trials=body.trials, name=body.name)
    else:
        job = runs.tune(context, project, body.version, body.recipe, name=body.name)
    return JobAnswer.model_validate(job)


@router.get("/runs/{run}", summary="A run")
def show(context: Caller, run: str) -> RunDetailsAnswer:
    """Return a run with what came of it."""
    return _details(runs.get(context, run))


@router.post("/runs/{run}/again", status_code=202, summary="Start a run once more")
def again(context: Caller, run: str) -> JobAnswer:
    """Start a run that has ended again, with the same recipe on the same version; the answer is the job."""
    return JobAnswer.model_validate(runs.begin_again(context, run))


@router.get("/jobs/{job}/run", summary="The run that a job carries out")
def of_job(context: Caller, job: str) -> RunDetailsAnswer:
    """Return the run of a job that tunes or searches."""
    found = runs.of_job(context, job)
    if found is None:
        raise not_found(job)
    return _details(runs.get(context, found))


@router.get("/run-comparisons", summary="Runs side by side")
def compare(context: Caller, run: Annotated[list[str], Query(min_length=1, max_length=100)]) -> SideBySideAnswer:
    """Return some runs of one project, in the order they are named in, and where their recipes differ."""
    found = runs.compare(context, run)
    return SideBySideAnswer(
        runs=[RunAnswer.model_validate(one.record) for one in found.runs],
        differences=[SettingAnswer.model_validate(one) for one in found.differences],
    )


def _details(found: StoredRun) -> RunDetailsAnswer:
    return RunDetailsAnswer(
        **RunAnswer.model_validate(found.record).model_dump(),
        models=[ModelAnswer.model_validate(one) for one in found.models],
        reports=[one.id for one in found.reports],
        trials=[one.id for one in found.trials],
    )
