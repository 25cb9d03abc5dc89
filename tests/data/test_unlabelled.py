"""Texts that nobody has labelled yet can be read, so that they can be labelled; nothing is learned from them."""

from __future__ import annotations

from pathlib import Path

import pytest

import tunery
from tunery.errors import DataError


def _file(path: Path) -> str:
    lines = [f'"Where is card {number}, please?"' for number in range(30)]
    path.write_text("\n".join(["question", *lines]) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("task", ["text-classification", "token-classification"])
def test_they_are_read_in_splits_and_without_an_answer(tmp_path: Path, task: str) -> None:
    data = tunery.load_data(_file(tmp_path / "questions.csv"), task, unlabelled=True)
    examples = [example for split in data.values() for example in split]
    assert {example.text for example in examples} == {f"Where is card {number}, please?" for number in range(30)}
    assert {example.target for example in examples} == {None}
    assert set(data) == {"train", "dev", "test"}
    assert data.unlabelled


def test_nothing_about_them_is_an_error(tmp_path: Path) -> None:
    data = tunery.load_data(_file(tmp_path / "questions.csv"), "text-classification", unlabelled=True)
    found = tunery.check(data)
    assert found.ok
    assert "no-labels" not in {problem.code for problem in found.problems}


def test_a_column_of_labels_beside_them_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "good", "label": "a", "id": "1"}\n{"text": "bad", "label": "b", "id": "2"}\n')
    data = tunery.load_data(path, "text-classification", unlabelled=True)
    assert {(one.text, one.target, one.id) for split in data.values() for one in split} == {
        ("good", None, "1"), ("bad", None, "2")
    }  # fmt: skip


def test_without_being_told_it_is_an_error_that_says_how(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--set unlabelled=true"):
        tunery.load_data(_file(tmp_path / "questions.csv"), "text-classification")


def test_nothing_can_be_learned_from_them(tmp_path: Path, tiny_base: str) -> None:
    data = tunery.load_data(_file(tmp_path / "questions.csv"), "text-classification", unlabelled=True)
    with pytest.raises(DataError, match="has a label"):
        tunery.tune(data, base=tiny_base, strategy="probe", output=tmp_path / "model")
    assert not (tmp_path / "model").exists()
