"""``tunery worker``: one more machine that does a workspace's jobs."""

from __future__ import annotations

from tunery.cli.options import Setting, settings_of
from tunery.cli.output import say
from tunery.errors import MissingExtraError
from tunery.i18n import _


def worker(**values: object) -> None:
    """Do the jobs of a workspace until Ctrl-C."""
    from tunery.settings import build
    from tunery.store.settings import WorkspaceSettings

    try:
        from tunery.app.jobs.settings import JobSettings
        from tunery.app.jobs.working import work
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("tunery"):
            raise
        raise MissingExtraError("app,serve,tune", _("The application")) from None

    given = {name: value for name, value in values.items() if value is not None}
    where = {name: value for name, value in given.items() if name in WorkspaceSettings.model_fields}
    how = {name: value for name, value in given.items() if name not in where}
    work(build(WorkspaceSettings, where), build(JobSettings, how), lambda: say(_("Ready for jobs. Ctrl-C ends it.")))
    say(_("Stopped."))


def settings() -> list[Setting]:
    """Return the settings of a workspace and of its jobs."""
    from tunery.app.jobs.settings import JobSettings
    from tunery.store.settings import WorkspaceSettings

    return [*settings_of(WorkspaceSettings, _("Workspace")), *settings_of(JobSettings, _("Jobs"))]
