"""What came from what, for whoever may see it."""

from __future__ import annotations

from tunery.app import access
from tunery.app.context import Context
from tunery.store import lineage
from tunery.store import models as models_of
from tunery.store import rows as rows_of
from tunery.store.lineage import ModelOrigin, RequestOrigin, RowUses


def of_model(context: Context, model: str) -> ModelOrigin:
    """Return where a model came from.

    Raises:
        NotFoundError: There is no such model, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, models_of.get(session, model).project, "viewer")
        return lineage.of_model(session, model)


def of_request(context: Context, request: str) -> RequestOrigin:
    """Return where an answer came from, and what became of its text.

    Raises:
        NotFoundError: There is no such request, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, lineage.project_of_request(session, request), "viewer")
        return lineage.of_request(session, request)


def of_row(context: Context, row: str) -> RowUses:
    """Return what became of a row: versions, and the models that learned from it.

    Raises:
        NotFoundError: There is no such row, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, rows_of.get(session, row).project, "viewer")
        return lineage.of_row(session, row)
