"""``tunery serve``: models behind an API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tunery.cli import arguments
from tunery.cli.options import Setting, settings_of
from tunery.cli.output import say
from tunery.errors import MissingExtraError
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.store.settings import WorkspaceSettings


def serve(
    endpoints: Annotated[list[str], arguments.named_models()],
    **values: object,
) -> None:
    """Serve models until Ctrl-C."""
    from tunery.serving import supervisor
    from tunery.serving.settings import ServingSettings
    from tunery.settings import build
    from tunery.store.settings import WorkspaceSettings

    given = {name: value for name, value in values.items() if value is not None}
    place = {name: given.pop(name) for name in WorkspaceSettings.model_fields if name in given}
    workspace = build(WorkspaceSettings, place) if place else None
    if workspace is not None:
        _check(workspace)
    supervisor.serve(arguments.by_name(endpoints), build(ServingSettings, given), _tell, workspace=workspace)


def settings() -> list[Setting]:
    """Return the settings of a server."""
    from tunery.serving.settings import ServingSettings
    from tunery.store.settings import WorkspaceSettings

    recording = settings_of(WorkspaceSettings, _("Recording of requests, where one of these is given"))
    return [*settings_of(ServingSettings, _("Server")), *recording]


def _check(workspace: WorkspaceSettings) -> None:
    """Make sure that there is such a workspace now. While the server runs, it may go away and come back."""
    try:
        from tunery.store.workspace import Workspace
    except ImportError:
        raise MissingExtraError("app", _("Recording requests")) from None
    Workspace.open(workspace, create=False).close()


def _tell(url: str) -> None:
    say(_("Serving on {url}  (description: {url}/docs)").format(url=url))
