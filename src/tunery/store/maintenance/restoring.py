"""A backup into an empty workspace."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from alembic.migration import MigrationContext
from pydantic import ValidationError
from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from tunery import progress
from tunery.errors import reason_of
from tunery.i18n import _
from tunery.store.failures import ConflictError, StoreError
from tunery.store.maintenance import archive
from tunery.store.maintenance.archive import Manifest
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Job, Run, Setting
from tunery.store.workspace import Workspace

_PIECE = 1 << 20
_CHUNK = 1000
_LONGEST_MANIFEST = 1 << 30


def restore(source: Path, settings: WorkspaceSettings) -> Manifest:
    """Fill an empty workspace from a backup, on whatever kind of store; nothing is there before all was checked.

    Jobs that had not ended are failed ones: whoever wants them starts them again.

    Args:
        source: What `tunery.store.maintenance.backup` wrote.
        settings: Where the workspace will be.

    Raises:
        ConflictError: There is something in the workspace.
        StoreError: The archive can't be used.
    """
    with _opened(source) as file:
        manifest = _manifest(file, source)
        with Workspace.open(settings) as workspace:
            _refuse_other_tables(workspace, manifest)
            _refuse_if_used(workspace)
            _read_blobs(workspace, file, manifest, source)
            with workspace.writing() as session:
                session.execute(delete(Setting))
                for table in archive.tables():
                    _read_table(session, file, table, manifest, source)
                _end_jobs(session)
    return manifest


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except OSError as error:
        raise StoreError(
            _("{path} can't be read: {reason}.").format(path=source, reason=reason_of(error)), _("Check the path.")
        ) from error
    except zipfile.BadZipFile as error:
        raise _unusable(source) from error


def _manifest(file: zipfile.ZipFile, source: Path) -> Manifest:
    try:
        with file.open(archive.MANIFEST) as stream:
            manifest = Manifest.model_validate_json(stream.read(_LONGEST_MANIFEST))
    except (KeyError, ValidationError, zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise _unusable(source) from error
    if manifest.format > archive.FORMAT:
        raise _of_another_version(manifest)
    return manifest


def _refuse_other_tables(workspace: Workspace, manifest: Manifest) -> None:
    with workspace.engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() != manifest.revision:
            raise _of_another_version(manifest)


def _refuse_if_used(workspace: Workspace) -> None:
    with workspace.reading() as session:
        for table in archive.tables():
            if table.name != Setting.__tablename__ and session.scalar(select(func.count()).select_from(table)):
                raise ConflictError(
                    _("The workspace {folder} is not empty.").format(folder=workspace.folder),
                    _("Restore into a new one, named with --workspace (and --database, --blobs)."),
                )


def _read_blobs(workspace: Workspace, file: zipfile.ZipFile, manifest: Manifest, source: Path) -> None:
    with progress.bar(_("Restore"), sum(manifest.blobs.values()), in_bytes=True) as bar:
        for digest, size in manifest.blobs.items():
            with NamedTemporaryFile(dir=workspace.folder, prefix=".restore.") as part:
                found = hashlib.sha256()
                for piece in _pieces(file, archive.place_of_blob(digest), size, source):
                    found.update(piece)
                    part.write(piece)
                    bar.advance(len(piece))
                part.flush()
                if found.hexdigest() != digest:
                    raise _unusable(source)
                workspace.blobs.put(Path(part.name))


def _pieces(file: zipfile.ZipFile, name: str, size: int, source: Path) -> Iterator[bytes]:
    """Yield the bytes of an entry: as many as it is said to have, and not one more."""
    left = size
    try:
        with file.open(name) as stream:
            while piece := stream.read(min(_PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    break
                yield piece
    except (KeyError, EOFError, OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise _unusable(source) from error
    if left:
        raise _unusable(source)


def _read_table(session: Session, file: zipfile.ZipFile, table: Table, manifest: Manifest, source: Path) -> None:
    # A row may refer to a later one of its own table; those references are added when all rows are there.
    own = [column.name for column in table.columns if any(key.column.table is table for key in column.foreign_keys)]
    references: dict[str, list[dict[str, Any]]] = {name: [] for name in own}
    digest = hashlib.sha256()
    rows: list[dict[str, Any]] = []
    number = 0
    for line in _lines(file, table, source):
        digest.update(line)
        values = _values(line, table, source)
        for name in own:
            if values[name] is not None:
                references[name].append({"this_row": values["id"], "that_row": values[name]})
                values[name] = None
        rows.append(values)
        number += 1
        if len(rows) == _CHUNK:
            session.execute(insert(table), rows)
            rows = []
    if rows:
        session.execute(insert(table), rows)
    for name, pairs in references.items():
        if pairs:
            refer = update(table).where(table.c.id == bindparam("this_row")).values({name: bindparam("that_row")})
            session.connection().execute(refer, pairs)
    entry = manifest.tables.get(table.name)
    if entry is None or (entry.rows, entry.sha256) != (number, digest.hexdigest()):
        raise _unusable(source)


def _lines(file: zipfile.ZipFile, table: Table, source: Path) -> Iterator[bytes]:
    try:
        with file.open(archive.place_of_table(table.name)) as stream:
            yield from stream
    except (KeyError, EOFError, OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise _unusable(source) from error


def _values(line: bytes, table: Table, source: Path) -> dict[str, Any]:
    try:
        found = json.loads(line)
        if set(found) != set(table.columns.keys()):
            raise ValueError("other columns")
        return {name: archive.from_plain(value, table.columns[name]) for name, value in found.items()}
    except (ValueError, TypeError, RecursionError) as error:
        raise _unusable(source) from error


def _end_jobs(session: Session) -> None:
    error = {
        "message": _("The workspace was restored from a backup that was made before this job ended."),
        "hint": _("Start it again."),
    }
    unfinished = ["queued", "running"]
    session.execute(
        update(Job).where(Job.state.in_(unfinished)).values(state="failed", error=error, ended=datetime.now(UTC))
    )
    session.execute(update(Run).where(Run.state.in_(unfinished)).values(state="failed", ended=datetime.now(UTC)))


def _unusable(source: Path) -> StoreError:
    return StoreError(
        _("{path} is not a backup of a workspace, or is damaged. Nothing was restored.").format(path=source),
        _("Use another backup; they are made with tunery workspace backup."),
    )


def _of_another_version(manifest: Manifest) -> StoreError:
    return StoreError(
        _("The backup was made by Tunery {version}, whose tables are others.").format(version=manifest.tunery),
        _('Restore it with that version (pip install "tunery[app]=={version}"), then bring Tunery up to date.').format(
            version=manifest.tunery
        ),
    )
