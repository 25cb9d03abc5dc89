"""Why a model answers as it does."""

from __future__ import annotations

import asyncio

from tunery.app import explaining
from tunery.app.actions import models
from tunery.app.context import Context
from tunery.app.explaining import Explained
from tunery.errors import ModelError
from tunery.i18n import _

_LONGEST = 4000


async def explain(context: Context, model: str, text: str, label: str | None = None) -> Explained:
    """Say which words of a text moved a model's answer.

    Raises:
        ModelError: The text is too long, or the model can't explain this.
        NotFoundError: There is no such model, or the user may not know of it.
    """
    if len(text) > _LONGEST:
        raise ModelError(_("The text is too long to be explained."), _("Give up to {n} characters.").format(n=_LONGEST))
    # Looking and unpacking wait for the disk, and must not keep others waiting.
    folder = await asyncio.to_thread(models.folder, context, model)
    return await explaining.explain(folder, text, label)
