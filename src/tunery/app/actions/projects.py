"""Projects and their settings."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from tunery.app import access
from tunery.app.access import Role
from tunery.app.context import Context
from tunery.settings import build
from tunery.store import audit, projects, redactors
from tunery.store.paging import Page
from tunery.store.projects import ProjectSettings
from tunery.store.tables import Project


def create(context: Context, *, name: str, task: str | None = None) -> Project:
    """Make a project; the context's user is its owner.

    Raises:
        ConflictError: The name is taken.
        SettingError: The name can't be one, or there is no such task.
    """
    if task is not None:
        _check_task(task)
    with context.workspace.writing() as session:
        project = projects.create(session, name=name, task=task, user=context.user_id)
        _record(session, context, "create", project.id)
        return project


def page(context: Context, *, archived: bool = False, after: str | None = None, limit: int = 50) -> Page[Project]:
    """Return the projects that the context's user may see, the newest first."""
    everything = context.user is None or context.user.admin
    with context.workspace.reading() as session:
        user = None if everything else context.user_id
        return projects.page(session, user=user, archived=archived, after=after, limit=limit)


def get(context: Context, project: str) -> Project:
    """Return a project.

    Raises:
        NotFoundError: There is none, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        return projects.get(session, project)


def role(context: Context, project: str) -> Role:
    """Return what the context's user is in a project.

    Raises:
        NotFoundError: There is none, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        return access.role_in(session, context, project) or "viewer"


def settings(context: Context, project: str) -> ProjectSettings:
    """Return a project's settings."""
    return projects.settings_of(get(context, project))


def change(
    context: Context,
    project: str,
    *,
    name: str | None = None,
    archived: bool | None = None,
    settings: Mapping[str, object] | None = None,
) -> Project:
    """Change a project's name or settings, or put it out of the list; what isn't given stays.

    Raises:
        AccessError: The user is no owner.
        ConflictError: The name is taken.
        MissingExtraError: The settings ask for a part that is not installed.
        NotFoundError: There is no such project.
        SettingError: A setting doesn't exist or can't have its value.
    """
    if settings is not None:
        _check_redaction(context, project, settings)
    with context.workspace.writing() as session:
        access.require(session, context, project, "owner")
        details: dict[str, object] = {}
        if name is not None:
            details["name"] = projects.rename(session, project, name=name).name
        if archived is not None:
            projects.archive(session, project, archived=archived)
            details["archived"] = archived
        if settings is not None:
            projects.change_settings(session, project, settings)
            details["settings"] = sorted(settings)
        _record(session, context, "change", project, details)
        return projects.get(session, project)


def _check_redaction(context: Context, project: str, settings: Mapping[str, object]) -> None:
    """Make sure that texts could be redacted as changed settings want it. Loads it, so not while the database waits."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "owner")
        now = projects.settings_of(projects.get(session, project))
    changed = build(ProjectSettings, {**now.model_dump(mode="json"), **settings})
    if changed.presidio:
        redactors.of(changed)


def _check_task(task: str) -> None:
    from tunery import tasks

    tasks.get_class(task)


def _record(
    session: Session, context: Context, verb: str, project: str, details: Mapping[str, object] | None = None
) -> None:
    audit.record(
        session, user=context.user_id, action=f"project.{verb}", project=project, subject=project, details=details
    )
