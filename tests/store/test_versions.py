"""Versions and their rows, on every kind of store."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from tests.store import making
from tests.store.making import given

from tunery.errors import SettingError
from tunery.store import rows, version_rows, versions
from tunery.store.failures import NotFoundError, StoreError
from tunery.store.maintenance import check, gc
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import DataSet, Row, Version
from tunery.store.versions import Given
from tunery.store.workspace import Workspace
from tunery.types import Example, Span


@pytest.fixture
def owner(workspace: Workspace) -> DataSet:
    return making.data_set(workspace)


ROWS = [
    given("train", "where is my card", "card"),
    given("test", "100% sure", "sure", "annotation-1"),
    given("train", "退款在哪里", "退款"),
    given("dev", "where is my card", "card"),
    given("train", "nobody knows", None),
    given("train", "where is my card", "refund"),
]


def _examples(workspace: Workspace, version: str, split: str | None = None) -> list[Given]:
    with workspace.reading() as session:
        return list(version_rows.examples(session, version, split=split))


def test_a_version_is_read_back_split_by_split_in_its_order(workspace: Workspace, owner: DataSet) -> None:
    made = making.version(workspace, owner, ROWS)
    in_order = [row for name in ("train", "dev", "test") for row in ROWS if row[0] == name]
    assert _examples(workspace, made.id) == in_order
    assert _examples(workspace, made.id, "dev") == [ROWS[3]]
    assert made.number == 1
    assert made.counts == {
        "train": {"rows": 4, "labels": {"card": 1, "refund": 1, "退款": 1}},
        "dev": {"rows": 1, "labels": {"card": 1}},
        "test": {"rows": 1, "labels": {"sure": 1}},
    }


FULL = Example(
    text="Acme Corp  is in Paris", target=(Span(0, 9, "ORG"), Span(17, 22, "LOC")), text_pair="a pair",
    words=((0, 4), (5, 9), (11, 13), (14, 16), (17, 22)), id="7", timestamp="2026-01-01", group="g", document="d",
)  # fmt: skip


@pytest.mark.parametrize(
    "example", [FULL, Example("", target=()), Example("a", target=("x", "y")), Example('quote " \\', 'label "\\')]
)
def test_everything_of_an_example_is_kept(workspace: Workspace, owner: DataSet, example: Example) -> None:
    made = making.version(workspace, owner, [("train", example, None)])
    assert _examples(workspace, made.id) == [("train", example, None)]


def test_equal_content_is_the_same_version_and_anything_else_a_new_one(workspace: Workspace, owner: DataSet) -> None:
    first = making.version(workspace, owner, ROWS)
    with workspace.writing() as session:
        again, new = versions.create(
            workspace, session, data_set=owner.id, rows=iter(ROWS), fingerprint="other", schema={}, origin="edit",
            user=None,
        )  # fmt: skip
    assert not new
    assert (again.id, again.number, again.fingerprint) == (first.id, 1, "f")
    changed = [
        making.version(workspace, owner, rows, parent=first.id)
        for rows in (
            ROWS[1:],
            [ROWS[2], ROWS[1], ROWS[0], *ROWS[3:]],
            [("dev", *ROWS[0][1:]), *ROWS[1:]],
            [given("train", "where is my card", "refund"), *ROWS[1:]],
        )
    ]
    assert len({one.content for one in [first, *changed]}) == 5
    assert [one.number for one in changed] == [2, 3, 4, 5]
    with workspace.reading() as session:
        found = versions.page(session, data_set=owner.id, limit=2)
        last = versions.latest(session, owner.id)
    assert [one.number for one in found.items] == [5, 4]
    assert found.total == 5
    assert last is not None
    assert (last.number, last.parent) == (5, first.id)


def test_another_data_set_may_hold_the_same(workspace: Workspace, owner: DataSet) -> None:
    first = making.version(workspace, owner, ROWS)
    second = making.version(workspace, making.data_set(workspace, "other"), ROWS)
    assert first.id != second.id
    assert first.content != second.content  # rows of another project have other names


def test_equal_inputs_of_a_project_are_one_row(workspace: Workspace, owner: DataSet) -> None:
    made = making.version(workspace, owner, ROWS)
    with workspace.reading() as session:
        found = version_rows.page(session, version=made.id, text="where is")
    assert [(item.place.split, item.place.target) for item in found.items] == [
        ("train", '"card"'), ("train", '"refund"'), ("dev", '"card"'),
    ]  # fmt: skip
    assert len({item.row.id for item in found.items}) == 1
    assert found.items[0].row.id == rows.name_of(workspace, owner.project, ROWS[0][1])


def test_a_version_that_fails_in_the_middle_leaves_nothing(workspace: Workspace, owner: DataSet) -> None:
    def broken() -> Iterator[Given]:
        yield from (given("train", f"text {number}", "a") for number in range(5000))
        raise RuntimeError("the file ended")

    with pytest.raises(RuntimeError, match="the file ended"):
        making.version(workspace, owner, broken())
    with workspace.reading() as session:
        assert versions.latest(session, owner.id) is None


def _many(number: int) -> Iterator[Given]:
    yield from (given("train", f"text {one}", "a") for one in range(number))


def _stored(workspace: Workspace, owner: DataSet, rows: Iterable[Given]) -> Version:
    """Store a version as an import does."""
    prepared = versions.prepare(workspace, project=owner.project, rows=rows)
    return making.version(workspace, owner, prepared)


def _names(workspace: Workspace) -> set[str]:
    with workspace.reading() as session:
        return set(session.scalars(select(Row.id)))


def test_a_version_that_was_prepared_is_the_one_that_is_stored_at_once(workspace: Workspace, owner: DataSet) -> None:
    made = _stored(workspace, owner, ROWS)
    assert made.counts["train"] == {"rows": 4, "labels": {"card": 1, "refund": 1, "退款": 1}}
    assert making.version(workspace, owner, ROWS).id == made.id
    assert check(workspace) == []
    prepared = versions.prepare(workspace, project=making.data_set(workspace, "other").project, rows=ROWS)
    with pytest.raises(ValueError, match="another project's"):
        making.version(workspace, owner, prepared)


def test_others_write_in_the_middle_of_a_large_import(workspace: Workspace, owner: DataSet) -> None:
    def rows() -> Iterator[Given]:
        for number, one in enumerate(_many(5000)):
            if number == 4500:  # thousands are written, and as many are not
                making.data_set(workspace, "another's")
            yield one

    assert _stored(workspace, owner, rows()).counts["train"]["rows"] == 5000


_KILLED = """
import os, signal, sys
from tunery.store import versions
from tunery.store.settings import WorkspaceSettings
from tunery.store.workspace import Workspace
from tunery.types import Example

