"""``tunery models``: choose a base model before anything is tuned; list and fetch a server's models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tunery
from tunery.cli import arguments, servers
from tunery.cli.options import pairs
from tunery.cli.output import STDOUT, aligned, save, say, show, to_json, write, write_json
from tunery.errors import ModelError
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.tuning.ranking import Ranking

_SHOWN = 12
"""Characters of a model's id that tell it from others."""


def rank(
    bases: Annotated[list[str], typer.Argument(metavar="BASE...", help=_("Sources of the base models to compare."))],
    data: Annotated[str, arguments.data()],
    task: Annotated[str, arguments.task()],
    json: Annotated[Path | None, arguments.json()] = None,
    settings: Annotated[list[str] | None, arguments.settings()] = None,
) -> None:
    """Print the base models, the nearest to the task first; exit 1 if none can be used."""
    if servers.wanted():
        ranking = _ranked_there(bases, data, task, pairs(settings))
    else:
        ranking = tunery.rank(tunery.load_data(data, task, **pairs(settings)), bases, task)
    if json is not None:
        save(json, to_json(ranking.to_dict()))
    if json != STDOUT:
        show(ranking)
    if ranking.best is None:
        raise ModelError(
            _("None of the base models can be used."), _("The reason for each stands above; check the sources.")
        )


def list_models(
    number: Annotated[int, typer.Option("--number", metavar="<int>", help=_("How many of the newest."))] = 20,
    as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON instead of words."))] = False,
) -> None:
    """Print a project's models, the newest first."""
    with servers.server() as server:
        params = {"limit": max(1, min(number, 1000))}
        found = server.ask("GET", server.in_project("/models"), params=params)["items"]
    if as_json:
        write_json({"models": found})
        return
    titles = (_("model"), _("name"), _("task"), _("created"))
    lines = [(one["id"][:_SHOWN], one["name"] or "-", one["task"], one["created"][:19]) for one in found]
    for line in aligned([titles, *lines]):
        write(line)


def download(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=_("The model's name or id on the server."))],
    output: Annotated[Path, typer.Option("--output", metavar="<folder>", help=_("Folder for the model."))],
) -> None:
    """Fetch a model's folder, and print where it is."""
    servers.vacant(output)
    with servers.server() as server:
        server.download(server.model(model), output)
    write(str(output))
    say(_('Use it:      tunery predict {folder} "..."').format(folder=output))


def _ranked_there(bases: list[str], data: str, task: str, settings: dict[str, str]) -> Ranking:
    from tunery.tuning.ranking import Ranking

    with servers.server() as server:
        made = server.run("rank", {"version": server.version(data, task, settings), "bases": bases})
    return Ranking.from_dict(made["ranking"])
