"""``tunery evaluate`` and ``tunery compare``: measure a model, or two against each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

import tunery
from tunery.cli import arguments, servers
from tunery.cli.options import pairs
from tunery.cli.output import STDOUT, save, to_json, write
from tunery.errors import SettingError
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.data.dataset import Split
    from tunery.models.model import Model


class _Result(Protocol):
    """What a measurement can be turned into."""

    def to_dict(self) -> dict[str, object]: ...

    def to_html(self) -> str: ...


def evaluate(
    model: Annotated[Path, arguments.model()],
    data: Annotated[str, arguments.data()],
    split: Annotated[str, arguments.split()] = "test",
    html: Annotated[Path | None, arguments.html()] = None,
    json: Annotated[Path | None, arguments.json()] = None,
    settings: Annotated[list[str] | None, arguments.settings()] = None,
) -> None:
    """Print a report with intervals, baselines and the worst mistakes."""
    if servers.wanted():
        _publish(_evaluated_there(str(model), data, split, pairs(settings)), html, json)
        return
    loaded = tunery.load_model(model)
    _publish(tunery.evaluate(loaded, _examples(loaded, data, split, settings)), html, json)


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help=_("Folder of the model that is there."))],
    second: Annotated[Path, typer.Argument(metavar="B", help=_("Folder of the model that may be better."))],
    data: Annotated[str, arguments.data()],
    split: Annotated[str, arguments.split()] = "test",
    html: Annotated[Path | None, arguments.html()] = None,
    json: Annotated[Path | None, arguments.json()] = None,
    settings: Annotated[list[str] | None, arguments.settings()] = None,
) -> None:
    """Print the difference between two models with its interval and p-value."""
    one, other = tunery.load_model(first), tunery.load_model(second)
    if one.task.name != other.task.name:
        raise SettingError(
            _("{first} is for {one}, {second} for {other}: they can't be compared.").format(
                first=first, one=one.task.name, second=second, other=other.task.name
            ),
            _("Compare two models of the same task."),
        )
    _publish(tunery.compare(one, other, _examples(one, data, split, settings)), html, json)


def _evaluated_there(name: str, data: str, split: str, settings: dict[str, str]) -> _Result:
    from tunery.evaluation.report import Report

    with servers.server() as server:
        model = server.model(name)
        task = str(server.ask("GET", f"/models/{model}")["task"])
        arguments_of_it = {"model": model, "version": server.version(data, task, settings), "split": split}
        made = server.run("evaluate", arguments_of_it)
        return Report.model_validate(server.ask("GET", f"/reports/{made['report']}")["summary"])


def _examples(model: Model, source: str, split: str, settings: list[str] | None) -> Split:
    data = tunery.load_data(source, model.task.name, **pairs(settings))
    if split not in data:
        raise SettingError(
            _("The data has no split {split}.").format(split=split),
            _("There are: {names}.").format(names=", ".join(data)),
        )
    return data[split]


def _publish(result: _Result, html: Path | None, json: Path | None) -> None:
    if json is not None:
        save(json, to_json(result.to_dict()))
    if html is not None:
        save(html, result.to_html())
    if STDOUT not in (html, json):
        write(str(result))
