"""What the studio can do, programs can do: every action that a page uses has a route."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import tunery.app.actions
import tunery.app.annotation
from tunery.app import rest, studio

_PACKAGES = ("tunery.app.actions", "tunery.app.annotation")
_LEFT_OUT = {
    "accounts.somebody": "says who is signed in, or that nobody is: GET /session does",
    "endpoints.shared": "what strangers see on a public page; members read the endpoint",
    "projects.settings": "stands in every answer about a project",
    "schedules.may_edit": "whether a button is shown; who may not is refused",
    "queues.models_of": "the models of a project, as GET /projects/{project}/models gives them",
}


def test_every_action_that_a_page_uses_has_a_route() -> None:
    missing = _used(studio) - _used(rest) - set(_LEFT_OUT)
    assert missing == set(), "give each a route, or say here why it needs none"


def test_only_what_a_page_uses_is_left_out() -> None:
    assert set(_LEFT_OUT) <= _used(studio) - _used(rest)


def test_the_comparison_sees_actions_however_they_are_imported() -> None:
    source = (
        "from tunery.app.actions import data, runs as r\n"
        "from tunery.app.actions.jobs import start\n"
        "data.look; r.compare; data.no_such_action; start\n"
    )
    assert set(_names(ast.parse(source))) == {"data.look", "runs.compare", "jobs.start"}


def _used(package: ModuleType) -> set[str]:
    files = Path(package.__path__[0]).rglob("*.py")
    return {name for file in files for name in _names(ast.parse(file.read_text(encoding="utf-8")))}


def _names(tree: ast.Module) -> Iterator[str]:
    """Yield the actions that a module names, each as ``module.function``."""
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        for alias in node.names:
            if node.module in _PACKAGES:
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif _is_action(node.module, alias.name):
                yield f"{node.module.rpartition('.')[2]}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            module = modules[node.value.id]
            if _is_action(module, node.attr):
                yield f"{module.rpartition('.')[2]}.{node.attr}"


def _is_action(module: str, name: str) -> bool:
    if module not in _MODULES or name.startswith("_"):
        return False
    found = getattr(importlib.import_module(module), name, None)
    return inspect.isfunction(found) and found.__module__ == module


_MODULES = {
    f"{package.__name__}.{found.name}"
    for package in (tunery.app.actions, tunery.app.annotation)
    for found in pkgutil.iter_modules(package.__path__)
}
