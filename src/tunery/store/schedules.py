"""Jobs that are started again and again. When that is, is worked out elsewhere; here stands when it is next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.store import identifiers
from tunery.store.failures import not_found
from tunery.store.tables import Job, Schedule


def create(
    session: Session,
    *,
    project: str | None,
    kind: str,
    arguments: Mapping[str, Any],
    cron: str,
    zone: str,
    due: datetime,
    user: str | None = None,
) -> Schedule:
    """Write down a schedule.

    Args:
        session: A writing one.
        project: The project whose jobs are started; None for jobs of the whole workspace.
        kind: The jobs' kind.
        arguments: The jobs' arguments.
        cron: Minute, hour, day, month and day of the week.
        zone: The time zone that these are meant in, for example ``Europe/Berlin``.
        due: When the first is started.
        user: Who asked for it.
    """
    schedule = Schedule(
        id=identifiers.new(), project=project, kind=kind, arguments=dict(arguments), cron=cron, zone=zone, due=due,
        created=datetime.now(UTC), created_by=user,
    )  # fmt: skip
    session.add(schedule)
    session.flush()
    return schedule


def get(session: Session, schedule: str) -> Schedule:
    """Return a schedule.

    Raises:
        NotFoundError: There is none of this name.
    """
    found = session.get(Schedule, schedule)
    if found is None:
        raise not_found(schedule)
    return found


def of_project(session: Session, project: str | None) -> list[Schedule]:
    """Return a project's schedules, the oldest first; those of the whole workspace for None."""
    return list(session.scalars(select(Schedule).where(Schedule.project == project).order_by(Schedule.id)))


def enable(session: Session, schedule: str, *, due: datetime | None) -> Schedule:
    """Let a schedule start jobs again from ``due`` on, or none from now on.

    Raises:
        NotFoundError: There is none of this name.
    """
    found = get(session, schedule)
    found.enabled = due is not None
    found.due = due or found.due
    return found


def remove(session: Session, schedule: str) -> None:
    """Remove a schedule; its jobs stay.

    Raises:
        NotFoundError: There is none of this name.
    """
    session.delete(get(session, schedule))


def due(session: Session, now: datetime) -> list[Schedule]:
    """Return the schedules whose time has come, each kept from others until the transaction ends."""
    wanted = select(Schedule).where(Schedule.enabled, Schedule.due <= now)
    return list(session.scalars(wanted.with_for_update(skip_locked=True)))


def is_running(session: Session, schedule: str) -> bool:
    """Say whether the last job of a schedule has not ended yet."""
    wanted = select(Job.id).where(Job.schedule == schedule, Job.state.in_(("queued", "running")))
    return session.scalar(wanted.limit(1)) is not None
