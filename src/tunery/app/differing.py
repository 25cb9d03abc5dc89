"""What recipes differ in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that not all recipes have alike.

    Attributes:
        setting: Its name; those of a task or strategy have its name in front.
        values: One for each recipe, as text; empty where it isn't given.
    """

    setting: str
    values: tuple[str, ...]


def differences(recipes: Sequence[Mapping[str, object]]) -> list[Difference]:
    """Return every setting in which some recipes differ, in the order of the recipes' own declarations."""
    flat = [dict(_flat(recipe)) for recipe in recipes]
    names = dict.fromkeys(name for one in flat for name in one)
    rows = [Difference(name, tuple(one.get(name, "") for one in flat)) for name in names]
    return [row for row in rows if len(set(row.values)) > 1]


def _flat(recipe: Mapping[str, object]) -> list[tuple[str, str]]:
    result = []
    for name, value in recipe.items():
        if isinstance(value, Mapping):
            part = str(value.get("name", ""))
            result.append((name, part))
            result += [(f"{part}.{inner}", _shown(one)) for inner, one in value.items() if inner != "name"]
        else:
            result.append((name, _shown(value)))
    return result


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
