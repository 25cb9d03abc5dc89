"""Encodings are recognised and said; what is no text, or no longer text, is refused with byte and line."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.data.dataset import Dataset, Schema
from tunery.data.encodings import decode
from tunery.data.findings import Findings
from tunery.data.loading import load, read_examples
from tunery.data.settings import DataSettings
from tunery.errors import DataError, SettingError

CHINESE = "text,label\n" + "患者，女，45岁，因反复头痛就诊。,神经科\n咳嗽三天，无发热。,呼吸科\n" * 6
FRENCH = "text,label\n" + "Le café était très bon, même à Noël,positif\n".replace("bon, m", "bon m") * 6


def read(path: Path, content: bytes, **settings: str) -> Dataset:
    path.write_bytes(content)
    return load(path, Schema("label"), DataSettings.model_validate(settings))


def said(data: Dataset) -> str:
    return " ".join(problem.message for problem in data.notes if problem.code.startswith("encoding"))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (CHINESE.encode(), "UTF-8."),
        (codecs.BOM_UTF8 + CHINESE.encode(), "UTF-8 (BOM)."),
        (CHINESE.encode("gb18030"), "GB18030."),
        (CHINESE.encode("utf-16"), "UTF-16."),
        (CHINESE.encode("utf-16-le"), "UTF-16-LE."),
        (CHINESE.encode("utf-16-be"), "UTF-16-BE."),
        (codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"), "UTF-16."),
    ],
)
def test_chinese_in_every_usual_encoding(content: bytes, name: str, tmp_path: Path) -> None:
    data = read(tmp_path / "a.csv", content)
    assert said(data) == f"Read as {name}"
    assert {example.target for split in data.values() for example in split} == {"神经科", "呼吸科"}


def test_latin_1_is_guessed_and_said(tmp_path: Path) -> None:
    data = read(tmp_path / "a.csv", FRENCH.encode("latin-1"))
    assert said(data).startswith("The file is not UTF-8; it looks like Latin-1, which can't be told for certain.")
    assert data["train"][0].text == "Le café était très bon même à Noël"


def test_curly_quotes_of_windows_are_read(tmp_path: Path) -> None:
    data = read(tmp_path / "a.csv", "text,label\nIt’s “fine”,ok\n".encode("cp1252"))
    assert "Windows-1252" in said(data)
    assert data["train"][0].text == "It’s “fine”"


def test_one_bad_byte_in_utf_8_is_an_error_with_byte_and_line(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"a\.csv:3: The file is not UTF-8: at byte 29 stands ff 0a e4 ba\. Save it as UTF-8"
    ):
        read(tmp_path / "a.csv", "text,label\n好的很好,x\n好".encode() + b"\xff\n" + "二三四五六七八,y\n".encode())


def test_an_encoding_that_is_told_must_fit(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv:2: The file is not ascii: at byte 11"):
        read(tmp_path / "a.csv", CHINESE.encode(), encoding="ascii")
    with pytest.raises(SettingError, match=r"there is no text encoding klingon\. For example: utf-8"):
        read(tmp_path / "a.csv", CHINESE.encode(), encoding="klingon")


def test_big5_is_read_when_told(tmp_path: Path) -> None:
    data = read(tmp_path / "a.csv", "text,label\n天氣很好,x\n頭痛,y\n".encode("big5"), encoding="big5")
    assert data["train"][0].text == "天氣很好"


def test_text_that_was_decoded_wrongly_before_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"a\.csv:2: \d+ times text was decoded wrongly before it was saved, first 'æ.+ at byte 11"
    ):
        read(tmp_path / "a.csv", CHINESE.encode().decode("latin-1").encode())
    with pytest.raises(
        DataError, match=r"a\.csv:2: .* times characters were lost before it was saved, first '锟斤拷' at byte 11"
    ):
        read(tmp_path / "a.csv", ("text,label\n" + "锟斤拷锟斤拷锟斤拷,x\n" * 5).encode())


def test_a_few_damaged_words_are_a_warning(tmp_path: Path) -> None:
    data = read(tmp_path / "a.csv", (CHINESE + "itâ€™s fine,x\n").encode())
    assert [problem.line for problem in data.notes if problem.code == "mojibake"] == [14]


def test_nul_bytes_are_refused_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv:2: There are 1 NUL characters in the file, the first at byte 13"):
        read(tmp_path / "a.csv", b"text,label\nab\0c,x\n")


def test_a_picture_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    with pytest.raises(DataError, match=r"The file holds no text; it is a picture. Give a file with labelled examples"):
        read_examples(path, Schema("label"))


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff\ufffd"), min_size=1))
def test_utf_8_and_marked_utf_16_are_never_misread(text: str) -> None:
    for content in (text.encode(), codecs.BOM_UTF8 + text.encode(), text.encode("utf-16")):
        try:
            found = decode(content, None, "a", Findings()).text
        except DataError as error:
            assert error.problems[0].code in ("mojibake", "characters-lost", "nul-bytes")  # noqa: PT017
        else:
            assert found == text
