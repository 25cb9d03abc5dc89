"""Kinds of things that are one file each: tasks, strategies.

A subclass is found because its module lies in the package (or is named by an entry point of another distribution), so
adding one edits no other file.
"""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import TypeVar

T = TypeVar("T")


@cache
def _modules(package: str) -> tuple[str, ...]:
    folder = import_module(package).__path__
    own = [f"{package}.{module.name}" for module in iter_modules(folder)]
    others = [entry.value for entry in entry_points(group=package)]
    return tuple(own + others)


def subclasses(package: str, base: type[T]) -> dict[str, type[T]]:
    """Return the concrete subclasses of ``base`` defined in ``package``'s modules or entry points, by ``name``."""
    found: dict[str, type[T]] = {}
    for module in _modules(package):
        for _, value in inspect.getmembers(import_module(module), inspect.isclass):
            if issubclass(value, base) and not inspect.isabstract(value) and value.__module__ == module:
                found[value.name] = value  # type: ignore[attr-defined]
    return dict(sorted(found.items()))
