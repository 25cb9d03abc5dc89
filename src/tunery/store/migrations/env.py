"""What Alembic runs: migrations on the connection that `tunery.store.migrating` opened."""

from __future__ import annotations

from typing import Literal

from alembic import context

from tunery.store.tables import Record, UtcTime


def _written(kind: str, item: object, _context: object) -> str | Literal[False]:
    if kind == "type" and isinstance(item, UtcTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Record.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    render_item=_written,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
