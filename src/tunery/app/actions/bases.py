"""Base models: what may be chosen from."""

from __future__ import annotations

from tunery.app import access, catalogue
from tunery.app.base_cards import BaseCard
from tunery.app.context import Context


def suggested(context: Context, project: str, *, task: str | None = None, reads: str | None = None) -> list[BaseCard]:
    """Return the base models that are good to begin with.

    Args:
        context: Who asks.
        project: The project that it is for.
        task: Only what suits this task.
        reads: Only what reads this language, as its code.

    Raises:
        AccessError: The user may not see the project.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
    return list(catalogue.known(task, reads))


def search(context: Context, project: str, words: str, *, reads: str | None = None) -> catalogue.Found:
    """Look for base models on the hubs, among the known ones, and in a folder of this machine.

    Raises:
        AccessError: The user is no editor of the project; only those make the server ask others, or look at its disk.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "editor")
    return catalogue.search(words.strip(), reads=reads)
