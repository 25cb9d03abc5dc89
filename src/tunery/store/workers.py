"""The processes that do jobs, and which of them are gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.store.tables import Worker


def beat(session: Session, worker: str, *, host: str) -> None:
    """Say that a worker is alive."""
    now = datetime.now(UTC)
    found = session.get(Worker, worker, with_for_update=True)
    if found is None:
        session.add(Worker(id=worker, host=host, started=now, beat=now))
    else:
        found.beat = now


def every(session: Session) -> list[Worker]:
    """Return all workers, the oldest first."""
    return list(session.scalars(select(Worker).order_by(Worker.started)))


def gone(session: Session, *, silent: timedelta) -> Iterator[Worker]:
    """Yield the workers that nothing was heard of for so long, each kept from others until the transaction ends."""
    since = datetime.now(UTC) - silent
    yield from session.scalars(select(Worker).where(Worker.beat < since).with_for_update(skip_locked=True))
