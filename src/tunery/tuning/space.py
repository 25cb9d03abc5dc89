"""Which settings a search varies, and how far: read off the settings' own declarations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel

    from tunery.tuning.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Searched:
    """Marks a setting that a search varies, in the ``Annotated`` of its declaration.

    Attributes:
        low: The least value.
        high: The largest.
        log: Whether the scale is that of ratios.
        relative: Whether both are factors of what a run with the defaults decides, rather than values.
    """

    low: float
    high: float
    log: bool = False
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Dimension:
    """A setting that is searched.

    Attributes:
        name: Its name.
        default: Its value in a run with the defaults.
        low: The least value.
        high: The largest.
        log: Whether the scale is that of ratios.
        whole: Whether it takes whole numbers only.
    """

    name: str
    default: float
    low: float
    high: float
    log: bool
    whole: bool

    def rounded(self, value: float) -> float | int:
        """Return a value as recipes hold it: a whole number, or three digits."""
        return round(value) if self.whole else float(f"{value:.3g}")


def dimensions(recipe: Recipe, decided: Mapping[str, float]) -> tuple[Dimension, ...]:
    """Return what is searched: every setting marked `Searched` that nobody fixed.

    Args:
        recipe: The recipe; what was given in it is fixed.
        decided: What settings come to that the recipe leaves open.
    """
    return (*_of(recipe, decided), *_of(recipe.strategy, decided))


def changed(recipe: Recipe, values: Mapping[str, float | int]) -> Recipe:
    """Return ``recipe`` with other values of its own and its strategy's settings."""
    own = {name: value for name, value in values.items() if name in type(recipe).model_fields}
    strategy = recipe.strategy.model_copy(update={n: value for n, value in values.items() if n not in own})
    return recipe.model_copy(update={**own, "strategy": strategy})


def _of(part: BaseModel, decided: Mapping[str, float]) -> Iterator[Dimension]:
    for name, declared in type(part).model_fields.items():
        searched = next((one for one in declared.metadata if isinstance(one, Searched)), None)
        if searched is None or name in part.model_fields_set:
            continue
        given = getattr(part, name)
        default = decided[name] if given is None else given
        yield _dimension(name, searched, default)


def _dimension(name: str, searched: Searched, default: float) -> Dimension:
    whole = isinstance(default, int)
    factor = default if searched.relative else 1.0
    low, high = searched.low * factor, searched.high * factor
    if whole:
        low, high = math.ceil(low), math.floor(high)
    return Dimension(name, min(max(default, low), high), low, high, searched.log, whole)
