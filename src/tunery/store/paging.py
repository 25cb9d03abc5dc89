"""Lists in pages: each page says where the next one starts, so that a page costs the same however far down it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store.tables import UtcTime

T = TypeVar("T")
U = TypeVar("U")

MOST = 1000
"""The longest page; a longer one is not refused but cut."""
Key = tuple[str | int | datetime, ...]
"""The values of the columns that a list is sorted by, of one item."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some items of a list.

    Attributes:
        items: In the list's order.
        next: What to give as ``after`` for the items behind these; None at the end.
        total: How many items the list has, where that was counted.
    """

    items: list[T]
    next: str | None = None
    total: int | None = None

    def map(self, function: Callable[[T], U]) -> Page[U]:
        """Return the page with ``function`` applied to each item."""
        return Page([function(item) for item in self.items], self.next, self.total)


def page(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    *,
    by: Sequence[InstrumentedAttribute[Any]],
    after: str | None,
    limit: int,
    descending: bool = False,
    total: bool = False,
) -> Page[Any]:
    """Return a page of what a statement selects.

    Args:
        session: Where to read.
        statement: Selects a record, or a record first and more behind it: then an item is a row of all of them.
        by: Attributes of that first record, which together are never equal for two items.
        after: The ``next`` of the page before; None for the first page.
        limit: How many items at most.
        descending: Sort from the greatest to the least.
        total: Count all items.

    Raises:
        SettingError: ``after`` is not from this list.
    """
    whole = statement
    columns = [cast(ColumnElement[Any], column) for column in by]
    if after is not None:
        place = zip(decode(after, by), columns, strict=True)
        here, there = tuple_(*columns), tuple_(*(literal(value, column.type) for value, column in place))
        statement = statement.where(here < there if descending else here > there)
    statement = statement.order_by(*(column.desc() if descending else column for column in columns))
    size = size_of(limit)
    found = session.execute(statement.limit(size + 1)).all()
    items = [row[0] if len(row) == 1 else row for row in found[:size]]
    following = _key_of(found[size - 1][0], by) if len(found) > size else None
    return Page(items, encode(following) if following else None, count(session, whole) if total else None)


def size_of(limit: int) -> int:
    """Return how many items a page may have where ``limit`` were asked for."""
    return max(1, min(limit, MOST))


def count(session: Session, statement: Select[*tuple[Any, ...]]) -> int:
    """Return how many rows a statement selects."""
    return session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0


def encode(key: Key) -> str:
    """Return a place in a list as a word that can stand in a URL."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in key]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def decode(cursor: str, by: Sequence[InstrumentedAttribute[Any]]) -> Key:
    """Return the place that `encode` was given.

    Args:
        cursor: The word.
        by: The columns whose values it holds.

    Raises:
        SettingError: It is not from a list that is sorted by these columns.
    """
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        return tuple(_value(value, _type_of(column)) for value, column in zip(found, by, strict=True))
    except (TypeError, ValueError, RecursionError):
        raise SettingError(
            _("after: {cursor!r} is not from this list.").format(cursor=cursor[:100]),
            _("Give what the page before said as next, or leave it out for the first page."),
        ) from None


def _key_of(record: object, by: Sequence[InstrumentedAttribute[Any]]) -> Key:
    return tuple(getattr(record, column.key) for column in by)


def _type_of(column: InstrumentedAttribute[Any]) -> type:
    return datetime if isinstance(column.type, UtcTime) else column.type.python_type


def _value(value: object, wanted: type) -> str | int | datetime:
    """Return a value as its column has it.

    Raises:
        ValueError: No column has it: databases know neither numbers of more than 64 bits, nor NULs or halves of pairs.
    """
    if isinstance(value, str) and wanted is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment
    if isinstance(value, str) and wanted is str and "\0" not in value and value.encode():
        return value
    if type(value) is int and wanted is int and -(2**63) <= value < 2**63:
        return value
    raise ValueError(value)
