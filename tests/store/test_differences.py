"""What two versions differ in, on every kind of store."""

from __future__ import annotations

import pytest
from tests.store import making
from tests.store.making import given

from tunery.store import differences
from tunery.store.differences import KINDS, Change
from tunery.store.tables import DataSet, Version
from tunery.store.workspace import Workspace

BEFORE = [
    given("train", "stays", "a"), given("train", "goes", "a"), given("train", "moves", "a"),
    given("train", "is relabelled", "a"), given("dev", "both", "a"), given("test", "was unknown", None),
    given("train", "twice", "a"), given("train", "twice", "a"),
]  # fmt: skip
AFTER = [
    given("train", "stays", "a"), given("dev", "moves", "a"), given("train", "is relabelled", "b"),
    given("test", "both", "b"), given("test", "was unknown", "a"), given("train", "comes", "b"),
    given("train", "twice", "a"), given("train", "twice", "b"),
]  # fmt: skip


@pytest.fixture
def owner(workspace: Workspace) -> DataSet:
    return making.data_set(workspace)


@pytest.fixture
def both(workspace: Workspace, owner: DataSet) -> tuple[Version, Version]:
    return making.version(workspace, owner, BEFORE), making.version(workspace, owner, AFTER)


def _read(workspace: Workspace, both: tuple[Version, Version], limit: int = 50) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    with workspace.reading() as session:
        for kind in KINDS:
            start: str | None = None
            changes: list[Change] = []
            while True:
                page = differences.page(
                    session, before=both[0].id, after=both[1].id, kind=kind, start=start, limit=limit
                )
                changes += page.items
                start = page.next
                if start is None:
                    break
            found[kind] = sorted(changes, key=lambda change: change.row.text)
    return found


@pytest.mark.parametrize("limit", [1, 50])
def test_every_kind_of_difference_is_found(workspace: Workspace, both: tuple[Version, Version], limit: int) -> None:
    found = _read(workspace, both, limit)
    assert {kind: [change.row.text for change in changes] for kind, changes in found.items()} == {
        "added": ["comes"],
        "removed": ["goes"],
        "moved": ["both", "moves"],
        "relabelled": ["both", "is relabelled", "twice", "was unknown"],
    }
    first = found["relabelled"][0]
    assert (first.split_before, first.split_after, first.target_before, first.target_after) == (
        "dev", "test", '"a"', '"b"',
    )  # fmt: skip
    assert (found["added"][0].split_before, found["added"][0].split_after) == (None, "train")
    assert found["relabelled"][3].target_before is None


def test_counts_are_as_many_as_the_lists_hold(workspace: Workspace, both: tuple[Version, Version]) -> None:
    with workspace.reading() as session:
        counts = differences.counts(session, before=both[0].id, after=both[1].id)
        same = differences.counts(session, before=both[0].id, after=both[0].id)
    assert counts == {"added": 1, "removed": 1, "moved": 2, "relabelled": 4}
    assert same == dict.fromkeys(KINDS, 0)
