"""What a person should know first."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from tunery.app.actions import home, jobs
from tunery.app.actions.home import Summary
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer
from tunery.app.rest.callers import Caller
from tunery.app.rest.routes.data_sets import VersionAnswer
from tunery.app.rest.routes.jobs import JobAnswer
from tunery.app.rest.routes.models import ModelAnswer

router = APIRouter(tags=["home"], route_class=Route)


class SummaryAnswer(Answer):
    """A project, and how much is in it."""

    project: str
    name: str
    task: str | None
    data_sets: int
    models: int
    endpoints: int
    active: int = Field(description="How many jobs run or wait.")


class WaitingAnswer(Answer):
    """Something that needs a person."""

    kind: Literal["label", "failed", "decide"] = Field(
        description="A queue with texts to label, a job that failed, or an endpoint with a challenger."
    )
    project: str
    subject: str = Field(description="The name of the queue, job or endpoint.")
    title: str = Field(description="What people call it; of a job, its kind.")
    count: int


class HomeAnswer(Answer):
    """All projects that one may see, and what waits in them."""

    projects: list[SummaryAnswer]
    waiting: list[WaitingAnswer]


class ProjectHomeAnswer(Answer):
    """How far a project is, what runs in it, and what waits."""

    version: VersionAnswer | None = Field(description="The last one.")
    model: ModelAnswer | None = Field(description="The latest.")
    endpoint: str | None = Field(description="The name of the latest.")
    running: list[JobAnswer] = Field(description="Jobs that run, and behind them those that wait.")
    waiting: list[WaitingAnswer]


@router.get("/home", summary="What there is, what runs, and what needs a person")
def show(context: Caller) -> HomeAnswer:
    """Return the projects with what is in them, and what waits for somebody."""
    waiting = [WaitingAnswer.model_validate(one) for one in home.waiting(context)]
    return HomeAnswer(projects=[_summary(one) for one in home.summaries(context)], waiting=waiting)


@router.get("/projects/{project}/home", summary="How far a project is")
def of_project(context: Caller, project: str) -> ProjectHomeAnswer:
    """Return the latest of each kind in a project, what runs there, and what waits for somebody."""
    stage = home.stage(context, project)
    running = [
        JobAnswer.model_validate(job)
        for state in ("running", "queued")
        for job in jobs.page(context, project, state=state).items
    ]
    return ProjectHomeAnswer(
        version=VersionAnswer.model_validate(stage.version) if stage.version is not None else None,
        model=ModelAnswer.model_validate(stage.model) if stage.model is not None else None,
        endpoint=stage.endpoint.name if stage.endpoint is not None else None,
        running=running,
        waiting=[WaitingAnswer.model_validate(one) for one in home.waiting(context, project)],
    )


def _summary(one: Summary) -> SummaryAnswer:
    return SummaryAnswer(
        project=one.project.id, name=one.project.name, task=one.project.task, data_sets=one.data_sets,
        models=one.models, endpoints=one.endpoints, active=one.active,
    )  # fmt: skip
