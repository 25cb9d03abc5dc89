"""``tunery models``: choose a base model before anything is tuned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tunery
from tunery.cli import arguments, servers
from tunery.cli.options import pairs
from tunery.cli.output import STDOUT, save, show, to_json
from tunery.errors import ModelError
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.tuning.ranking import Ranking


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


def _ranked_there(bases: list[str], data: str, task: str, settings: dict[str, str]) -> Ranking:
    from tunery.tuning.ranking import Ranking

    with servers.server() as server:
        made = server.run("rank", {"version": server.version(data, task, settings), "bases": bases})
    return Ranking.from_dict(made["ranking"])
