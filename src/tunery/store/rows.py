"""Rows: texts with what belongs to them, found by what they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Insert, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tunery.i18n import _
from tunery.store.failures import StoreError, not_found
from tunery.store.tables import Project, Row
from tunery.store.targets import from_text
from tunery.store.workspace import Workspace
from tunery.types import Example

FRESH = timedelta(minutes=30)
"""A row that no version has, and that is written again after so long, counts as new: see `put`."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_COLUMNS = (
    "id", "project", "text", "text_pair", "words", "group_name", "document", "timestamp", "caller_id", "length",
    "created",
)  # fmt: skip
Values = tuple[Any, ...]
"""What the table holds of a row, in the order of `_COLUMNS` and as the database's driver takes it; first its name."""


def put(workspace: Workspace, session: Session, *, project: str, examples: Sequence[Example]) -> list[str]:
    """Store the inputs of some examples as rows of a project; return the rows' names, in the same order.

    What is there already stays as it is, also where its text was deleted: what somebody had deleted does not come back
    with the next upload of the same file.

    Raises:
        StoreError: A text holds a NUL or half of a surrogate pair.
    """
    values = prepare(workspace, project=project, examples=examples)
    write(session, values)
    return [value[0] for value in values]


def prepare(workspace: Workspace, *, project: str, examples: Sequence[Example]) -> list[Values]:
    """Return what `write` writes, one for each example: the part of `put` that needs no transaction.

    Raises:
        StoreError: A text holds a NUL or half of a surrogate pair.
    """
    now = _as_stored(workspace.engine.dialect, datetime.now(UTC))
    return [_values(workspace, project, example, now) for example in examples]


def write(session: Session, values: Sequence[Values]) -> None:
    """Write rows that are not there yet.

    One that no version has, and that may have been left by an import that died, counts as new from now on. So
    `tunery.store.maintenance.gc`, which removes such rows when they are old, never takes away what is being used again.
    """
    if values:
        # In order, so that two who write the same rows wait for each other and not both for ever.
        ordered = sorted({value[0]: value for value in values}.values(), key=itemgetter(0))
        connection = session.connection()
        old = _as_stored(connection.dialect, datetime.now(UTC) - FRESH)
        # Past SQLAlchemy, which would spend as much time on them as the database does.
        connection.exec_driver_sql(_put(connection.dialect), [(*value, old) for value in ordered])


def name_of(workspace: Workspace, project: str, example: Example) -> str:
    """Return the name that the row of an example has in a project, whether it is there or not."""
    content = _encode(
        (example.text, example.text_pair, example.words, example.group, example.document, example.timestamp,
         example.id),
    )  # fmt: skip
    return workspace.digest("row", project, content)


def length_of(example: Example) -> int:
    """Return the characters of both texts of an example."""
    return len(example.text) + len(example.text_pair or "")


def get(session: Session, row: str) -> Row:
    """Return a row.

    Raises:
        NotFoundError: There is none with this name.
    """
    found = session.get(Row, row)
    if found is None:
        raise not_found(row)
    return found


def to_example(row: Row, target: str | None = None) -> Example:
    """Return a row as an example, with a target as `tunery.store.targets` writes it."""
    return example_of(row.__dict__, target)


def example_of(values: Mapping[str, Any], target: str | None) -> Example:
    """Return the values of a row, by the names of its fields, as an example."""
    words = values["words"]
    return Example(
        text=values["text"],
        target=from_text(target),
        text_pair=values["text_pair"],
        words=tuple((start, end) for start, end in words) if words is not None else None,
        id=values["caller_id"],
        timestamp=values["timestamp"],
        group=values["group"],
        document=values["document"],
    )


def lock(session: Session, project: str) -> None:
    """Let nobody else add many rows or a version to a project until the transaction ends.

    Raises:
        NotFoundError: There is no such project.
    """
    # Of Postgres's locks, the one that does not hinder those who only refer to the project.
    found = session.scalar(select(Project.id).where(Project.id == project).with_for_update(key_share=True))
    if found is None:
        raise not_found(project)


def insert_missing(session: Session, record: type[Any]) -> Insert:
    """Return the statement that adds records whose names are not there yet."""
    table: Table = record.__table__
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def insertion(dialect: Dialect, table: str, columns: Sequence[str]) -> str:
    """Return the statement that adds records, as the database's driver takes it."""
    marks = ", ".join(["?" if dialect.name == "sqlite" else "%s"] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names


def _put(dialect: Dialect) -> str:
    mark = "?" if dialect.name == "sqlite" else "%s"
    unused = "NOT EXISTS (SELECT 1 FROM version_rows WHERE version_rows.row = rows.id)"
    renewal = f"UPDATE SET created = excluded.created WHERE rows.created < {mark} AND {unused}"
    return f"{insertion(dialect, 'rows', _COLUMNS)} ON CONFLICT (id) DO {renewal}"


def _as_stored(dialect: Dialect, moment: datetime) -> Any:
    """Return a time as the database's driver takes it."""
    process = Row.__table__.c.created.type.bind_processor(dialect)
    return process(moment) if process is not None else moment


def _values(workspace: Workspace, project: str, example: Example, now: Any) -> Values:
    texts = (example.text, example.text_pair, example.group, example.document, example.timestamp, example.id)
    if not all(_can_be_kept(text) for text in texts if text is not None):
        raise StoreError(
            _("A text holds a NUL or half of a surrogate pair, which can't be kept: {text!r}.").format(
                text=example.text[:40]
            ),
            _("Take it out; half of an emoji or a NUL comes from a program that cut or packed the text."),
        )
    words = json.dumps(example.words) if example.words is not None else None
    return (
        name_of(workspace, project, example), project, example.text, example.text_pair, words, example.group,
        example.document, example.timestamp, example.id, length_of(example), now,
    )  # fmt: skip


def _can_be_kept(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
