"""Jobs: starting them, looking at them, stopping them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from tunery.app import access
from tunery.app.context import Context
from tunery.app.jobs import kind as job_kinds
from tunery.store import audit, jobs
from tunery.store.jobs import State
from tunery.store.paging import Page
from tunery.store.tables import Job, JobLine


def start(context: Context, kind: str, arguments: Mapping[str, object], *, project: str | None = None) -> Job:
    """Start a job, for editors of the project; one without a project for administrators.

    Args:
        context: Who starts it.
        kind: One of `tunery.app.jobs.kind.kinds`.
        arguments: The fields of the kind's arguments.
        project: The project whose things it works on.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is no such project, or it has not what the arguments name.
        SettingError: There is no such kind, or an argument can't be used.
    """
    with context.workspace.writing() as session:
        _may_start(session, context, project)
        job = context.jobs.enqueue(session, kind, arguments, project=project, user=context.user_id)
        audit.record(
            session, user=context.user_id, action="job.start", project=project, subject=job.id, details={"kind": kind}
        )
    return job


def get(context: Context, job: str) -> Job:
    """Return a job, for whoever may see its project.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is none of this name, or not for this user.
    """
    with context.workspace.reading() as session:
        return _seen(session, context, job)


def page(
    context: Context,
    project: str | None,
    *,
    state: State | None = None,
    kind: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Job]:
    """Return the jobs of a project, the newest first; those of all projects for administrators.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is no such project, or not for this user.
    """
    with context.workspace.reading() as session:
        _may_see(session, context, project)
        return jobs.page(session, project=project, state=state, kind=kind, after=after, limit=limit)


def lines(context: Context, job: str, *, after: int = 0, limit: int = 1000) -> list[JobLine]:
    """Return the lines of a job's log behind line ``after``.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is none of this name, or not for this user.
    """
    with context.workspace.reading() as session:
        _seen(session, context, job)
        return jobs.lines(session, job, after=after, limit=limit)


def cancel(context: Context, job: str) -> Job:
    """Ask a job to stop, for editors of its project; one that has ended stays as it is.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is none of this name, or not for this user.
    """
    with context.workspace.writing() as session:
        project = _seen(session, context, job).project
        _may_start(session, context, project)
        found = context.jobs.cancel(session, job)
        audit.record(session, user=context.user_id, action="job.cancel", project=project, subject=job)
    return found


def title(kind: str) -> str:
    """Return what people read for a kind, to be translated."""
    found = job_kinds.kinds().get(kind)
    return found.title if found is not None else kind


def _seen(session: Session, context: Context, job: str) -> Job:
    found = jobs.get(session, job)
    _may_see(session, context, found.project)
    return found


def _may_see(session: Session, context: Context, project: str | None) -> None:
    if project is None:
        access.require_admin(context)
    else:
        access.require(session, context, project, "viewer")


def _may_start(session: Session, context: Context, project: str | None) -> None:
    if project is None:
        access.require_admin(context)
    else:
        access.require(session, context, project, "editor")
