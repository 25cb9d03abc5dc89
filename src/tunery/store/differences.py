"""What two versions of a data set differ in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, or_, select
from sqlalchemy.orm import Session

from tunery.store import paging
from tunery.store.paging import Page
from tunery.store.tables import Row, VersionRow

Kind = Literal["added", "removed", "moved", "relabelled"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Change:
    """A row that two versions don't have alike.

    Attributes:
        row: The row.
        split_before: Where the first version has it; None where it doesn't. Of several places, the first by name.
        split_after: The same of the second.
        target_before: What was right, as `tunery.store.targets` writes it.
        target_after: What is right now.
    """

    row: Row
    split_before: str | None
    split_after: str | None
    target_before: str | None
    target_after: str | None


def counts(session: Session, *, before: str, after: str) -> dict[Kind, int]:
    """Return how many different rows were added, removed, moved to another split, and given another target.

    A row that was both moved and relabelled is counted twice.
    """
    return {kind: paging.count(session, _changed(before, after, kind).with_only_columns(Row.id)) for kind in KINDS}


def page(
    session: Session, *, before: str, after: str, kind: Kind, start: str | None = None, limit: int = 50
) -> Page[Change]:
    """Return the rows of one kind of difference, each once, in an order of no meaning.

    Args:
        session: Where to read.
        before: The first version.
        after: The second version.
        kind: ``added``, ``removed``, ``moved`` or ``relabelled``.
        start: The ``next`` of the page before.
        limit: How many at most.
    """
    found = paging.page(
        session, _changed(before, after, kind), by=[Row.id], after=start, limit=limit, total=start is None
    )
    return found.map(lambda values: Change(*values))


def _changed(before: str, after: str, kind: Kind) -> Select[Row, str | None, str | None, str | None, str | None]:
    first, second = _rows_of(before, "first_version"), _rows_of(after, "second_version")
    here, there = (second, first) if kind == "added" else (first, second)
    condition = _CONDITIONS[kind](first, second)
    return (
        select(Row, first.c.split, second.c.split, first.c.target, second.c.target)
        .select_from(here)
        .join(there, there.c.row == here.c.row, isouter=True)
        .join(Row, Row.id == here.c.row)
        .where(condition)
    )


def _rows_of(version: str, name: str) -> Subquery:
    """Return each row of a version once: equal texts may stand in it several times."""
    target = func.coalesce(VersionRow.target, "")
    return (
        select(
            VersionRow.row, func.min(VersionRow.split).label("split"), func.max(VersionRow.split).label("last_split"),
            func.min(VersionRow.target).label("target"), func.min(target).label("first_target"),
            func.max(target).label("last_target"),
        )
        .where(VersionRow.version == version)
        .group_by(VersionRow.row)
        .subquery(name)
    )  # fmt: skip


def _moved(first: Subquery, second: Subquery) -> ColumnElement[bool]:
    return or_(first.c.split != second.c.split, first.c.last_split != second.c.last_split)


def _relabelled(first: Subquery, second: Subquery) -> ColumnElement[bool]:
    return or_(first.c.first_target != second.c.first_target, first.c.last_target != second.c.last_target)


_CONDITIONS: Mapping[Kind, Callable[[Subquery, Subquery], Any]] = {
    "added": lambda first, _second: first.c.row.is_(None),
    "removed": lambda _first, second: second.c.row.is_(None),
    "moved": lambda first, second: and_(second.c.row.is_not(None), _moved(first, second)),
    "relabelled": lambda first, second: and_(second.c.row.is_not(None), _relabelled(first, second)),
}
