"""One file per strategy: how much of the base model learns, and how.

A strategy is a subclass of `Strategy` in a module of this package; being there is all it takes to be found.
"""

from __future__ import annotations

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.registry import subclasses
from tunery.settings import unknown as unknown_setting
from tunery.tuning.strategies.base import Strategy

__all__ = ["Strategy", "available", "get_class"]


def available() -> tuple[str, ...]:
    """Return the names of all strategies."""
    return tuple(subclasses(__name__, Strategy))  # type: ignore[type-abstract]


def get_class(name: str) -> type[Strategy]:
    """Return the class of a strategy, whose fields are its settings.

    Raises:
        SettingError: There is no such strategy.
    """
    found = subclasses(__name__, Strategy)  # type: ignore[type-abstract]
    if name not in found:
        raise SettingError(_("There is no strategy {name!r}.").format(name=name), unknown_setting(name, found).hint)
    return found[name]
