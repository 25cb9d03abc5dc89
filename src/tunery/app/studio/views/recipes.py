"""Recipes as people choose them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, create_model

from tunery import tasks
from tunery.tuning import strategies
from tunery.tuning.recipe import Recipe

_APART = ("base", "task", "strategy", "budget")
"""What of a recipe has a place of its own in the form."""
_STRATEGY_ORDER = ("auto", "full", "lora", "last-n", "head", "probe", "contrastive")


def strategy_names() -> list[str]:
    """Return the strategies, those first that most people want."""
    found = strategies.available()
    return sorted(found, key=lambda name: _STRATEGY_ORDER.index(name) if name in _STRATEGY_ORDER else len(found))


def strategy_settings(name: str) -> type[BaseModel]:
    """Return the declaration of a strategy's own settings."""
    return strategies.get_class(name)


def task_settings(name: str) -> type[BaseModel]:
    """Return the declaration of a task's own settings."""
    return tasks.get_class(name)


@cache
def learning_settings() -> type[BaseModel]:
    """Return the declaration of what is folded away: everything of a recipe that has no place of its own."""
    fields: dict[str, Any] = {
        name: (declared.annotation, declared) for name, declared in Recipe.model_fields.items() if name not in _APART
    }
    return create_model("LearningSettings", **fields)


def compose(
    base: str,
    task: tuple[str, Mapping[str, object]],
    strategy: tuple[str, Mapping[str, object]],
    settings: Mapping[str, object],
) -> dict[str, object]:
    """Return a recipe as jobs take it, without what is left at its default.

    Raises:
        SettingError: A setting has a value it can't have.
    """
    given = {name: value for name, value in settings.items() if not _is_default(Recipe, name, value)}
    return Recipe.from_dict(
        {
            "base": base,
            "task": _part(task, tasks.get_class(task[0])),
            "strategy": _part(strategy, strategies.get_class(strategy[0])),
            **given,
        }
    ).given()


def _part(part: tuple[str, Mapping[str, object]], declared: type[BaseModel]) -> dict[str, object]:
    name, settings = part
    given = {field: value for field, value in settings.items() if not _is_default(declared, field, value)}
    return {"name": name, **given}


def _is_default(declared: type[BaseModel], name: str, value: object) -> bool:
    default = declared.model_fields[name].default
    # What nobody decides is decided from the data; a switch that was left alone does not say no.
    return value is None or value == "" or value == default or (default is None and value is False)
