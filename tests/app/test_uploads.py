"""Files that people send: what is refused, and what they are called."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from tunery.app import uploads
from tunery.errors import DataError


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["text", "label"])
    book.active.append(["a text", "a"])
    book.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


def _zip(**entries: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return target.getvalue()


@pytest.mark.parametrize(
    "data",
    ["text,label\nMZ,a\n".encode("utf-16"), b"MZ,label\na,b\n", b"PK,label\na,b\n", gzip.compress(b"text\tlabel\n"),
     "文本,标签\n".encode("gb18030"), b'{"text": "a", "label": "b"}'],
    ids=["UTF-16", "like a program", "like an archive", "gzip", "GB 18030", "JSON"],
)  # fmt: skip
def test_data_are_taken(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    uploads.check(tmp_path / "file", name="file")


def test_a_workbook_is_taken_and_one_that_unpacks_to_too_much_is_not(workbook: Path) -> None:
    uploads.check(workbook, name="book.xlsx")
    with zipfile.ZipFile(workbook, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/media/zeros", bytes(3_000_000))
    assert workbook.stat().st_size < 100_000
    with pytest.raises(DataError, match="unpacks to more than 2 MB"):
        uploads.check(workbook, name="book.xlsx", largest=2_000_000)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\x7fELF\2\1\1\0" + b"x" * 100, "is a program"),
        (b"MZ\x90\0\3\0", "is a program"),
        (_zip(a=b"text"), "is an archive"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "is an archive"),
        (_zip(a=b"text" * 1000)[:-30], "is damaged"),
        (gzip.compress(b"text" * 1000)[:-10], "is damaged"),
        (gzip.compress(bytes(3_000_000)), "unpacks to more than 2 MB"),
        (b"x" * 2_000_001, "is larger than 2 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "data",
)
def test_what_is_no_data_is_refused_in_words(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(DataError, match=words) as caught:
        uploads.check(tmp_path / "file", name="../evil.csv", largest=2_000_000)
    assert caught.value.problems[0].file == "evil.csv"
    assert caught.value.problems[0].hint


def test_what_never_ends_is_not_read_to_its_end(tmp_path: Path) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield bytes(1000)

    with pytest.raises(DataError, match="is larger than"):
        uploads.receive(pieces(), tmp_path / "file", name="zeros", largest=10_000)
    assert sent == 11
    assert (tmp_path / "file").stat().st_size == 10_000


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("数据.csv", "数据.csv"), ("../../etc/passwd", "passwd"), ("C:\\data\\a.csv", "a.csv"), ("", "data"),
        ("..", "data"), (".hidden", "hidden"), ("a\0b\n.csv", "ab.csv"), ("a/", "data"), ("x" * 500 + ".csv", None),
        ("文" * 500, None), ("a.\u202ecsv", "a.csv"),
    ],
)  # fmt: skip
def test_names_are_only_names(name: str, kept: str | None) -> None:
    found = uploads.file_name(name)
    if kept is not None:
        assert found == kept
    assert 0 < len(found.encode()) <= 120
    assert name[-4:] != ".csv" or found.endswith(".csv")
