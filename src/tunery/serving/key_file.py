"""The SQLite file that keys and what they have used are kept in: opening, schema, and errors in words."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tunery.errors import ModelError, SettingError, reason_of
from tunery.i18n import _

VERSION = 1
"""Of the schema, kept as ``PRAGMA user_version``."""
_APPLICATION = 0x54_4B_45_59
"""Marks the file as one of keys (``PRAGMA application_id``), so that no other database is taken for one."""
_MAGIC = b"SQLite format 3\0"
_PATIENCE = 5.0
"""Seconds that opening waits for other processes, which may be opening it for the first time too."""
_PATIENCE_THEN = 1.0
"""Seconds that a write waits for another process's. A write takes microseconds, with a sync milliseconds."""

_SCHEMA = """
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,  -- SHA-256 of the key; the key itself is nowhere
    name TEXT NOT NULL,
    endpoints TEXT NOT NULL,      -- a JSON list; ["*"] is all
    admin INTEGER NOT NULL,
    rate TEXT,
    quota TEXT,
    created TEXT NOT NULL,        -- ISO 8601, UTC
    revoked TEXT
);
CREATE TABLE usage (
    key TEXT NOT NULL,
    kind TEXT NOT NULL,           -- sliding (a rate) or fixed (a quota)
    period INTEGER NOT NULL,      -- the number of the window since 1970
    used INTEGER NOT NULL,
    PRIMARY KEY (key, kind, period)
) WITHOUT ROWID;
CREATE TABLE revision (
    number INTEGER NOT NULL       -- grows whenever a key is created or revoked
);
INSERT INTO revision VALUES (0);
"""


def open_file(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open a file of keys; a new one may be read and written by its owner alone.

    Args:
        path: The file.
        create: Make it where there is none.

    Raises:
        SettingError: It isn't there, or can't be read and written.
        ModelError: It is something else, damaged, or of a later version.
    """
    _prepare(path, create=create)
    with in_words(path):
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            _set_up(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn what SQLite says about ``path`` into an error that can be read.

    Raises:
        SettingError: The file can't be read or written.
        ModelError: It is not a file of keys, or damaged.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        raise SettingError(
            _("The file of keys {path} can't be used: {reason}.").format(path=path, reason=error),
            _("Check that you may write to it and its folder, that the disk is not full, and that it is a local one."),
        ) from error
    except sqlite3.ProgrammingError:
        raise  # a mistake in here, not in the file
    except (sqlite3.DatabaseError, ValueError) as error:
        raise _foreign(path, str(error)) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing, with no other process writing in between."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _prepare(path: Path, *, create: bool) -> None:
    if not create and not path.exists():
        raise SettingError(
            _("There is no file of keys at {path}.").format(path=path),
            _("Make it together with its first key: tunery keys create --file {path} --name NAME").format(path=path),
        )
    try:
        # SQLite would make the file with the mode of the umask, and gives its -wal and -shm the mode of the file.
        with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "rb") as file:  # noqa: PTH123 - a descriptor
            begins = file.read(len(_MAGIC))
    except OSError as error:
        raise SettingError(
            _("The file of keys {path} can't be used: {reason}.").format(path=path, reason=reason_of(error)),
            _("Name a file in a folder that you may write to."),
        ) from None
    # SQLite takes very short files for empty ones and would write over them.
    if begins and begins != _MAGIC:
        raise _foreign(path, _("it is no SQLite database"))


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    # Whose file it is comes first: nothing is written into a stranger's. All that says so is read in one transaction:
    # another process may be making the file between two of its reads.
    connection.execute("BEGIN")
    try:
        known = _is_known(connection, path)
    finally:
        if connection.in_transaction:  # SQLite may have rolled back by itself
            connection.execute("ROLLBACK")
    if not known:
        _make(connection, path)
    _use_wal(connection)
    # Without a sync for each commit: a process that dies loses nothing, a power cut the last counts. Keys are synced.
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA busy_timeout={int(_PATIENCE_THEN * 1000)}")


def _is_known(connection: sqlite3.Connection, path: Path) -> bool:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not application and not version and not tables:
        return False
    if application != _APPLICATION:
        raise _foreign(path, _("it is another program's database"))
    if version != VERSION:
        raise ModelError(
            _("The file of keys {path} is of version {found}, this Tunery reads {known}.").format(
                path=path, found=version, known=VERSION
            ),
            _("Use the Tunery that wrote it, or a later one."),
        )
    return True


def _make(connection: sqlite3.Connection, path: Path) -> None:
    with transaction(connection):
        if _is_known(connection, path):  # another process was faster
            return
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={_APPLICATION}")
        connection.execute(f"PRAGMA user_version={VERSION}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Let readers and a writer not wait for each other; changing to it needs the file for a moment alone."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
            continue
        if mode != "wal":
            raise sqlite3.OperationalError(f"journal mode {mode}")
        return


def _foreign(path: Path, reason: str) -> ModelError:
    return ModelError(
        _("{path} is not a file of keys, or it is damaged: {reason}.").format(path=path, reason=reason),
        _("Name the file that tunery keys create has written, or restore it from a copy."),
    )
