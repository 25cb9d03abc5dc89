"""Jobs: starting, watching and stopping them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from tunery.app.actions import jobs
from tunery.app.context import Context
from tunery.app.parts import Parts
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import Caller, parts_of
from tunery.app.rest.pages import PageAnswer, Part
from tunery.store.jobs import State
from tunery.store.tables import Job

router = APIRouter(tags=["jobs"], route_class=Route)

_EVENTS: dict[str, Any] = {"text/event-stream": {"schema": {"type": "string"}}}
_POLL, _QUIET = 0.5, 15.0
"""Seconds between two looks, and without an event until a sign of life is sent."""


class JobAnswer(Answer):
    """Something that takes time."""

    id: str
    project: str | None
    kind: str
    arguments: dict[str, Any]
    state: State
    progress: dict[str, Any] = Field(description="step, share (of the step), left (seconds), note; as far as known.")
    result: dict[str, Any] | None = Field(description="The names of what it made.")
    error: dict[str, Any] | None = Field(description="message and hint.")
    cancel: bool = Field(description="Whether it has been asked to stop.")
    created: datetime
    created_by: str | None
    started: datetime | None
    ended: datetime | None


class JobBody(Body):
    """A job to start."""

    kind: str = Field(max_length=100, examples=["evaluate"])
    arguments: dict[str, Any] = Field(default_factory=dict, description="The fields of the kind's arguments.")


class LineAnswer(Answer):
    """A line of a log."""

    number: int
    at: datetime
    line: str


class LinesAnswer(Answer):
    """Some lines."""

    items: list[LineAnswer]


@router.get("/projects/{project}/jobs", summary="The jobs of a project")
def list_jobs(
    context: Caller, part: Part, project: str, state: State | None = None, kind: str | None = None
) -> PageAnswer[JobAnswer]:
    """Return jobs, the newest first."""
    page = jobs.page(context, project, state=state, kind=kind, after=part.after, limit=part.limit)
    return PageAnswer.of(page, JobAnswer.model_validate)


@router.post("/projects/{project}/jobs", status_code=202, summary="Start a job")
def start(context: Caller, project: str, body: JobBody) -> JobAnswer:
    """Start a job of any kind."""
    return JobAnswer.model_validate(jobs.start(context, body.kind, body.arguments, project=project))


@router.get("/jobs/{job}", summary="A job")
def show(context: Caller, job: str) -> JobAnswer:
    """Return a job as it is now."""
    return JobAnswer.model_validate(jobs.get(context, job))


@router.post("/jobs/{job}/cancel", status_code=202, summary="Stop a job")
def cancel(context: Caller, job: str) -> JobAnswer:
    """Ask a job to stop; one that has ended stays as it is."""
    return JobAnswer.model_validate(jobs.cancel(context, job))


@router.get("/jobs/{job}/log", summary="What a job has said")
def log(
    context: Caller,
    job: str,
    after: Annotated[int, Query(ge=0, lt=2**63, description="Only lines behind this one.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> LinesAnswer:
    """Return lines of a job's log."""
    found = jobs.lines(context, job, after=after, limit=limit)
    return LinesAnswer(items=[LineAnswer.model_validate(one) for one in found])


@router.get(
    "/jobs/{job}/events",
    summary="What happens to a job, as it happens",
    response_class=StreamingResponse,
    responses={200: {"description": "Events `job` and `line`, until the job has ended.", "content": _EVENTS}},
)
async def events(
    request: Request,
    context: Caller,
    job: str,
    after: Annotated[int, Query(ge=0, lt=2**63, description="Only lines behind this one.")] = 0,
) -> StreamingResponse:
    """Send an event for each change of a job and for each line of its log, until it has ended."""
    await run_in_threadpool(jobs.get, context, job)  # what is not there is refused before the stream begins
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_follow(parts_of(request), context, job, after), 200, headers, "text/event-stream")


async def _follow(parts: Parts, context: Context, job: str, after: int) -> AsyncIterator[str]:
    shown = ""
    quiet = 0.0
    while not parts.stopping.is_set():
        # The job is read first: what it said before it ended is among the lines then.
        found = await run_in_threadpool(jobs.get, context, job)
        for line in await run_in_threadpool(jobs.lines, context, job, after=after):
            after, quiet = line.number, 0.0
            yield _event("line", LineAnswer.model_validate(line).model_dump(mode="json"))
        current = _shown(found)
        if current != shown:
            shown, quiet = current, 0.0
            yield f"event: job\ndata: {current}\n\n"
        if found.ended is not None:
            return
        if quiet >= _QUIET:
            quiet = 0.0
            yield ": still there\n\n"
        await anyio.sleep(_POLL)
        quiet += _POLL


def _shown(job: Job) -> str:
    return JobAnswer.model_validate(job).model_dump_json()


def _event(name: str, values: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(values, ensure_ascii=False)}\n\n"
