"""Jobs: who does them, how far they are, what they said, and how they ended.

A job that runs belongs to one attempt. Whatever an attempt writes names its number, and is refused once another has
begun: a process that was thought dead and comes back can change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, cast

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session

from tunery.i18n import _
from tunery.store import identifiers, paging
from tunery.store.failures import ConflictError, not_found
from tunery.store.paging import Page
from tunery.store.tables import Job, JobLine, Json, Run

State = Literal["queued", "running", "done", "failed", "cancelled"]
Ending = Literal["done", "failed", "cancelled"]

FIRST_LINES, LAST_LINES = 500, 1500
"""How much of a log is kept: so many lines of its beginning, and so many of its end."""
_LONGEST_LINE = 4000
"""Characters of a line that are kept."""


def create(
    session: Session,
    *,
    kind: str,
    arguments: Mapping[str, Any],
    project: str | None = None,
    user: str | None = None,
    schedule: str | None = None,
) -> Job:
    """Write down a job that is to be done."""
    job = Job(
        id=identifiers.new(), kind=kind, arguments=dict(arguments), project=project, created_by=user, schedule=schedule,
        created=datetime.now(UTC),
    )  # fmt: skip
    session.add(job)
    session.flush()
    return job


def get(session: Session, job: str) -> Job:
    """Return a job.

    Raises:
        NotFoundError: There is none of this name.
    """
    found = session.get(Job, job)
    if found is None:
        raise not_found(job)
    return found


def page(
    session: Session,
    *,
    project: str | None = None,
    state: State | None = None,
    kind: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Job]:
    """Return jobs, the newest first.

    Args:
        session: Where to read.
        project: Only this project's.
        state: Only those in this state.
        kind: Only those of this kind.
        after: The ``next`` of the page before.
        limit: How many at most.
    """
    wanted = {Job.project: project, Job.state: state, Job.kind: kind}
    statement = select(Job).where(*(column == value for column, value in wanted.items() if value is not None))
    return paging.page(session, statement, by=[Job.id], after=after, limit=limit, descending=True)


def unfinished(session: Session) -> Sequence[tuple[str, str]]:
    """Return name and kind of all jobs that have not ended, the oldest first."""
    waiting = select(Job.id, Job.kind).where(Job.state.in_(("queued", "running"))).order_by(Job.id)
    return [(name, kind) for name, kind in session.execute(waiting)]


def begin(session: Session, job: str, *, worker: str) -> Job | None:
    """Begin a job's next attempt; None where it has ended, or where it was cancelled before it began."""
    found = session.get(Job, job, with_for_update=True, populate_existing=True)
    if found is None or found.ended is not None:
        return None
    now = datetime.now(UTC)
    found.state, found.worker, found.beat, found.progress = "running", worker, now, {}
    found.attempts += 1
    found.started = found.started or now
    _follow(session, job, state="running", started=found.started)
    return found


def beat(session: Session, job: str, attempt: int, *, progress: Mapping[str, Any] | None = None) -> bool:
    """Say that an attempt goes on, and how far it is.

    Args:
        session: A writing one.
        job: The job.
        attempt: The attempt's number.
        progress: As in the table; None where it stands still.

    Returns:
        Whether the job was asked to stop.

    Raises:
        ConflictError: The job isn't this attempt's any more.
    """
    values: dict[str, Any] = {"beat": datetime.now(UTC)} | ({} if progress is None else {"progress": dict(progress)})
    statement = _of_attempt(job, attempt).values(values).returning(Job.cancel)
    asked: bool | None = session.scalar(statement)
    if asked is None:
        raise _lost(job)
    return asked


def hold(session: Session, job: str, attempt: int) -> Job:
    """Return a job of this attempt, which keeps it until the transaction ends.

    Raises:
        ConflictError: The job isn't this attempt's any more.
    """
    found = session.get(Job, job, with_for_update=True, populate_existing=True)
    if found is None or found.attempts != attempt or found.state != "running":
        raise _lost(job)
    return found


def end(
    session: Session,
    job: str,
    attempt: int,
    state: Ending,
    *,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """End a job, with its runs.

    Raises:
        ConflictError: The job isn't this attempt's any more.
    """
    now = datetime.now(UTC)
    values = {"state": state, "result": _plain(result), "error": _plain(error), "progress": {}, "ended": now}
    if not _changed(session, _of_attempt(job, attempt).values(values)):
        raise _lost(job)
    _follow(session, job, state=state, ended=now)


def cancel(session: Session, job: str) -> Job:
    """Ask a job to stop. One that hasn't begun is cancelled at once; one that has ended stays as it is.

    Raises:
        NotFoundError: There is none of this name.
    """
    found = session.get(Job, job, with_for_update=True, populate_existing=True)
    if found is None:
        raise not_found(job)
    if found.ended is None:
        found.cancel = True
    if found.state == "queued":
        found.state, found.ended = "cancelled", datetime.now(UTC)
        _follow(session, job, state="cancelled", ended=found.ended)
    return found


def say(session: Session, job: str, lines: Sequence[str]) -> None:
    """Write lines behind a job's log; of a long one the middle is dropped, which shows in the lines' numbers."""
    if not lines:
        return
    last = session.scalar(select(func.max(JobLine.number)).where(JobLine.job == job)) or 0
    now = datetime.now(UTC)
    session.add_all(
        JobLine(job=job, number=number, at=now, line=line[:_LONGEST_LINE].replace("\0", ""))
        for number, line in enumerate(lines, last + 1)
    )
    session.flush()
    middle = (JobLine.number > FIRST_LINES, JobLine.number <= last + len(lines) - LAST_LINES)
    session.execute(delete(JobLine).where(JobLine.job == job, *middle))


def lines(session: Session, job: str, *, after: int = 0, limit: int = 1000) -> list[JobLine]:
    """Return the lines of a job's log behind line ``after``."""
    wanted = select(JobLine).where(JobLine.job == job, JobLine.number > after).order_by(JobLine.number)
    return list(session.scalars(wanted.limit(limit)))


def _of_attempt(job: str, attempt: int) -> Any:
    return update(Job).where(Job.id == job, Job.attempts == attempt, Job.state == "running")


def _follow(session: Session, job: str, **values: object) -> None:
    """Let the runs of a job be in its state."""
    session.execute(update(Run).where(Run.job == job).values(values))


def _changed(session: Session, statement: Any) -> bool:
    return cast("CursorResult[Any]", session.execute(statement)).rowcount > 0


def _plain(values: Mapping[str, Any] | None) -> Json | None:
    return None if values is None else dict(values)


def _lost(job: str) -> ConflictError:
    return ConflictError(_("Job {job} has been taken over by another process.").format(job=job))
