"""Blobs that rows refer to: written down before they are written, so that clearing up never takes them away."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tunery.store.blobs import measure
from tunery.store.tables import Blob
from tunery.store.workspace import Workspace


def keep(workspace: Workspace, session: Session, *sources: bytes | Path) -> list[Blob]:
    """Store bytes, or those of files, for rows that the same transaction adds; return their records in order.

    The record comes first: until the transaction ends nobody else may touch it, and `tunery.store.maintenance.gc`
    removes bytes only together with their record. Large files are better put into `Workspace.blobs` before the
    transaction begins; then this finds them there.

    Args:
        workspace: Where.
        session: A writing one of it.
        sources: Bytes, or files.
    """
    now = datetime.now(UTC)
    measured = [(*measure(source), source) for source in sources]
    # In order, so that two who keep the same wait for each other and not both for ever.
    for digest, size, source in sorted(measured, key=lambda one: one[0]):
        session.execute(_keep(session, {"hash": digest, "size": size, "created": now}))
        workspace.blobs.put(source)
    return [Blob(hash=digest, size=size, created=now) for digest, size, _source in measured]


def _keep(session: Session, values: dict[str, object]) -> Insert:
    table: Table = Blob.__table__  # type: ignore[assignment]  # a table
    postgres = session.get_bind().dialect.name == "postgresql"
    statement = (postgresql.insert(table) if postgres else sqlite.insert(table)).values(values)
    return statement.on_conflict_do_update(index_elements=[table.c.hash], set_={"created": values["created"]})
