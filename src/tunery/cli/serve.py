"""``tunery serve``: models behind an API."""

from __future__ import annotations

from typing import Annotated

from tunery.cli import arguments
from tunery.cli.options import Setting, settings_of
from tunery.cli.output import say
from tunery.i18n import _


def serve(
    endpoints: Annotated[list[str], arguments.named_models()],
    **values: object,
) -> None:
    """Serve models until Ctrl-C."""
    from tunery.serving import supervisor
    from tunery.serving.settings import ServingSettings
    from tunery.settings import build

    given = {name: value for name, value in values.items() if value is not None}
    supervisor.serve(arguments.by_name(endpoints), build(ServingSettings, given), _tell)


def settings() -> list[Setting]:
    """Return the settings of a server."""
    from tunery.serving.settings import ServingSettings

    return settings_of(ServingSettings, _("Server"))


def _tell(url: str) -> None:
    say(_("Serving on {url}  (description: {url}/docs)").format(url=url))
