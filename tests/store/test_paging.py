"""Lists in pages, on every kind of store."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tunery.errors import SettingError
from tunery.store import paging
from tunery.store.tables import Project
from tunery.store.workspace import Workspace


@pytest.fixture
def names(workspace: Workspace) -> list[str]:
    names = [f"p{number:02}" for number in range(25)]
    with workspace.writing() as session:
        session.add_all(Project(id=name, name=name, created=datetime.now(UTC)) for name in names)
    return names


def _walk(workspace: Workspace, *, limit: int, descending: bool) -> list[list[str]]:
    pages: list[list[str]] = []
    after = None
    while True:
        with workspace.reading() as session:
            found = paging.page(
                session, select(Project), by=[Project.id], after=after, limit=limit, descending=descending, total=True
            )
        assert found.total == 25
        pages.append([project.name for project in found.items])
        if found.next is None:
            return pages
        after = found.next


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 10, 24, 25, 1_000_000])
def test_pages_hold_every_item_once_and_in_order(
    workspace: Workspace, names: list[str], limit: int, descending: bool
) -> None:
    pages = _walk(workspace, limit=limit, descending=descending)
    assert [name for page in pages for name in page] == sorted(names, reverse=descending)
    assert all(len(page) == min(limit, 25) for page in pages[:-1])


def test_what_comes_in_between_moves_nothing(workspace: Workspace, names: list[str]) -> None:
    with workspace.reading() as session:
        first = paging.page(session, select(Project), by=[Project.id], after=None, limit=10)
    with workspace.writing() as session:
        session.add(Project(id="a", name="a", created=datetime.now(UTC)))
    with workspace.reading() as session:
        second = paging.page(session, select(Project), by=[Project.id], after=first.next, limit=10)
    assert [project.id for project in second.items] == names[10:20]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "é", "WzFd", paging.encode((1, 2)), paging.encode(("a", "b")), paging.encode(("\0",)),
     paging.encode(("\ud800",)), "WyJhIl0===", "W1tbW1tbW1tb"],
)  # fmt: skip
def test_a_cursor_of_another_list_is_refused_in_words(workspace: Workspace, cursor: str) -> None:
    with workspace.reading() as session, pytest.raises(SettingError, match="is not from this list"):
        paging.page(session, select(Project), by=[Project.id], after=cursor, limit=10)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_a_cursor_with_a_number_that_is_too_long_is_refused(workspace: Workspace, number: int) -> None:
    from tunery.store.tables import VersionRow

    with pytest.raises(SettingError, match="is not from this list"):
        paging.decode(paging.encode(("train", number)), [VersionRow.split, VersionRow.position])


def test_a_page_is_never_longer_than_the_longest(workspace: Workspace) -> None:
    assert [paging.size_of(asked) for asked in (-5, 0, 1, 50, 10**9)] == [1, 1, 1, 50, paging.MOST]
