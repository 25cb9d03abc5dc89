"""``tunery up``: the whole application over one workspace."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel

from tunery.cli.options import Setting, settings_of
from tunery.cli.output import say, write
from tunery.errors import MissingExtraError
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.app.parts import Parts


def up(
    open_: Annotated[bool, typer.Option("--open", help=_("Open it in the browser, too."))] = False,
    **values: object,
) -> None:
    """Run the application until Ctrl-C."""
    from tunery.app.jobs.settings import JobSettings
    from tunery.app.settings import AppSettings
    from tunery.settings import build
    from tunery.store.settings import WorkspaceSettings

    try:
        from tunery.app import up as application
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("tunery"):
            raise
        raise MissingExtraError("app,serve,tune", _("The application")) from None

    given = {name: value for name, value in values.items() if value is not None}

    def of(model: type[BaseModel]) -> dict[str, object]:
        return {name: value for name, value in given.items() if name in model.model_fields}

    def tell(parts: Parts) -> None:
        _tell(parts)
        if open_:
            webbrowser.open(parts.settings.url)

    application.up(
        build(WorkspaceSettings, of(WorkspaceSettings)),
        build(AppSettings, of(AppSettings)),
        build(JobSettings, of(JobSettings)),
        tell,
    )
    say(_("Stopped."))


def settings() -> list[Setting]:
    """Return the settings of a workspace, of the application and of its jobs."""
    from tunery.app.jobs.settings import JobSettings
    from tunery.app.settings import AppSettings
    from tunery.store.settings import WorkspaceSettings

    return [
        *settings_of(WorkspaceSettings, _("Workspace")),
        *settings_of(AppSettings, _("Application")),
        *settings_of(JobSettings, _("Jobs")),
    ]


def _tell(parts: Parts) -> None:
    if parts.settings.address is not None:
        say(_("Listening on {address}").format(address=parts.settings.listening))
    say(_("Workspace: {folder}").format(folder=parts.workspace.folder))
    if parts.set_up_code is not None:
        say(_("Code for the first account: {code}").format(code=parts.set_up_code))
    say(_("Ctrl-C stops it."))
    write(parts.settings.url)
