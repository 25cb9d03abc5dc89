"""Files and folders of this machine, pinned by what they hold."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.sources.conftest import MODEL, UNWANTED

from tunery.errors import SourceError
from tunery.sources import fetch


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write(tmp_path / "model", MODEL | UNWANTED)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_file_is_pinned_by_its_sha256(tmp_path: Path) -> None:
    file = tmp_path / "train.csv"
    file.write_bytes(b"text,label\nhi,pos\n")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()

    fetched = fetch(f"file:{file}", kind="data")

    assert fetched.path == file
    assert fetched.revision == digest
    assert fetched.uri == f"file:{file}@sha256:{digest}"
    assert fetch(fetched.uri, kind="data") == fetched


def test_a_folder_is_pinned_as_sha256sum_would_do_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "news", {"train.txt": b"a", "dev.txt": b"b", "zh/测试.txt": "好".encode()})
    command = "find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum"

    printed = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True).stdout

    assert fetch(f"file:{folder}", kind="data").revision == printed.split()[0]


def test_a_changed_file_is_not_taken_for_the_pinned_one(tmp_path: Path) -> None:
    file = tmp_path / "train.csv"
    file.write_bytes(b"text,label\n")
    pinned = fetch(f"file:{file}", kind="data")
    file.write_bytes(b"text;label\n")
    now = hashlib.sha256(b"text;label\n").hexdigest()

    with pytest.raises(SourceError) as caught:
        fetch(pinned.uri, kind="data")
    assert str(caught.value) == (
        f"{file} has changed: its sha256 is {now}, and {pinned.revision} was asked for. "
        "Put back what was there, or leave @sha256:... out to use it as it is now."
    )


@pytest.mark.parametrize("change", ["content", "name", "more", "less"])
def test_any_change_in_a_folder_changes_its_revision(tmp_path: Path, change: str) -> None:
    folder = write(tmp_path / "news", {"train.txt": b"a", "dev.txt": b"b"})
    before = fetch(f"file:{folder}", kind="data").revision
    if change == "content":
        (folder / "dev.txt").write_bytes(b"c")
    elif change == "name":
        (folder / "dev.txt").rename(folder / "test.txt")
    elif change == "more":
        (folder / "test.txt").write_bytes(b"")
    else:
        (folder / "dev.txt").unlink()

    assert fetch(f"file:{folder}", kind="data").revision != before


def test_what_no_model_needs_does_not_change_its_revision(model: Path) -> None:
    before = fetch(f"file:{model}", kind="model")
    for name in UNWANTED:
        (model / name).unlink()
    (model / ".git").mkdir()
    (model / ".git" / "config.json").write_text("{}")

    assert fetch(f"file:{model}", kind="model") == before


def test_a_copy_elsewhere_has_the_same_revision(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "copy")

    assert fetch(f"file:{tmp_path / 'copy'}", kind="model").revision == fetch(f"file:{model}", kind="model").revision


def test_paths_may_be_relative_and_start_at_home_and_be_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, {"my data@2024/a b.csv": b"x"}) / "my data@2024" / "a b.csv"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    for uri in (
        "file:my data@2024/a b.csv", "file:./my data@2024/../my data@2024/a b.csv", "file:~/my data@2024/a b.csv",
        f"file://{quote(str(file))}", f"file://localhost{quote(str(file))}", "my data@2024/a b.csv",
    ):  # fmt: skip
        assert fetch(uri, kind="data").path == file


def test_a_large_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr("tunery.sources.digest._REMEMBERED", 1)
    file = tmp_path / "train.csv"
    file.write_bytes(b"aaaa")
    os.utime(file, (1_600_000_000, 1_600_000_000))
    before = fetch(f"file:{file}", kind="data")

    note = next((cache / "digests").iterdir())
    note.write_text(note.read_text().replace(before.revision, "0" * 64))
    assert fetch(f"file:{file}", kind="data").revision == "0" * 64

    file.write_bytes(b"bbbb")
    assert fetch(f"file:{file}", kind="data").revision == hashlib.sha256(b"bbbb").hexdigest()
    note.write_text("damaged")
    assert fetch(f"file:{file}", kind="data").revision == hashlib.sha256(b"bbbb").hexdigest()


def test_a_file_that_was_written_just_now_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    monkeypatch.setattr("tunery.sources.digest._REMEMBERED", 1)
    (tmp_path / "train.csv").write_bytes(b"aaaa")

    fetch(f"file:{tmp_path / 'train.csv'}", kind="data")

    assert not (cache / "digests").exists()


def test_the_shared_base_model_is_taken_as_it_is(shared: Path) -> None:
    folder = shared / "models" / "multilingual-e5-small-zh-en"

    fetched = fetch(f"file:{folder}", kind="model")

    assert fetched.path == folder
    assert fetch(fetched.uri, kind="model") == fetched


def test_a_gguf_file_is_a_model(tmp_path: Path) -> None:
    (tmp_path / "small.gguf").write_bytes(b"GGUF")

    assert fetch(f"file:{tmp_path / 'small.gguf'}", kind="model").path == tmp_path / "small.gguf"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"config.json": b"{}", "pytorch_model.bin": b""}, "has its weights only as a pickle (pytorch_model.bin)"),
        ({"config.json": b"{}", "model.PT": b""}, "has its weights only as a pickle (model.PT)"),
        ({"config.json": b"{}", "tf_model.h5": b""}, "has its weights only for another framework (tf_model.h5)"),
        ({"config.json": b"{}", "training_args.bin": b""}, "holds no weights. A base model is a folder with"),
        ({"a/model.safetensors": b"", "b/model.safetensors": b""}, "only folders of it do. Models are in: a, b."),
        ({"q4.gguf": b"", "q8.gguf": b""}, "holds 2 GGUF models: q4.gguf, q8.gguf. Say which: file:"),
        ({}, "holds no weights."),
    ],
)
def test_a_folder_that_is_no_model_is_refused_with_the_reason(
    tmp_path: Path, files: dict[str, bytes], words: str
) -> None:
    folder = tmp_path / "x"
    folder.mkdir()

    with pytest.raises(SourceError) as caught:
        fetch(f"file:{write(folder, files)}", kind="model")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("model.bin", "has its weights only as a pickle (model.bin), which could run any code"),
        ("model.safetensors", "is a single file, and not a GGUF model. Give the folder that holds config.json"),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_the_reason(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / name).write_bytes(b"")

    with pytest.raises(SourceError) as caught:
        fetch(f"file:{tmp_path / name}", kind="model")
    assert words in str(caught.value)


def test_what_is_not_there_is_said_with_where_paths_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SourceError) as caught:
        fetch("file:new/", kind="data")
    assert str(caught.value) == (
        f"There is no file or folder {tmp_path}/new. Check the spelling; paths start at {tmp_path}."
    )


def test_an_empty_folder_a_device_and_no_path_are_refused(tmp_path: Path) -> None:
    for uri, words in (
        (f"file:{tmp_path}", "holds no files. Give a folder with data files."),
        ("file:/dev/zero", "is neither a file nor a folder"),
        ("file:", "A file source names no path."),
        ("file:a\0b", "A file source names no path."),
    ):
        with pytest.raises(SourceError) as caught:
            fetch(uri, kind="data")
        assert words in str(caught.value)


def test_a_folder_of_folders_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunery.sources.file._MOST", 2)
    write(tmp_path, {"a": b"", "b": b"", "c": b""})

    with pytest.raises(SourceError, match="holds more than 2 files"):
        fetch(f"file:{tmp_path}", kind="data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_bytes(b"x")
    (tmp_path / "train.csv").chmod(0)

    with pytest.raises(SourceError, match=r"can't be read.*Check its permissions"):
        fetch(f"file:{tmp_path / 'train.csv'}", kind="data")
