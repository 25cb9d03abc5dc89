"""A folder's files, one by one, into one version; and places that would lead out of the folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.app.jobs.helpers import Here

from tunery.app.jobs.kinds import import_data
from tunery.errors import SettingError
from tunery.store import versions
from tunery.store.workspace import Workspace


@pytest.fixture
def here(local_workspace: Workspace) -> Here:
    return Here(local_workspace, "file:/none")


def _sent(here: Here, folder: Path, files: dict[str, str]) -> list[dict[str, str]]:
    sent = []
    for name, content in files.items():
        path = folder / str(len(sent))
        path.write_text(content, encoding="utf-8")
        sent.append({"name": name, "blob": here.workspace.blobs.put(path)[0]})
    return sent


def _lines(*texts: str) -> str:
    return "".join(json.dumps({"text": text, "label": "ab"[number % 2]}) + "\n" for number, text in enumerate(texts))


def _import(here: Here, files: list[dict[str, str]], task: str = "text-classification") -> dict[str, int]:
    made = here.do("import", data_set="d", task=task, files=files)
    with here.workspace.reading() as session:
        counts = versions.get(session, str(made["version"])).counts
    return {split: found["rows"] for split, found in counts.items() if found["rows"]}


def test_folders_named_for_splits_become_one_version(here: Here, tmp_path: Path) -> None:
    files = {
        "train/part-0.jsonl": _lines("one", "two"), "train/part-1.jsonl": _lines("three", "four"),
        "dev/part-0.jsonl": _lines("five", "six"), "test/part-0.jsonl": _lines("seven", "eight"), "README": "About it.",
    }  # fmt: skip
    assert _import(here, _sent(here, tmp_path, files)) == {"train": 4, "dev": 2, "test": 2}


def test_a_folder_of_conll_becomes_one_version(here: Here, tmp_path: Path) -> None:
    rows = "Ada B-PER\nsleeps O\n\n"
    files = {f"{split}.txt": f"{name} B-PER\nsleeps O\n\n{rows}" for split, name in (
        ("train", "Bob"), ("dev", "Eve"), ("test", "Mia"))}  # fmt: skip
    assert set(_import(here, _sent(here, tmp_path, files), "token-classification")) == {"train", "dev", "test"}


@pytest.mark.parametrize(
    "name",
    ["../out.jsonl", "/etc/out.jsonl", "a/../../out.jsonl", "a/./b.jsonl", "..", ".hidden", "a//b.jsonl", "", " ",
     "a/b/c/d.jsonl", "a\\..\\out.jsonl", "C:\\out.jsonl", "a\0b", "a\nb", "x" * 501],
)  # fmt: skip
def test_a_place_outside_the_folder_is_refused_before_anything_is_done(here: Here, tmp_path: Path, name: str) -> None:
    files = _sent(here, tmp_path, {"train.jsonl": _lines("one", "two")})
    with pytest.raises(SettingError):
        here.start("import", data_set="d", task="text-classification", files=[{**files[0], "name": name}])


@pytest.mark.parametrize("second", ["train", "train/a.jsonl"])
def test_two_files_in_one_place_are_refused(here: Here, tmp_path: Path, second: str) -> None:
    files = _sent(here, tmp_path, {"train": _lines("one"), second: _lines("two")})
    given = files if len(files) == 2 else files * 2
    with pytest.raises(SettingError, match="named twice"):
        here.start("import", data_set="d", task="text-classification", files=given)


def test_too_many_files_and_too_many_bytes_are_refused(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = _sent(here, tmp_path, {"train.jsonl": _lines("one", "two"), "dev.jsonl": _lines("three", "four")})
    many = [{**files[0], "name": f"{number}.jsonl"} for number in range(1001)]
    with pytest.raises(SettingError):
        here.start("import", data_set="d", task="text-classification", files=many)
    monkeypatch.setattr(import_data, "_MOST_BYTES", 50)
    with pytest.raises(SettingError, match="larger than"):
        here.do("import", data_set="d", task="text-classification", files=files)