def rows():
    for number in range(5000):
        if number == 4500:
            os.kill(os.getpid(), signal.SIGKILL)
        yield "train", Example(f"text {number}", "a"), None

with Workspace.open(WorkspaceSettings.model_validate_json(sys.argv[1])) as workspace:
    versions.prepare(workspace, project=sys.argv[2], rows=rows())
"""


def test_an_import_that_is_killed_leaves_nothing_to_see_and_can_be_repeated(
    workspace: Workspace, workspace_settings: WorkspaceSettings, owner: DataSet
) -> None:
    words = [sys.executable, "-c", _KILLED, workspace_settings.model_dump_json(), owner.project]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    left = _names(workspace)
    assert len(left) == 4000
    with workspace.reading() as session:
        assert versions.latest(session, owner.id) is None
    assert check(workspace) == []
    later = datetime.now(UTC) + timedelta(hours=2)
    made = _stored(workspace, owner, _many(2000))
    gc(workspace, now=later)
    assert len(_names(workspace)) == 2000
    assert len(_examples(workspace, made.id)) == 2000
    again = _stored(workspace, owner, _many(5000))
    assert (again.number, again.counts["train"]["rows"]) == (2, 5000)
    assert check(workspace) == []


def test_what_an_import_writes_again_is_not_cleared_up_under_it(workspace: Workspace, owner: DataSet) -> None:
    versions.prepare(workspace, project=owner.project, rows=_many(10))
    with workspace.writing() as session:
        session.execute(update(Row).values(created=datetime.now(UTC) - timedelta(days=1)))
    prepared = versions.prepare(workspace, project=owner.project, rows=_many(5))
    gc(workspace)
    assert len(_names(workspace)) == 5
    assert making.version(workspace, owner, prepared).counts["train"]["rows"] == 5
    with workspace.writing() as session:
        session.execute(update(Row).values(created=datetime.now(UTC) - timedelta(days=1)))
        before = set(session.scalars(select(Row.created)))
    versions.prepare(workspace, project=owner.project, rows=_many(5))
    with workspace.reading() as session:
        assert set(session.scalars(select(Row.created))) == before  # what a version has keeps its time


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d"])
def test_a_text_that_databases_can_not_hold_is_refused_in_words(
    workspace: Workspace, owner: DataSet, text: str
) -> None:
    with pytest.raises(StoreError, match="which can't be kept"):
        making.version(workspace, owner, [given("train", text, "a")])


def _texts(workspace: Workspace, version: str, *, limit: int = 50, **filters: str) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        with workspace.reading() as session:
            page = version_rows.page(session, version=version, after=after, limit=limit, **filters)
        found += [item.row.text for item in page.items]
        assert page.total is None or after is None
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_go_through_the_splits_in_order(workspace: Workspace, owner: DataSet, limit: int) -> None:
    made = making.version(workspace, owner, ROWS)
    assert _texts(workspace, made.id, limit=limit) == [row[1].text for row in _examples(workspace, made.id)]
    assert _texts(workspace, made.id, limit=limit, split="test") == ["100% sure"]


def test_a_text_is_searched_for_as_it_is_written(workspace: Workspace, owner: DataSet) -> None:
    texts = ["100% sure", "100 percent", "a_b", "aXb", "a/b", "back\\slash", "退款 Status", "'; DROP TABLE rows"]
    made = making.version(workspace, owner, [given("train", text, "a") for text in texts])
    for searched, expected in {
        "0%": ["100% sure"], "a_b": ["a_b"], "/": ["a/b"], "\\": ["back\\slash"], "退款": ["退款 Status"],
        "STATUS": ["退款 Status"], "'; d": ["'; DROP TABLE rows"], "none": [],
    }.items():  # fmt: skip
        assert _texts(workspace, made.id, text=searched) == expected


def test_a_text_is_searched_for_in_pairs_too(workspace: Workspace, owner: DataSet) -> None:
    made = making.version(workspace, owner, [("train", FULL, None), given("train", "other", None)])
    assert _texts(workspace, made.id, text="PAIR") == [FULL.text]


def test_rows_are_found_by_any_kind_of_label(workspace: Workspace, owner: DataSet) -> None:
    rows = [
        given("train", "one", "a"),
        given("train", "several", ("a", "b,", ",")),
        given("train", "none of them", ()),
        given("train", "spans", (Span(0, 2, "a"), Span(3, 5, '"q"'))),
        given("train", "unknown", None),
        given("train", "longer", "a b"),
        given("train", "capital", "A"),
        given("train", "separated", ("x", "y")),
    ]
    made = making.version(workspace, owner, rows)
    for label, expected in {
        "a": ["one", "several", "spans"], ",": ["several"], '"q"': ["spans"], "A": ["capital"], "b": [], "0": [],
        "y": ["separated"], "%": [],
    }.items():  # fmt: skip
        assert _texts(workspace, made.id, label=label) == expected
    assert _texts(workspace, made.id, label="a", text="s", split="train") == ["several", "spans"]


def test_a_place_in_another_list_is_refused(workspace: Workspace, owner: DataSet) -> None:
    made = making.version(workspace, owner, ROWS)
    with workspace.reading() as session, pytest.raises(SettingError, match="not from this list"):
        version_rows.page(session, version=made.id, after="nonsense")


def test_lengths_cover_every_row_once(workspace: Workspace, owner: DataSet) -> None:
    long = [given("train", "x" * n, "a") for n in (0, 1, 2, 9, 10, 99)]
    made = making.version(workspace, owner, [*long, given("test", "x" * 7, "a")])
    found = versions.lengths(made)
    assert [(one.low, one.high) for one in found] == [(low, low + 4) for low in range(0, 100, 5)]
    assert [one.rows for one in found] == [3, 2, 1, *[0] * 16, 1]
    assert versions.lengths(made, split="dev") == []
    assert [one.low for one in versions.lengths(made, split="test") if one.rows] == [5]
    assert versions.lengths_of(example for _split, example, _by in [*long, given("test", "x" * 7, "a")]) == found
    assert versions.lengths_of([]) == []


def test_the_project_of_a_version(workspace: Workspace, owner: DataSet) -> None:
    made = making.version(workspace, owner, ROWS)
    with workspace.reading() as session:
        assert versions.project_of(session, made.id) == owner.project
        with pytest.raises(NotFoundError):
            versions.project_of(session, "nothing")
