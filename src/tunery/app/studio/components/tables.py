"""Tables that fetch one page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from tunery.app.studio.components.cards import empty_state, head_cell
from tunery.app.studio.components.markup import Tag, button, link
from tunery.app.studio.visits import in_background
from tunery.i18n import _

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class PageOf(Protocol[T_co]):
    """What `tunery.store.paging` gives."""

    @property
    def items(self) -> Sequence[T_co]:
        """The things of this page."""
        ...

    @property
    def next(self) -> str | None:
        """Where the next page begins; None where this is the last."""
        ...

    @property
    def total(self) -> int | None:
        """How many there are altogether, where it is cheap to know."""
        ...


@dataclass(frozen=True)
class Column(Generic[T]):
    """A column.

    Attributes:
        title: Translated.
        cell: Returns the text of a cell, or builds it and returns None.
        kind: ``number`` for the right side and figures of equal width, ``text`` for what may be long.
        link: Returns the address that the cell leads to.
        narrow: Whether narrow screens leave it away.
    """

    title: str
    cell: Callable[[T], str | None]
    kind: str = ""
    link: Callable[[T], str | None] | None = None
    narrow: bool = False


class DataTable(Generic[T]):
    """A table over things that are fetched page by page.

    Args:
        columns: What it shows.
        fetch: Returns the page that begins at a cursor (None for the first): ``fetch(after, limit)``.
        label: What the table lists, for those who don't see it.
        empty: Title and hint for when there is nothing.
        limit: How many rows a page has.
    """

    def __init__(
        self,
        columns: Sequence[Column[T]],
        fetch: Callable[[str | None, int], PageOf[T]],
        *,
        label: str,
        empty: tuple[str, str] = ("", ""),
        limit: int = 25,
    ) -> None:
        self._columns = columns
        self._fetch = fetch
        self._label = label
        self._empty = empty
        self._limit = limit
        self._cursors: list[str | None] = [None]
        self._root = Tag("div", classes="table", **{"aria-live": "polite"})
        self._show(fetch(None, limit))

    async def refresh(self) -> None:
        """Fetch from the start again, after a filter or the things themselves have changed."""
        self._cursors = [None]
        await self._load()

    async def reload(self) -> None:
        """Fetch the same page again."""
        await self._load()

    async def _load(self) -> None:
        page = await in_background(self._fetch, self._cursors[-1], self._limit)
        self._root.clear()
        self._show(page)

    async def _forward(self, cursor: str | None) -> None:
        self._cursors.append(cursor)
        await self._load()

    async def _back(self) -> None:
        self._cursors.pop()
        await self._load()

    def _show(self, page: PageOf[T]) -> None:
        with self._root:
            if not page.items and len(self._cursors) == 1:
                empty_state(self._empty[0] or _("There is nothing yet."), self._empty[1])
                return
            with Tag("div", classes="scroll", tabindex="0", role="region", **{"aria-label": self._label}), Tag("table"):
                self._head()
                with Tag("tbody"):
                    for item in page.items:
                        self._row(item)
            self._foot(page)

    def _head(self) -> None:
        with Tag("thead"), Tag("tr"):
            for column in self._columns:
                head_cell(column.title, _classes(column))

    def _row(self, item: T) -> None:
        with Tag("tr"):
            for column in self._columns:
                with Tag("td", classes=_classes(column)) as cell:
                    target = column.link(item) if column.link is not None else None
                    if target is None:
                        text = column.cell(item)
                        if text is not None:
                            cell.text = text
                    else:
                        with link("", target) as anchor:
                            anchor.text = column.cell(item) or ""

    def _foot(self, page: PageOf[T]) -> None:
        number = len(self._cursors)
        if number == 1 and page.next is None:
            if page.total is not None and page.total > 1:
                with Tag("div", classes="table-foot"):
                    Tag("span", _("{total} altogether").format(total=f"{page.total:,}"), classes="muted")
            return
        first = (number - 1) * self._limit + 1
        words = _("{first} to {last}").format(first=f"{first:,}", last=f"{first + len(page.items) - 1:,}")
        if page.total is not None:
            words = _("{range} of {total}").format(range=words, total=f"{page.total:,}")
        with Tag("nav", classes="table-foot", **{"aria-label": _("Pages of the table")}):
            Tag("span", words, classes="muted")
            button(_("Back"), symbol="left", disabled=number == 1).on("click", self._back)
            button(_("Next"), symbol="right", disabled=page.next is None).on("click", lambda: self._forward(page.next))


data_table = DataTable
"""The name that pages use it by."""


def ticks(chosen: list[str], name: Callable[[T], str], words: Callable[[T], str]) -> Column[T]:
    """Return a column of boxes to tick.

    Args:
        chosen: Holds the names of what is ticked, in the order of ticking.
        name: Returns the name of a thing.
        words: Returns what people call it.
    """

    def tick(item: T) -> None:
        def change(event: ValueChangeEventArguments[bool | None]) -> None:
            (chosen.append if event.value else chosen.remove)(name(item))

        box = ui.checkbox(value=name(item) in chosen, on_change=change)
        box.props["aria-label"] = _("Compare {name}").format(name=words(item))

    return Column("", tick)


def _classes(column: Column[T]) -> str:
    return " ".join(filter(None, (column.kind, "narrow-off" if column.narrow else "")))
