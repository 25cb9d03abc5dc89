"""Fits a model to examples: recipe, strategies, batches, budget and the training loop.

May import `tunery.models` and what lies below it. Never looks at a test split.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.data.dataset import Dataset
    from tunery.models.model import Model
    from tunery.tuning.planning import RunPlan
    from tunery.tuning.recipe import Recipe

__all__ = ["fit", "plan"]


def fit(data: Dataset, recipe: Recipe, output: str | Path | None = None, *, resume: bool = False) -> Model:
    """Carry out ``recipe`` on ``data`` and return the model; see `tunery.tuning.run.fit`."""
    from tunery.models.base import require_tune

    require_tune(_("Tuning"))
    from tunery.tuning.run import fit as carry_out

    return carry_out(data, recipe, None if output is None else Path(output), resume=resume)


def plan(data: Dataset, recipe: Recipe) -> RunPlan:
    """Return what `fit` would do on this machine; see `tunery.tuning.run.plan`."""
    from tunery.models.base import require_tune

    require_tune(_("Tuning"))
    from tunery.tuning.run import plan as look_ahead

    return look_ahead(data, recipe)
