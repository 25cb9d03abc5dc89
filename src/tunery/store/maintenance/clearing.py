"""Clearing up what nobody needs any more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Table, delete, exists, select
from sqlalchemy.orm import Session

from tunery.store import rows
from tunery.store.failures import NotFoundError
from tunery.store.maintenance import needed
from tunery.store.tables import Blob, Endpoint, Job, Model, Record, Row
from tunery.store.workspace import Workspace

_YOUNG = timedelta(hours=1)
"""Whoever writes needs no longer between the first byte and the end of the transaction."""
_UNUSED = timedelta(days=7)
"""After this time a copy of a model that no endpoint serves is made again when it is needed."""
_ENDED = ("done", "failed", "cancelled")
_CHUNK = 500
_ROWS: Table = Row.__table__  # type: ignore[assignment]  # a table


def gc(workspace: Workspace, *, now: datetime | None = None) -> int:
    """Remove blobs and rows that nothing needs, copies of models that nobody uses, and folders of jobs that have ended.

    What is younger than an hour stays, so that nobody loses what they are writing.

    Args:
        workspace: What to clear up.
        now: The time to go by.

    Returns:
        How many bytes were freed.
    """
    now = now or datetime.now(UTC)
    freed = workspace.blobs.clear_parts(now - _YOUNG)
    freed += _clear_blobs(workspace, now - _YOUNG)
    _clear_rows(workspace, now - _YOUNG)
    return freed + _clear_folders(workspace, now)


def _clear_blobs(workspace: Workspace, before: datetime) -> int:
    with workspace.reading() as session:
        used = needed.blobs(session)
        recorded = {blob.hash: blob for blob in session.scalars(select(Blob))}
    stored = set(workspace.blobs)
    freed = 0
    for digest in sorted((stored | set(recorded)) - used):
        if digest in stored:
            with suppress(NotFoundError):
                if workspace.blobs.modified(digest) > before:
                    continue
        with workspace.writing() as session:
            freed += _clear_blob(workspace, session, digest, before)
    return freed


def _clear_blob(workspace: Workspace, session: Session, digest: str, before: datetime) -> int:
    """Remove a blob and its record, unless somebody has written it down since.

    The record is held until the bytes are gone: who wants to keep the same bytes waits, and then writes them anew.
    """
    session.execute(rows.insert_missing(session, Blob), {"hash": digest, "size": 0, "created": before})
    held = session.scalar(select(Blob).where(Blob.hash == digest).with_for_update())
    if held is None or held.created > before or digest in needed.blobs(session):
        return 0
    size = workspace.blobs.size(digest)
    session.execute(delete(Blob).where(Blob.hash == digest))
    workspace.blobs.remove(digest)
    return size


def _clear_rows(workspace: Workspace, before: datetime) -> None:
    """Remove rows that nothing refers to, as imports leave them that die; what was deleted stays as a mark.

    Whoever writes such a row again makes it new first (`tunery.store.rows.write`), so that it is not taken from them.
    """
    keys = [key for table in Record.metadata.sorted_tables for key in table.foreign_keys if key.references(_ROWS)]
    unused = select(Row.id).where(
        Row.created < before, Row.deleted.is_(None), *(~exists().where(key.parent == Row.id) for key in keys)
    )
    with workspace.reading() as session:
        found = sorted(session.scalars(unused))
    for start in range(0, len(found), _CHUNK):
        with workspace.writing() as session:
            wanted = unused.where(Row.id.in_(found[start : start + _CHUNK])).with_for_update(skip_locked=True)
            session.execute(delete(Row).where(Row.id.in_(session.scalars(wanted).all())))


def _clear_folders(workspace: Workspace, now: datetime) -> int:
    with workspace.reading() as session:
        models = set(session.scalars(select(Model.id)))
        served = {
            name for pair in session.execute(select(Endpoint.champion, Endpoint.challenger)).all() for name in pair
        }
        working = set(session.scalars(select(Job.id).where(Job.state.not_in(_ENDED))))

    def unused_copy(path: Path) -> bool:
        patience = _UNUSED if path.name in models else _YOUNG
        return path.name not in served and _older(path, now - patience)

    def ended_job(path: Path) -> bool:
        return path.name not in working and _older(path, now - _YOUNG)

    return _clear(workspace.place("models"), unused_copy) + _clear(workspace.place("jobs"), ended_job)


def _clear(folder: Path, unneeded: Callable[[Path], bool]) -> int:
    freed = 0
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and unneeded(path):
            freed += _size(path)
            shutil.rmtree(path, ignore_errors=True)
    return freed


def _size(folder: Path) -> int:
    """Return what a folder's removal frees: files that lie in blobs too stay on the disk."""
    found = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            status = path.lstat()
            if path.is_file() and status.st_nlink == 1:
                found += status.st_size
    return found


def _older(path: Path, moment: datetime) -> bool:
    with suppress(OSError):
        return path.stat().st_mtime < moment.timestamp()
    return False
