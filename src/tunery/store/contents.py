"""What a workspace holds, in numbers."""

from __future__ import annotations

from sqlalchemy import func, select

from tunery.store.tables import Blob, DataSet, Endpoint, Model, Project, Request, Row, User, Version
from tunery.store.workspace import Workspace

_COUNTED = (User, Project, DataSet, Version, Row, Model, Endpoint, Request)


def of(workspace: Workspace) -> dict[str, int]:
    """Return how many of each kind of thing there are, by the names of their tables, and the ``bytes`` of files."""
    with workspace.reading() as session:
        counts = {
            record.__tablename__: session.scalar(select(func.count()).select_from(record)) or 0 for record in _COUNTED
        }
        return counts | {"bytes": int(session.scalar(select(func.sum(Blob.size))) or 0)}
