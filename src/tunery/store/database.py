"""The database behind a workspace: how connections are set up, on SQLite and on Postgres."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from tunery.errors import MissingExtraError
from tunery.i18n import _
from tunery.store.failures import StoreError

WRITING = "tunery_writing"
"""The execution option of transactions that write."""
_PATIENCE_MS = 15_000
"""How long a write waits for another process's."""

_CACHE_KB = 16_000
"""What a connection keeps of the database in memory: the indexes of a large import fit in."""


def url_of(written: str | None, folder: Path) -> URL:
    """Return the database's URL.

    Args:
        written: What its user said; None for SQLite in the workspace's folder.
        folder: The workspace's folder.

    Raises:
        StoreError: It can't be read, or is of another kind.
    """
    if written is None:
        return URL.create("sqlite", database=str(folder / "workspace.db"))
    try:
        url = make_url(written)
    except ArgumentError as error:
        raise StoreError(
            _("{url!r} is not the URL of a database.").format(url=written),
            _("Write postgresql://user@host/name, or leave it out for SQLite."),
        ) from error
    kind = url.get_backend_name()
    if kind in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and url.database and url.database != ":memory:":
        return url
    raise StoreError(
        _("A workspace can't lie in {kind}.").format(kind=kind),
        _("Write postgresql://user@host/name, or leave it out for SQLite."),
    )


def connect(url: URL) -> Engine:
    """Return an engine with foreign keys on and, on SQLite, a write-ahead log that is synced at each commit.

    Raises:
        MissingExtraError: Postgres is asked for, and its driver is not installed.
    """
    try:
        engine = create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
    except ModuleNotFoundError:
        raise MissingExtraError("postgres", _("A workspace in Postgres")) from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite`, not by the driver
    for pragma in (
        f"busy_timeout={_PATIENCE_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # what was acknowledged outlasts a power cut
        "foreign_keys=ON",
        f"cache_size=-{_CACHE_KB}",
        "secure_delete=ON",  # a deleted text is overwritten, not only forgotten
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later could find that another has written in between, and fail.
    writes = connection.get_execution_options().get(WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
