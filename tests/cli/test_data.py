"""``tunery data``: tells what is wrong, converts without loss, overwrites nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.calls import Tunery

import tunery as package

ENTITIES = ("--task", "token-classification")
CLASSES = ("--task", "text-classification")


def test_usable_data_exits_with_0_and_is_described(tunery: Tunery, entities: Path) -> None:
    answer = tunery("data", "check", entities, *ENTITIES)
    assert (answer.code, answer.err) == (0, "")
    assert "Usable." in answer.out
    assert "disease" in answer.out


def test_as_json_nothing_else_is_on_standard_output(tunery: Tunery, entities: Path) -> None:
    answer = tunery("data", "check", entities, *ENTITIES, "--json")
    found = json.loads(answer.out)
    assert found["ok"] is True
    assert {problem["code"] for problem in found["problems"]} >= {"encoding", "tag-scheme"}


@pytest.mark.parametrize("json_wanted", [False, True])
def test_unusable_data_exits_with_1_and_names_file_and_line(tunery: Tunery, tmp_path: Path, json_wanted: bool) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text('{"text": "a", "label": "x"}\n[]\n{"text": "b"\n')
    answer = tunery("data", "check", file, *CLASSES, *(["--json"] if json_wanted else []))
    assert answer.code == 1
    if json_wanted:
        found = json.loads(answer.out)
        assert found["ok"] is False
        assert [(problem["line"], problem["count"]) for problem in found["problems"]] == [(2, 2)]
    else:
        assert answer.out == ""
        assert f"Error: {file}:2: The line is not a JSON object" in answer.err
        assert "lines 2, 3" in answer.err


def test_lengths_are_counted_in_the_base_models_tokens(tunery: Tunery, entities: Path, shared: Path) -> None:
    base = f"file:{shared / 'models/multilingual-e5-small-zh-en'}"
    assert "tokens" in tunery("data", "check", entities, *ENTITIES, "--base", base).out


@pytest.mark.parametrize("to", ["jsonl", "conll"])
def test_converted_data_is_the_same_data(tunery: Tunery, entities: Path, tmp_path: Path, to: str) -> None:
    answer = tunery("data", "convert", entities, tmp_path / "out", *ENTITIES, "--to", to)
    assert answer.code == 0
    assert answer.err.splitlines() == [
        f"Written: {tmp_path / 'out' / f'{split}.{to}'}" for split in ("train", "dev", "test")
    ]
    before = package.load_data(entities, ENTITIES[1])
    after = package.load_data(tmp_path / "out", ENTITIES[1])
    assert after.fingerprint == before.fingerprint


def test_nothing_is_overwritten(tunery: Tunery, intents: Path, tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text("mine")
    answer = tunery("data", "convert", intents, tmp_path, *CLASSES)
    assert answer.code == 2
    assert answer.err == (
        f"Error: There is something already at {tmp_path / 'dev.jsonl'}.\n"
        "  Name another folder, or remove the files first.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["dev.jsonl"]
    assert (tmp_path / "dev.jsonl").read_text() == "mine"


def test_a_format_that_cannot_be_written_is_a_wrong_call(tunery: Tunery, intents: Path, tmp_path: Path) -> None:
    answer = tunery("data", "convert", intents, tmp_path / "out", *CLASSES, "--to", "xml")
    assert answer.code == 2
    assert answer.err == "Error: There is no format xml to write.\n  There are: conll, csv, jsonl.\n"
