"""``tunery data``: look at labelled files before anything is learned from them, and write them in another format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import tunery
from tunery.cli import arguments
from tunery.cli.options import pairs
from tunery.cli.output import say, write, write_json
from tunery.errors import DataError
from tunery.i18n import _


def check(
    path: Annotated[str, arguments.path()],
    task: Annotated[str, arguments.task()],
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="<text>", help=_("Base model in whose tokens the lengths are counted.")),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON instead of words."))] = False,
    settings: Annotated[list[str] | None, arguments.settings()] = None,
) -> None:
    """Print what is in the data and what is wrong with it; exit 0 if it is usable, 1 if not."""
    try:
        result = tunery.check(tunery.load_data(path, task, **pairs(settings)), base)
    except DataError as error:
        if not as_json:
            raise
        write_json({"ok": False, "problems": [problem.to_dict() for problem in error.problems]})
        raise typer.Exit(1) from None
    if as_json:
        write_json(result.to_dict())
    else:
        write(str(result))
    if not result.ok:
        raise typer.Exit(1)


def convert(
    path: Annotated[str, arguments.path()],
    output: Annotated[Path, typer.Argument(metavar="OUT", help=_("Folder for the files, one for each split."))],
    task: Annotated[str, arguments.task()],
    to: Annotated[str, typer.Option("--to", metavar="<jsonl|conll>", help=_("The format to write."))] = "jsonl",
    settings: Annotated[list[str] | None, arguments.settings()] = None,
) -> None:
    """Read any format that can be read, and write every split in one that is plain."""
    from tunery.data.writers import write_split

    data = tunery.load_data(path, task, **pairs(settings))
    for name in data:
        say(_("Written: {path}").format(path=write_split(data[name], output, to)))
