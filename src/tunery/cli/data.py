"""``tunery data``: look at labelled files before anything is learned from them, and write them in another format."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tunery
from tunery.cli import arguments, servers
from tunery.cli.options import pairs
from tunery.cli.output import say, show, write, write_json
from tunery.errors import DataError, Problem, SettingError
from tunery.i18n import _
from tunery.settings import unknown

if TYPE_CHECKING:
    from tunery.tuning.learning_curve_result import LearningCurve
    from tunery.tuning.recipe import Recipe


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
    if servers.wanted():
        _check_there(path, task, as_json, pairs(settings))
        return
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
        show(result)
    if not result.ok:
        raise typer.Exit(1)


def upload(
    path: Annotated[str, arguments.path()],
    task: Annotated[str | None, arguments.task()] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="<text>", help=_("Name of the data set. Default: the file's."))
    ] = None,
    settings: Annotated[list[str] | None, arguments.settings()] = None,
) -> None:
    """Import a file, a folder or a source, and print the version's name."""
    with servers.server() as server:
        made = server.import_data(path, task, pairs(settings), name)
    write(str(made["version"]))
    if not made.get("new", True):
        say(_("It was there already."))


def convert(
    path: Annotated[str, arguments.path()],
    output: Annotated[Path, typer.Argument(metavar="OUT", help=_("Folder for the files, one for each split."))],
    task: Annotated[str, arguments.task()],
    to: Annotated[str, typer.Option("--to", metavar="<jsonl|conll|csv>", help=_("The format to write."))] = "jsonl",
    settings: Annotated[list[str] | None, arguments.settings()] = None,
) -> None:
    """Read any format that can be read, and write every split in one that is plain."""
    from tunery.data.writers import write_conll, write_csv, write_jsonl

    writers = {"jsonl": write_jsonl, "conll": write_conll, "csv": write_csv}
    if to not in writers:
        hint = unknown(to, writers).hint
        raise SettingError(_("There is no format {name} to write.").format(name=to), hint)
    data = tunery.load_data(path, task, **pairs(settings))
    files = {name: output / f"{name}.{to}" for name in data}
    _refuse_to_overwrite(files.values())
    output.mkdir(parents=True, exist_ok=True)
    for name, file in files.items():
        writers[to](data[name], file)
        say(_("Written: {path}").format(path=file))


def curve(
    path: Annotated[str, arguments.path()],
    task: Annotated[str | None, arguments.task()] = None,
    strategy: Annotated[str | None, arguments.strategy()] = None,
    recipe: Annotated[Path | None, arguments.recipe()] = None,
    points: Annotated[
        int,
        typer.Option("--points", metavar="<int>", help=_("How many sizes: all rows, half of them, ...")),
    ] = 5,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="<folder>", help=_("Folder for the curve and its picture."))
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help=_("Go on with the curve that was interrupted in the output folder."))
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON instead of words."))] = False,
    settings: Annotated[list[str] | None, arguments.settings()] = None,
    **values: object,
) -> None:
    """Print how good models are with part of the labels, and what twice as many would bring."""
    from tunery.tuning.recipe import Recipe

    # The recipe comes first: a wrong setting should not wait for a download.
    complete = Recipe.of(recipe, None, {"task": task, "strategy": strategy, **values})
    if servers.wanted():
        found = _measured_there(path, complete, points, output, pairs(settings))
    else:
        dataset = tunery.load_data(path, complete.task.name, **pairs(settings))
        found = tunery.learning_curve(dataset, recipe=complete, points=points, output=output, resume=resume)
    if as_json:
        write_json(found.to_dict())
    else:
        show(found)
    if output is not None:
        say(_("Written: {path}").format(path=output))


def _check_there(path: str, task: str, as_json: bool, settings: dict[str, str]) -> None:
    with servers.server() as server:
        found = server.look(path, task, settings)
    problems = [Problem(**one) for one in found["problems"]]
    if as_json:
        write_json(found["check"] or {"ok": False, "problems": found["problems"]})
    elif found["text"]:
        write(str(found["text"]))
    else:
        raise DataError(problems)
    if not found["ok"]:
        raise typer.Exit(1)


def _measured_there(
    path: str, recipe: Recipe, points: int, output: Path | None, settings: dict[str, str]
) -> LearningCurve:  # fmt: skip
    from tunery.tuning.learning_curve_result import LearningCurve

    if output is not None:
        raise SettingError(
            _("A curve that is measured by a server leaves no folder here."),
            _("Leave --output out; --json prints the numbers."),
        )
    with servers.server() as server:
        version = server.version(path, recipe.task.name, settings)
        made = server.run("curve", {"version": version, "recipe": servers.as_job(recipe), "points": points})
    return LearningCurve.from_dict(made["curve"])


def _refuse_to_overwrite(files: Iterable[Path]) -> None:
    there = [str(file) for file in files if file.exists()]
    if there:
        raise SettingError(
            _("There is something already at {files}.").format(files=", ".join(there)),
            _("Name another folder, or remove the files first."),
        )
