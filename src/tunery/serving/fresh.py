"""Python started anew, with the modules that this process has, wherever they come from."""

from __future__ import annotations

import os
import sys


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module.

    The folder that it is started in is not looked into (``-P``): a file there would take the place of a module.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> dict[str, str]:
    """Return this process's environment, with its module path: a package that was only copied is found as well."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}  # noqa: PTH109
