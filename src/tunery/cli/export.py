"""``tunery export``: a model that was tuned into one that is served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tunery
from tunery.cli import arguments, servers
from tunery.cli.options import pairs
from tunery.cli.output import STDOUT, save, say, show, to_json, write
from tunery.cli.texts import opened, rows
from tunery.errors import SettingError
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.models.model import Model

_TABLES = (".csv", ".tsv", ".xlsx", ".parquet")
"""Files that hold columns rather than a text a line."""


def export(
    model: Annotated[Path, arguments.model()],
    data: Annotated[
        str | None,
        typer.Option(
            "--data", metavar="<text>",
            help=_("Data whose dev answers are compared on. Default: what the model was tuned with."),
        ),
    ] = None,
    format: Annotated[  # noqa: A002 - it becomes the option's name
        str,
        typer.Option(
            "--format", metavar="<auto|onnx|onnx-int8>",
            help=_("What to make; auto measures torch and both, and keeps the fastest that passes."),
        ),
    ] = "auto",
    accuracy: Annotated[
        float | None,
        typer.Option(
            "--accuracy", metavar="<float>",
            help=_("Share of given answers that is to be right: the model abstains below a score that keeps it."),
        ),
    ] = None,
    out_of_scope: Annotated[
        str | None,
        typer.Option(
            "--out-of-scope", metavar="<text>",
            help=_("Texts that no label fits, to choose that score by: a file of texts or JSON lines, or data."),
        ),
    ] = None,
    json: Annotated[Path | None, arguments.json()] = None,
    settings: Annotated[list[str] | None, arguments.settings()] = None,
) -> None:  # fmt: skip
    """Export, and print what was tried and what is used."""
    if settings and data is None:
        raise SettingError(
            _("--set is given without --data."), _("Name the data whose files it is for, or leave it out.")
        )
    if servers.wanted():
        _export_there(str(model), data, format, accuracy, json, pairs(settings))
        return
    loaded = tunery.load_model(model)
    given = None if data is None else tunery.load_data(data, loaded.task.name, **pairs(settings))
    strange = None if out_of_scope is None else _texts(loaded, out_of_scope)
    found = tunery.export(loaded, given, format=format, accuracy=accuracy, out_of_scope=strange)
    if json is not None:
        save(json, to_json(found.to_dict()))
    if json != STDOUT:
        show(found)
    if found.runtime == "torch":
        say(_("Nothing is faster and answers the same: the model is served with torch."))


def _export_there(
    name: str, data: str | None, format: str, accuracy: float | None, json: Path | None, settings: dict[str, str]  # noqa: A002 - as above
) -> None:  # fmt: skip
    with servers.server() as server:
        wanted: dict[str, object] = {"model": server.model(name), "format": format, "accuracy": accuracy}
        if data is not None:
            wanted["version"] = server.version(data, None, settings)
        made = server.run("export", wanted)
    if json is not None:
        save(json, to_json(made))
    if json != STDOUT:
        write(str(made["model"]))


def _texts(model: Model, source: str) -> list[str]:
    """Return the texts of a file, one a line or as JSON lines, or all those of a data set."""
    path = Path(source)
    if path.is_file() and path.suffix.lower() not in _TABLES:
        with opened(path) as file:
            found = [row.text for row in rows(file, path) if row.text.strip()]
    else:
        found = [example.text for split in tunery.load_data(source, model.task.name).values() for example in split]
    if not found:
        raise SettingError(
            _("{path} holds no texts.").format(path=source), _("Give at least one text that no label fits.")
        )
    return found
