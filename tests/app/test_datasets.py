"""Data sets into the store and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunery import i18n
from tunery.app import datasets
from tunery.data.dataset import SPLITS, Dataset, Schema, Split
from tunery.data.loading import load
from tunery.data.settings import DataSettings
from tunery.errors import Problem
from tunery.store import data_sets, deletion, projects, version_rows
from tunery.store.tables import DataSet
from tunery.store.workspace import Workspace
from tunery.types import Example, Span

_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_maybe = st.none() | _texts
_spans = st.lists(st.builds(Span, st.integers(0, 5), st.integers(6, 9), _texts), max_size=3).map(
    lambda spans: tuple(sorted(spans))
)
_targets = (
    st.none() | _texts | st.lists(_texts, max_size=3, unique=True).map(lambda found: tuple(sorted(found))) | _spans
)
_words = st.none() | st.lists(st.tuples(st.integers(0, 9), st.integers(10, 20)), max_size=3).map(tuple)
_examples = st.builds(
    Example,
    _texts,
    _targets,
    text_pair=_maybe,
    words=_words,
    id=_maybe,
    timestamp=_maybe,
    group=_maybe,
    document=_maybe,
)
_datasets = st.dictionaries(st.sampled_from(SPLITS), st.lists(_examples, min_size=1, max_size=4), min_size=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, DataSet]]:
    with Workspace.open(tmp_path_factory.mktemp("workspace")) as workspace:
        with workspace.writing() as session:
            project = projects.create(session, name="p", user=None)
            data_set = data_sets.create(session, project=project.id, name="d", task="text-classification", user=None)
        yield workspace, data_set


@settings(max_examples=60)
@given(splits=_datasets)
def test_what_comes_out_is_what_went_in(store: tuple[Workspace, DataSet], splits: dict[str, list[Example]]) -> None:
    workspace, data_set = store
    dataset = Dataset({name: Split(name, found) for name, found in splits.items()}, Schema("label"))
    with workspace.writing() as session:
        version, _new = datasets.to_store(workspace, session, dataset, data_set=data_set.id, origin="upload", user=None)
    found = datasets.from_store(workspace, version.id)
    assert {name: list(split) for name, split in found.items()} == splits
    assert found.fingerprint == dataset.fingerprint == version.fingerprint


def test_a_real_file_keeps_its_fingerprint_its_notes_and_how_it_was_read(
    store: tuple[Workspace, DataSet], shared: Path
) -> None:
    workspace, data_set = store
    how = DataSettings(split_seed=7)
    dataset = load(shared / "data" / "banking77" / "dev.jsonl.gz", Schema("label"), how)
    with workspace.writing() as session:
        version, new = datasets.to_store(
            workspace, session, dataset, data_set=data_set.id, origin="upload", user=None, source="dev.jsonl",
            settings=how,
        )  # fmt: skip
    found = datasets.from_store(workspace, version.id)
    assert new
    assert found.fingerprint == dataset.fingerprint
    assert (found.schema, found.source, version.columns) == (Schema("label"), "dev.jsonl", {"split_seed": 7})
    assert [note.code for note in found.notes] == [note.code for note in dataset.notes]
    assert str(shared) not in str(version.notes)


def test_notes_are_read_in_the_language_of_their_reader(store: tuple[Workspace, DataSet], shared: Path) -> None:
    workspace, data_set = store
    with i18n.use_language("zh"), i18n.remembering():
        dataset = load(shared / "data" / "banking77" / "test.jsonl.gz", Schema("label"))
    with workspace.writing() as session:
        version, _new = datasets.to_store(workspace, session, dataset, data_set=data_set.id, origin="upload", user=None)
    english = load(shared / "data" / "banking77" / "test.jsonl.gz", Schema("label"))

    assert version.notes[0]["message"] == dataset.notes[0].message != english.notes[0].message
    assert [datasets.note_of(note).message for note in version.notes] == [note.message for note in english.notes]
    assert [datasets.note_of(note).hint for note in version.notes] == [note.hint for note in english.notes]


def test_rows_whose_text_was_deleted_are_left_out(store: tuple[Workspace, DataSet]) -> None:
    workspace, data_set = store
    examples = [Example("Anna", (Span(0, 4, "PER"),)), Example("Berlin", (Span(0, 6, "LOC"),))]
    dataset = Dataset({"train": Split("train", examples)}, Schema("spans"), notes=[Problem("note", "n", "words")])
    with workspace.writing() as session:
        version, _new = datasets.to_store(
            workspace, session, dataset, data_set=data_set.id, origin="annotation", user=None,
            annotations={("train", 1): "an-annotation"},
        )  # fmt: skip
        rows = version_rows.page(session, version=version.id).items
        deletion.delete_row(workspace, session, rows[0].row.id, user=None)
    assert [item.place.annotation for item in rows] == [None, "an-annotation"]
    assert list(datasets.from_store(workspace, version.id)["train"]) == examples[1:]
