"""Schedules: jobs that are started again and again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from tunery.app import access
from tunery.app.access import AccessError
from tunery.app.context import Context
from tunery.app.jobs import cron as times
from tunery.app.jobs import kind as job_kinds
from tunery.store import audit, schedules
from tunery.store.failures import NotFoundError
from tunery.store.tables import Schedule


def create(
    context: Context, project: str | None, kind: str, arguments: Mapping[str, object], *, cron: str, zone: str = "UTC"
) -> Schedule:
    """Start a job of this kind whenever ``cron`` says, for editors of the project; one without for administrators.

    Args:
        context: Who asks for it.
        project: The project whose things the jobs work on; None for jobs about the whole workspace.
        kind: The kind of the jobs.
        arguments: Their arguments.
        cron: Minute, hour, day, month and day of the week.
        zone: The time zone that these are meant in.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is no such project.
        SettingError: The kind, an argument, ``cron`` or ``zone`` can't be used.
    """
    wanted = job_kinds.get(kind)
    job_kinds.check_place(wanted, project)
    job_kinds.read(wanted, arguments)
    due = times.next_after(cron, zone, datetime.now(UTC))
    with context.workspace.writing() as session:
        _require(session, context, project, "editor")
        made = schedules.create(
            session, project=project, kind=kind, arguments=arguments, cron=cron, zone=zone, due=due,
            user=context.user_id,
        )  # fmt: skip
        _record(session, context, made, "create", kind=kind, cron=cron, zone=zone)
    return made


def of_project(context: Context, project: str | None) -> list[Schedule]:
    """Return a project's schedules with when each is next due, for whoever may see the project.

    Those about the whole workspace, for None, are shown to administrators.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is no such project, or not for this user.
    """
    with context.workspace.reading() as session:
        _require(session, context, project, "viewer")
        return schedules.of_project(session, project)


def may_edit(context: Context, project: str | None) -> bool:
    """Say whether a user may make schedules in a project, or for the whole workspace for None."""
    try:
        with context.workspace.reading() as session:
            _require(session, context, project, "editor")
    except (AccessError, NotFoundError):
        return False
    return True


def enable(context: Context, schedule: str, enabled: bool) -> Schedule:
    """Switch a schedule on or off, for editors of its project; what it missed while it was off is not made up for.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is none of this name, or not for this user.
    """
    with context.workspace.writing() as session:
        found = _editable(session, context, schedule)
        due = times.next_after(found.cron, found.zone, datetime.now(UTC)) if enabled else None
        changed = schedules.enable(session, schedule, due=due)
        _record(session, context, changed, "enable" if enabled else "disable")
    return changed


def remove(context: Context, schedule: str) -> None:
    """Remove a schedule, for editors of its project; its jobs stay.

    Raises:
        AccessError: The user may not.
        NotFoundError: There is none of this name, or not for this user.
    """
    with context.workspace.writing() as session:
        found = _editable(session, context, schedule)
        schedules.remove(session, schedule)
        _record(session, context, found, "delete")


def _editable(session: Session, context: Context, schedule: str) -> Schedule:
    found = schedules.get(session, schedule)
    _require(session, context, found.project, "editor")
    return found


def _require(session: Session, context: Context, project: str | None, role: access.Role) -> None:
    if project is None:
        access.require_admin(context)
    else:
        access.require(session, context, project, role)


def _record(session: Session, context: Context, schedule: Schedule, verb: str, **details: object) -> None:
    audit.record(
        session, user=context.user_id, action=f"schedule.{verb}", project=schedule.project, subject=schedule.id,
        details=details,
    )  # fmt: skip
