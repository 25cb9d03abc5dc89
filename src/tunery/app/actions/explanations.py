"""Why a model answers as it does."""

from __future__ import annotations

from tunery.app import access, explaining
from tunery.app.context import Context
from tunery.app.explaining import Explained
from tunery.errors import ModelError
from tunery.i18n import _
from tunery.store import models
from tunery.store.tables import Model

_LONGEST = 4000


def subject(context: Context, model: str) -> Model:
    """Return a model.

    Raises:
        NotFoundError: There is none, or the user may not see it.
    """
    with context.workspace.reading() as session:
        found = models.get(session, model)
        access.require(session, context, found.project, "viewer")
        return found


async def explain(context: Context, model: str, text: str, label: str | None = None) -> Explained:
    """Say which words of a text moved a model's answer.

    Raises:
        ModelError: The text is too long, or the model can't explain this.
    """
    found = subject(context, model)
    if len(text) > _LONGEST:
        raise ModelError(_("The text is too long to be explained."), _("Give up to {n} characters.").format(n=_LONGEST))
    return await explaining.explain(models.check_out(context.workspace, found.id), text, label)
