"""What a backup looks like: a zip archive that restores into SQLite as well as into Postgres.

``tables/NAME.jsonl`` holds a table's rows, a JSON object each; ``blobs/HASH`` the files; ``manifest.json``, written
last, how many there are of what, with their hashes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import Column, Table

from tunery.store.tables import Record, UtcTime

FORMAT = 1
MANIFEST = "manifest.json"
_LEFT_OUT = {"attempts", "idempotency", "sign_ins", "workers"}
"""What only means something to the processes and browsers of the moment."""


class TableEntry(BaseModel):
    """A table in a backup: how many rows it has, and the sha256 of their lines."""

    model_config = ConfigDict(frozen=True)

    rows: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds.

    Attributes:
        format: Of the archive.
        tunery: The version that made it.
        revision: Of the tables.
        created: When it was made; everything is as it was then.
        tables: By their names.
        blobs: The number of bytes of each file, by its hash.
    """

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    tunery: str
    revision: str
    created: AwareDatetime
    tables: dict[str, TableEntry]
    blobs: dict[str, int]


def tables() -> list[Table]:
    """Return the tables of a backup, each behind those that it refers to."""
    return [table for table in Record.metadata.sorted_tables if table.name not in _LEFT_OUT]


def place_of_table(name: str) -> str:
    """Return where the rows of a table stand in the archive."""
    return f"tables/{name}.jsonl"


def place_of_blob(digest: str) -> str:
    """Return where a file stands in the archive."""
    return f"blobs/{digest}"


def to_plain(value: object) -> object:
    """Return a column's value as JSON has it."""
    return value.isoformat() if isinstance(value, datetime) else value


def from_plain(value: Any, column: Column[Any]) -> Any:
    """Return what `to_plain` was given.

    Raises:
        ValueError: It is not a value of this column.
    """
    return datetime.fromisoformat(value) if isinstance(column.type, UtcTime) and value is not None else value
