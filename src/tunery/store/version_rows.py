"""The rows of a version: in order for whoever learns from them, and in pages for whoever looks at them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from tunery.store import paging, rows
from tunery.store.paging import Page
from tunery.store.tables import Row, Version, VersionRow
from tunery.store.versions import SPLITS, Given

_CHUNK = 2000
_KEY = [VersionRow.split, VersionRow.position]


@dataclass(frozen=True)
class PlacedRow:
    """A row where it stands in a version.

    Attributes:
        place: Its split, position and target.
        row: Its text; empty where it was deleted.
    """

    place: VersionRow
    row: Row


def examples(session: Session, version: str, *, split: str | None = None) -> Iterator[Given]:
    """Yield what a version was made of, in its order, without rows whose text was deleted.

    Args:
        session: Stays open while the rows are read.
        version: The version.
        split: Only this one; None for all, train first.
    """
    for name in [split] if split is not None else SPLITS:
        position = -1
        while chunk := _chunk(session, version, name, position):
            for values in chunk:
                if values["deleted"] is None:
                    yield name, rows.example_of(values, values["target"]), values["annotation"]
            position = chunk[-1]["position"]


def page(
    session: Session,
    *,
    version: str,
    split: str | None = None,
    label: str | None = None,
    text: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[PlacedRow]:
    """Return rows of a version in its order; the first page says how many there are.

    Args:
        session: Where to read.
        version: The version.
        split: Only this one; None for all, train first.
        label: Only rows whose target has this label.
        text: Only rows that hold this in one of their texts; capitals are like small letters (where the workspace is
            in SQLite, of the Latin alphabet only).
        after: The ``next`` of the page before.
        limit: How many at most.

    Raises:
        SettingError: ``after`` is not from such a list.
    """
    names = [split] if split is not None else list(SPLITS)
    matching = _matching(session, version, names, label, text)
    start = paging.decode(after, _KEY) if after is not None else None
    if start is not None:
        names = [name for name in names if SPLITS.index(name) >= _place_of(start[0])]
    size = paging.size_of(limit)
    found: list[Any] = []
    for name in names:
        part = matching.where(VersionRow.split == name).order_by(VersionRow.position)
        if start is not None and name == start[0]:
            part = part.where(VersionRow.position > start[1])
        found += session.execute(part.limit(size + 1 - len(found))).all()
        if len(found) > size:
            break
    items = [PlacedRow(place, row) for place, row in found[:size]]
    following = paging.encode((items[-1].place.split, items[-1].place.position)) if len(found) > size else None
    if after is not None:
        return Page(items, following, None)
    # What isn't looked for among the rows needn't be counted among them: a version never changes.
    anything = label is None and not text
    total = _rows_of(session, version, split) if anything else paging.count(session, matching)
    return Page(items, following, total)


def has_label(session: Session, target: ColumnElement[Any], label: str) -> ColumnElement[bool]:
    """Return the condition that a target, as `tunery.store.targets` writes it, has a label."""
    written = json.dumps(label, ensure_ascii=False)
    # Most targets are ruled out by this, without taking them apart.
    likely = target.contains(written, autoescape=True)
    if session.get_bind().dialect.name == "postgresql":
        parts = cast(target, JSONB)
        return likely & or_(parts.contains(literal(label, JSONB)), parts.contains(literal([[label]], JSONB)))
    part = func.json_each(target).table_valued("value", "type")
    # A span is a list whose third item is its label.
    found = case((part.c.type == "array", func.json_extract(part.c.value, "$[2]")), else_=part.c.value)
    return likely & select(part.c.value).where(found == label).exists()


def _matching(
    session: Session, version: str, names: list[str], label: str | None, text: str | None
) -> Select[VersionRow, Row]:
    statement = (
        select(VersionRow, Row)
        .join(Row, Row.id == VersionRow.row)
        .where(VersionRow.version == version, VersionRow.split.in_(names))
    )
    if label is not None:
        statement = statement.where(has_label(session, VersionRow.target.expression, label))
    if text:
        statement = statement.where(
            or_(Row.text.icontains(text, autoescape=True), Row.text_pair.icontains(text, autoescape=True))
        )
    return statement


def _rows_of(session: Session, version: str, split: str | None) -> int:
    found = session.get(Version, version)
    counts = found.counts if found is not None else {}
    return sum(int(part["rows"]) for name, part in counts.items() if split in (None, name))


def _chunk(session: Session, version: str, split: str, position: int) -> list[dict[str, Any]]:
    statement = (
        select(
            VersionRow.position, VersionRow.target, VersionRow.annotation, Row.text, Row.text_pair, Row.words,
            Row.group, Row.document, Row.timestamp, Row.caller_id, Row.deleted,
        )
        .join(Row, Row.id == VersionRow.row)
        .where(VersionRow.version == version, VersionRow.split == split, VersionRow.position > position)
        .order_by(VersionRow.position)
        .limit(_CHUNK)
    )  # fmt: skip
    return [dict(values) for values in session.execute(statement).mappings()]


def _place_of(split: object) -> int:
    return SPLITS.index(split) if split in SPLITS else len(SPLITS)
