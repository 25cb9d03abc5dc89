"""Projects and their settings."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from tunery.app.access import Role
from tunery.app.actions import members, projects
from tunery.app.rest.answering import Route, unchanged
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import Caller
from tunery.app.rest.pages import PageAnswer, Part
from tunery.store.projects import ProjectSettings, settings_of
from tunery.store.tables import Project

router = APIRouter(prefix="/projects", tags=["projects"], route_class=Route)

Name = Annotated[str, Field(max_length=1000, examples=["Reviews"])]


class ProjectAnswer(Answer):
    """A project."""

    id: str
    name: str
    task: str | None = Field(description="What is predicted; null until the first data set says.")
    created: datetime
    archived: datetime | None
    settings: ProjectSettings
    role: Role | None = Field(description="What the caller is in it; null for an administrator who is no member.")


class ProjectBody(Body):
    """A project to make."""

    name: Name
    task: str | None = Field(default=None, max_length=100, examples=["text-classification"])


class ProjectChangeBody(Body):
    """What to change; what isn't named stays as it is."""

    name: Name | None = None
    archived: bool | None = None
    settings: dict[str, Any] | None = Field(default=None, description="Single settings with their new values.")


@router.get("", summary="The projects that one may see")
def list_projects(
    context: Caller,
    part: Part,
    archived: Annotated[bool, Query(description="Those that are archived, in place of the others.")] = False,
) -> PageAnswer[ProjectAnswer]:
    """Return projects, the newest first."""
    page = projects.page(context, archived=archived, after=part.after, limit=part.limit)
    roles = members.roles(context)
    return PageAnswer.of(page, lambda project: _answer(project, roles.get(project.id)))


@router.post("", status_code=201, summary="Make a project")
def create(context: Caller, body: ProjectBody) -> ProjectAnswer:
    """Make a project; the caller is its owner."""
    return _answer(projects.create(context, name=body.name, task=body.task), "owner")


@router.get("/{project}", summary="A project")
def show(context: Caller, project: str) -> ProjectAnswer:
    """Return a project."""
    return _answer(projects.get(context, project), members.roles(context).get(project))


@router.patch("/{project}", summary="Change a project")
def change(context: Caller, project: str, body: ProjectChangeBody) -> ProjectAnswer:
    """Change name or settings, or archive it."""
    role = members.roles(context).get(project)
    unchanged(_answer(projects.get(context, project), role))
    changed = projects.change(context, project, name=body.name, archived=body.archived, settings=body.settings)
    return _answer(changed, role)


def _answer(project: Project, role: Role | None) -> ProjectAnswer:
    return ProjectAnswer(
        id=project.id, name=project.name, task=project.task, created=project.created, archived=project.archived,
        settings=settings_of(project), role=role,
    )  # fmt: skip
