"""Fits a model to examples: recipe, strategies, batches, budget and the training loop.

May import `tunery.models` and what lies below it. Never looks at a test split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunery.errors import SettingError
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.data.dataset import Dataset
    from tunery.models.model import Model
    from tunery.tasks.base import Task
    from tunery.tuning.cross_validation import OutOfFold
    from tunery.tuning.learning_curve_result import LearningCurve
    from tunery.tuning.planning import RunPlan
    from tunery.tuning.ranking import Ranking
    from tunery.tuning.recipe import Recipe
    from tunery.tuning.search_result import Search
    from tunery.types import Example

__all__ = ["fit", "learning_curve", "out_of_fold", "plan", "rank", "search"]


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


def learning_curve(
    data: Dataset, recipe: Recipe, output: str | Path | None = None, *, points: int = 5, resume: bool = False
) -> LearningCurve:
    """Say what more labels would bring; see `tunery.tuning.learning_curves.learning_curve`."""
    from tunery.models.base import require_tune

    require_tune(_("Tuning"))
    from tunery.tuning.learning_curves import learning_curve as measure

    return measure(data, recipe, None if output is None else Path(output), points=points, resume=resume)


def out_of_fold(examples: Sequence[Example], base: str, task: Task) -> OutOfFold:
    """Answer each row with a model that learned from other rows; see `tunery.tuning.cross_validation`."""
    from tunery.models.base import require_tune

    require_tune(_("Cross-validation"))
    from tunery.tuning.cross_validation import out_of_fold as answer

    return answer(examples, base, task)


def rank(data: Dataset, bases: Sequence[str], task: str | None, settings: Mapping[str, object]) -> Ranking:
    """Rank ``bases`` by how near they are to a task; see `tunery.tuning.ranking.rank`."""
    from tunery.models.base import require_tune

    require_tune(_("Ranking base models"))
    from tunery.tuning.ranking import rank as compare
    from tunery.tuning.recipe import Recipe

    if not bases:
        raise SettingError(_("No base model is named."), _("Name those to compare, for example hf:bert-base-cased."))
    return compare(data, bases, Recipe.of(None, data.schema, {"base": bases[0], "task": task, **settings}).task)


def search(
    data: Dataset, recipe: Recipe, output: str | Path | None = None, *, trials: int = 16, resume: bool = False
) -> Search:
    """Search for better settings than those of ``recipe``; see `tunery.tuning.searching.search`."""
    from tunery.models.base import require_tune

    require_tune(_("Searching"))
    from tunery.tuning.searching import search as look_for

    return look_for(data, recipe, None if output is None else Path(output), trials=trials, resume=resume)
