"""Getting at queues and items, for whoever may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.orm import Session

from tunery.app import access
from tunery.app.access import Role
from tunery.app.context import Context
from tunery.store.annotation import queues
from tunery.store.failures import not_found
from tunery.store.tables import Queue, QueueItem, User


@contextmanager
def changing(context: Context, queue: str, role: Role) -> Iterator[tuple[Session, Queue]]:
    """Yield a session that writes and the queue, if the context's user is at least ``role`` in its project."""
    with context.workspace.writing() as session:
        found = queues.get(session, queue)
        access.require(session, context, found.project, role)
        yield session, found


@contextmanager
def looking(context: Context, queue: str, role: Role) -> Iterator[tuple[Session, Queue]]:
    """Yield a session that reads and the queue, if the context's user is at least ``role`` in its project."""
    with context.workspace.reading() as session:
        found = queues.get(session, queue)
        access.require(session, context, found.project, role)
        yield session, found


@contextmanager
def at(context: Context, item: str, role: Role) -> Iterator[tuple[Session, Queue, QueueItem]]:
    """Yield a session that writes, the queue and the item, if the context's user is at least ``role`` there."""
    with context.workspace.writing() as session:
        place = session.get(QueueItem, item)
        if place is None:
            raise not_found(item)
        queue = queues.get(session, place.queue)
        access.require(session, context, queue.project, role)
        yield session, queue, place


def names_of(session: Session, users: Sequence[str]) -> dict[str, str]:
    """Return what people are called."""
    return {name: session.get_one(User, name).name for name in set(users)}
