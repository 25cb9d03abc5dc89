"""``tunery serve``: models behind an API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunery.cli.options import Setting, settings_of
from tunery.cli.output import say
from tunery.errors import SettingError
from tunery.i18n import _


def serve(
    endpoints: Annotated[
        list[str],
        typer.Argument(metavar="[NAME=]MODEL...", help=_("Folders of models, each with the name callers use for it.")),
    ],
    **values: object,
) -> None:
    """Serve models until Ctrl-C."""
    from tunery.serving import supervisor
    from tunery.serving.settings import ServingSettings
    from tunery.settings import build

    given = {name: value for name, value in values.items() if value is not None}
    supervisor.serve(_named(endpoints), build(ServingSettings, given), _tell)


def settings() -> list[Setting]:
    """Return the settings of a server."""
    from tunery.serving.settings import ServingSettings

    return settings_of(ServingSettings, _("Server"))


def _named(models: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for model in models:
        name, equals, folder = model.partition("=")
        path = Path(folder if equals else model)
        name = name if equals else path.resolve().name
        if name in found:
            raise SettingError(
                _("Two models have the name {name}.").format(name=name),
                _("Give each its own: NAME=FOLDER."),
            )
        found[name] = path
    return found


def _tell(url: str) -> None:
    say(_("Serving on {url}  (description: {url}/docs)").format(url=url))
