"""Rows: texts with what belongs to them, found by what they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Insert, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tunery.i18n import _
from tunery.store.failures import StoreError, not_found
from tunery.store.tables import Project, Row
from tunery.store.targets import from_text
from tunery.store.workspace import Workspace
from tunery.types import Example


def put(workspace: Workspace, session: Session, *, project: str, examples: Sequence[Example]) -> list[str]:
    """Store the inputs of some examples as rows of a project; return the rows' names, in the same order.

    What is there already stays as it is, also where its text was deleted: what somebody had deleted does not come back
    with the next upload of the same file.

    Raises:
        StoreError: A text holds a NUL or half of a surrogate pair.
    """
    now = datetime.now(UTC)
    values = [_values(workspace, project, example, now) for example in examples]
    if values:
        # In order, so that two who write the same rows wait for each other and not both for ever.
        ordered = sorted({value["id"]: value for value in values}.values(), key=lambda value: str(value["id"]))
        session.execute(insert_missing(session, Row), ordered)
    return [value["id"] for value in values]


def name_of(workspace: Workspace, project: str, example: Example) -> str:
    """Return the name that the row of an example has in a project, whether it is there or not."""
    content = json.dumps(
        (example.text, example.text_pair, example.words, example.group, example.document, example.timestamp,
         example.id),
        ensure_ascii=False, separators=(",", ":"),
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


def _values(workspace: Workspace, project: str, example: Example, now: datetime) -> dict[str, Any]:
    texts = (example.text, example.text_pair, example.group, example.document, example.timestamp, example.id)
    if not all(_can_be_kept(text) for text in texts if text is not None):
        raise StoreError(
            _("A text holds a NUL or half of a surrogate pair, which can't be kept: {text!r}.").format(
                text=example.text[:40]
            ),
            _("Take it out; half of an emoji or a NUL comes from a program that cut or packed the text."),
        )
    return {
        "id": name_of(workspace, project, example),
        "project": project,
        "text": example.text,
        "text_pair": example.text_pair,
        "words": [list(word) for word in example.words] if example.words is not None else None,
        "group_name": example.group,
        "document": example.document,
        "timestamp": example.timestamp,
        "caller_id": example.id,
        "length": length_of(example),
        "created": now,
        "deleted": None,
    }


def _can_be_kept(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
