"""Models: looking at them, naming them, taking them along."""

from __future__ import annotations

from pathlib import Path

from tunery.app import access
from tunery.app.context import Context
from tunery.store import audit, models
from tunery.store.paging import Page
from tunery.store.tables import Model


def page(
    context: Context, project: str, *, run: str | None = None, after: str | None = None, limit: int = 50
) -> Page[Model]:
    """Return a project's models, the newest first.

    Raises:
        NotFoundError: There is no such project, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        return models.page(session, project=project, run=run, after=after, limit=limit)


def get(context: Context, model: str) -> Model:
    """Return a model.

    Raises:
        NotFoundError: There is none, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        found = models.get(session, model)
        access.require(session, context, found.project, "viewer")
        return found


def rename(context: Context, model: str, *, name: str) -> Model:
    """Give a model another name.

    Raises:
        AccessError: The user is no editor.
        NotFoundError: There is no such model.
    """
    with context.workspace.writing() as session:
        project = models.get(session, model).project
        access.require(session, context, project, "editor")
        found = models.rename(session, model, name=name)
        audit.record(session, user=context.user_id, action="model.rename", project=project, subject=model)
        return found


def folder(context: Context, model: str) -> Path:
    """Return a folder with a model's files, which must not be changed.

    Raises:
        NotFoundError: There is no such model, or the user may not know of it.
    """
    get(context, model)
    return models.check_out(context.workspace, model)
