"""A workspace into one file."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, select
from sqlalchemy.orm import Session

from tunery import __version__, progress
from tunery.errors import reason_of
from tunery.i18n import _
from tunery.store.failures import StoreError, in_words
from tunery.store.maintenance import archive, needed
from tunery.store.maintenance.archive import Manifest, TableEntry
from tunery.store.tables import Blob
from tunery.store.workspace import Workspace

_PIECE = 1 << 20
_CHUNK = 1000


def backup(workspace: Workspace, target: Path) -> Manifest:
    """Write a workspace into one archive, as it is at this moment, while it may be used.

    The file holds secrets and texts, and only its owner may read it. It appears whole or not at all.

    Raises:
        StoreError: It can't be written, or a file of the workspace is missing.
    """
    now = datetime.now(UTC)
    with _whole(target) as path, zipfile.ZipFile(path, "w", allowZip64=True) as file, _moment(workspace) as connection:
        blobs = _blobs(connection)
        with progress.bar(_("Backup"), sum(blobs.values()), in_bytes=True) as bar:
            for digest in blobs:
                _write_blob(workspace, file, digest, bar)
        tables = {table.name: _write_table(connection, file, table, blobs) for table in archive.tables()}
        manifest = Manifest(
            tunery=__version__, revision=str(MigrationContext.configure(connection).get_current_revision()),
            created=now, tables=tables, blobs=blobs,
        )  # fmt: skip
        file.writestr(archive.MANIFEST, manifest.model_dump_json(indent=1))
    return manifest


@contextmanager
def _moment(workspace: Workspace) -> Iterator[Connection]:
    """Read everything as it is at one moment, whatever others write meanwhile."""
    with in_words(str(workspace.folder)), workspace.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def _blobs(connection: Connection) -> dict[str, int]:
    with Session(connection) as session:
        wanted = needed.blobs(session)
    sizes = connection.execute(select(Blob.hash, Blob.size).order_by(Blob.hash)).all()
    return {digest: size for digest, size in sizes if digest in wanted}


def _write_blob(workspace: Workspace, file: zipfile.ZipFile, digest: str, bar: progress.Bar) -> None:
    # The weights of models don't get smaller.
    entry = zipfile.ZipInfo(archive.place_of_blob(digest))
    found = hashlib.sha256()
    with workspace.blobs.open(digest) as source, file.open(entry, "w", force_zip64=True) as out:
        while piece := source.read(_PIECE):
            found.update(piece)
            out.write(piece)
            bar.advance(len(piece))
    if found.hexdigest() != digest:
        raise StoreError(
            _("The file {name} of the workspace is damaged.").format(name=digest),
            _("Look with tunery workspace check; a backup of it would be worth nothing."),
        )


def _write_table(connection: Connection, file: zipfile.ZipFile, table: Table, blobs: dict[str, int]) -> TableEntry:
    entry = zipfile.ZipInfo(archive.place_of_table(table.name))
    entry.compress_type = zipfile.ZIP_DEFLATED
    digest = hashlib.sha256()
    rows = 0
    statement = select(table).order_by(*table.primary_key.columns)
    with file.open(entry, "w", force_zip64=True) as out:
        for row in connection.execute(statement, execution_options={"yield_per": _CHUNK}).mappings():
            if table.name == Blob.__tablename__ and row["hash"] not in blobs:
                continue
            values = {name: archive.to_plain(value) for name, value in row.items()}
            line = f"{json.dumps(values, separators=(',', ':'))}\n".encode()
            digest.update(line)
            out.write(line)
            rows += 1
    return TableEntry(rows=rows, sha256=digest.hexdigest())


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    part: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            part = Path(file.name)
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except OSError as error:
        raise StoreError(
            _("{path} can't be written: {reason}.").format(path=target, reason=reason_of(error)),
            _("Name a file in a folder that you may write to, where there is room."),
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
