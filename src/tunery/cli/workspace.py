"""``tunery workspace``: what a workspace holds, its backups, and whether it is sound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunery.cli.options import Setting, settings_of
from tunery.cli.output import say, write, write_json
from tunery.errors import MissingExtraError
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.store.settings import WorkspaceSettings
    from tunery.store.workspace import Workspace


def _json() -> Any:
    return typer.Option("--json", help=_("Print JSON instead of words."))


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("Where the backup is written."))], **values: object
) -> None:
    """Write a workspace into one file."""
    maintenance = _maintenance()
    with _opened(values) as workspace:
        manifest = maintenance.backup(workspace, file)
    say(
        _("{file} holds the workspace: {rows} rows and {files} files. It holds secrets too; keep it safe.").format(
            file=file, rows=sum(entry.rows for entry in manifest.tables.values()), files=len(manifest.blobs)
        )
    )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("A backup."))],
    **values: object,
) -> None:
    """Fill an empty workspace from a backup."""
    maintenance = _maintenance()
    settings = _settings(values)
    manifest = maintenance.restore(file, settings)
    say(
        _("The workspace in {folder} is as it was at {time}.").format(
            folder=settings.workspace, time=manifest.created.isoformat(timespec="seconds")
        )
    )


def check(as_json: Annotated[bool, _json()] = False, **values: object) -> None:
    """Say everything that is wrong with a workspace."""
    maintenance = _maintenance()
    with _opened(values) as workspace:
        faults = maintenance.check(workspace)
    if as_json:
        write_json({"faults": [asdict(fault) for fault in faults]})
    for fault in () if as_json else faults:
        write(fault.message)
    if not as_json and not faults:
        say(_("Nothing is wrong with the workspace."))
    if faults:
        raise typer.Exit(1)


def gc(as_json: Annotated[bool, _json()] = False, **values: object) -> None:
    """Remove what nobody needs any more."""
    maintenance = _maintenance()
    with _opened(values) as workspace:
        freed = maintenance.gc(workspace)
    if as_json:
        write_json({"freed": freed})
    else:
        say(_("{size} MB are free again.").format(size=f"{freed / 1e6:.1f}"))


def info(as_json: Annotated[bool, _json()] = False, **values: object) -> None:
    """Say where a workspace lies and what it holds."""
    _maintenance()
    from tunery.store import contents

    with _opened(values) as workspace:
        found = contents.of(workspace)
        places: dict[str, object] = {
            "workspace": str(workspace.folder),
            "database": workspace.engine.url.render_as_string(hide_password=True),
            "blobs": workspace.blobs.url,
        }
    if as_json:
        write_json(places | found)
        return
    names = {
        "workspace": _("Workspace"), "database": _("Database"), "blobs": _("Files"), "users": _("Users"),
        "projects": _("Projects"), "data_sets": _("Data sets"), "versions": _("Versions"), "rows": _("Rows"),
        "models": _("Models"), "endpoints": _("Endpoints"), "requests": _("Requests"),
        "bytes": _("Bytes of files"),
    }  # fmt: skip
    for name, value in (places | found).items():
        write(f"{names[name]}: {value}")


def settings() -> list[Setting]:
    """Return the settings of a workspace."""
    from tunery.store.settings import WorkspaceSettings

    return settings_of(WorkspaceSettings, _("Workspace"))


def _settings(values: dict[str, object]) -> WorkspaceSettings:
    from tunery.settings import build
    from tunery.store.settings import WorkspaceSettings

    return build(WorkspaceSettings, {name: value for name, value in values.items() if value is not None})


def _maintenance() -> ModuleType:
    try:
        from tunery.store import maintenance
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("tunery"):
            raise
        raise MissingExtraError("app", _("A workspace")) from None
    return maintenance


@contextmanager
def _opened(values: dict[str, object]) -> Iterator[Workspace]:
    from tunery.store.workspace import Workspace

    with Workspace.open(_settings(values), create=False) as workspace:
        yield workspace
