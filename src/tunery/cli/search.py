"""``tunery search``: many short runs, and whole ones of the best, for settings that are better than the defaults."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tunery
from tunery.cli import arguments, servers
from tunery.cli.options import pairs
from tunery.cli.output import say, show, write
from tunery.errors import SettingError
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.tuning.recipe import Recipe


def search(
    data: Annotated[str, arguments.data()],
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="<folder>", help=_("Folder for the best model and what was tried.")),
    ] = None,
    task: Annotated[str | None, arguments.task()] = None,
    strategy: Annotated[str | None, arguments.strategy()] = None,
    recipe: Annotated[Path | None, arguments.recipe()] = None,
    trials: Annotated[
        int,
        typer.Option(
            "--trials",
            metavar="<int>",
            help=_("How many settings are tried, in short runs; the first are the defaults."),
        ),
    ] = 16,
    resume: Annotated[
        bool, typer.Option("--resume", help=_("Go on with the search that was interrupted in the output folder."))
    ] = False,
    settings: Annotated[list[str] | None, arguments.settings()] = None,
    **values: object,
) -> None:
    """Print where the result is, what was tried, and how much better than the defaults the best is."""
    from tunery.tuning.recipe import Recipe

    # The recipe comes first: a wrong setting should not wait for a download.
    complete = Recipe.of(recipe, None, {"task": task, "strategy": strategy, **values})
    if servers.wanted():
        _search_there(data, complete, output, trials, pairs(settings))
        return
    if output is None:
        raise SettingError(_("No folder for the result is named."), _("Give one, for example --output my-search."))
    dataset = tunery.load_data(data, complete.task.name, **pairs(settings))
    found = tunery.search(dataset, recipe=complete, trials=trials, output=output, resume=resume)
    show(found)
    write(str(found.model.folder))
    say(_("Measure it:  tunery evaluate {folder} --data {data}").format(folder=found.model.folder, data=data))


def _search_there(data: str, recipe: Recipe, output: Path | None, trials: int, settings: dict[str, str]) -> None:
    from tunery.tuning.search_result import Tried

    servers.vacant(output)
    with servers.server() as server:
        version = server.version(data, recipe.task.name, settings)
        made = server.run("search", {"version": version, "recipe": servers.as_job(recipe), "trials": trials})
        servers.fetch(server, made["model"], output)
    show(Tried.from_dict(made["search"]))
    write(str(output or made["model"]))
