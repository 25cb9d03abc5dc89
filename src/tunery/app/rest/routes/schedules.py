"""Schedules: jobs that are started again and again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from tunery.app.actions import schedules
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import Caller

router = APIRouter(tags=["schedules"], route_class=Route)


class ScheduleAnswer(Answer):
    """When which job is started."""

    id: str
    project: str | None = Field(description="Null for what is about the whole workspace.")
    kind: str
    arguments: dict[str, Any]
    cron: str
    zone: str
    enabled: bool
    created: datetime


class SchedulesAnswer(Answer):
    """All of a project, or of the workspace."""

    items: list[ScheduleAnswer]


class ScheduleBody(Body):
    """A schedule to make."""

    kind: Annotated[str, Field(max_length=100, examples=["evaluate"])]
    arguments: dict[str, Any] = Field(default_factory=dict)
    cron: Annotated[str, Field(max_length=200, examples=["0 3 * * *"], description="Five fields.")]
    zone: Annotated[str, Field(max_length=100, examples=["Asia/Shanghai"])] = "UTC"


class EnabledBody(Body):
    """Whether it is kept."""

    enabled: bool


@router.get("/projects/{project}/schedules", summary="The schedules of a project")
def list_schedules(context: Caller, project: str) -> SchedulesAnswer:
    """Return all schedules."""
    return SchedulesAnswer(items=[ScheduleAnswer.model_validate(one) for one in schedules.of_project(context, project)])


@router.post("/projects/{project}/schedules", status_code=201, summary="Start a job again and again")
def create(context: Caller, project: str, body: ScheduleBody) -> ScheduleAnswer:
    """Make a schedule."""
    made = schedules.create(context, project, body.kind, body.arguments, cron=body.cron, zone=body.zone)
    return ScheduleAnswer.model_validate(made)


@router.get("/schedules", summary="The schedules of the workspace")
def list_of_workspace(context: Caller) -> SchedulesAnswer:
    """Return all schedules that belong to no project, for administrators."""
    return SchedulesAnswer(items=[ScheduleAnswer.model_validate(one) for one in schedules.of_project(context, None)])


@router.post("/schedules", status_code=201, summary="Start a job of the workspace again and again")
def create_for_workspace(context: Caller, body: ScheduleBody) -> ScheduleAnswer:
    """Make a schedule for a job that is about no project, for example a backup; for administrators."""
    made = schedules.create(context, None, body.kind, body.arguments, cron=body.cron, zone=body.zone)
    return ScheduleAnswer.model_validate(made)


@router.patch("/schedules/{schedule}", summary="Switch a schedule on or off")
def enable(context: Caller, schedule: str, body: EnabledBody) -> ScheduleAnswer:
    """Switch it on or off; what it missed is not made up for."""
    return ScheduleAnswer.model_validate(schedules.enable(context, schedule, body.enabled))


@router.delete("/schedules/{schedule}", status_code=204, summary="Remove a schedule")
def remove(context: Caller, schedule: str) -> None:
    """Remove it; its jobs stay."""
    schedules.remove(context, schedule)
