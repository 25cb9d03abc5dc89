"""``tunery package``: models into a folder that serves them by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import tunery
from tunery.cli import arguments
from tunery.cli.output import say
from tunery.i18n import _


def package(
    models: Annotated[list[str], arguments.named_models()],
    output: Annotated[Path, typer.Option("--output", metavar="<folder>", help=_("Folder to write; a new one."))],
) -> None:
    """Package, and say how it is started."""
    folder = tunery.package(arguments.by_name(models), output)
    say(_("Written: {path}").format(path=folder))
    say(_("Start it with: python {path}/serve.py (its README.md says more)").format(path=folder))
