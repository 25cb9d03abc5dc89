"""Deleting texts at somebody's wish, and the list of what was deleted."""

from __future__ import annotations

from tunery.app import access
from tunery.app.context import Context
from tunery.store import audit, deletion, lineage
from tunery.store import rows as rows_of
from tunery.store.paging import Page
from tunery.store.tables import Deletion


def row(context: Context, row: str, *, reason: str = "") -> Deletion:
    """Delete the text of a row wherever it lies, and of the requests that it came from.

    Returns:
        The entry that says so, with the models that learned from it: they should be tuned again without it.

    Raises:
        AccessError: The user is no editor.
        NotFoundError: There is no such row, or the user may not know of it.
    """
    with context.workspace.writing() as session:
        project = rows_of.get(session, row).project
        access.require(session, context, project, "editor")
        entry = deletion.delete_row(context.workspace, session, row, user=context.user_id, reason=reason)
        audit.record(session, user=context.user_id, action="row.delete", project=project, subject=row)
    deletion.scrub(context.workspace)
    return entry


def request(context: Context, request: str, *, reason: str = "") -> Deletion:
    """Delete the text of a request wherever it lies, and of the row that it became.

    Returns:
        The entry that says so, with the models that learned from it: they should be tuned again without it.

    Raises:
        AccessError: The user is no editor.
        NotFoundError: There is no such request, or the user may not know of it.
    """
    with context.workspace.writing() as session:
        project = lineage.project_of_request(session, request)
        access.require(session, context, project, "editor")
        entry = deletion.delete_request(context.workspace, session, request, user=context.user_id, reason=reason)
        audit.record(session, user=context.user_id, action="request.delete", project=project, subject=request)
    deletion.scrub(context.workspace)
    return entry


def page(context: Context, project: str, *, after: str | None = None, limit: int = 50) -> Page[Deletion]:
    """Return what was deleted in a project, the newest first.

    Raises:
        NotFoundError: There is no such project, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        return deletion.page(session, project=project, after=after, limit=limit)
