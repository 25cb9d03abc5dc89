"""Source URIs: which texts are one, and what a bare name finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.sources.conftest import MODEL
from tests.sources.hub import Hub

from tunery.errors import SettingError, SourceError
from tunery.sources import fetch, is_source
from tunery.sources.repository import parse


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("hf:bert-base-cased", True), ("modelscope:a/b", True), ("pypi:a==1/b", True), ("file:./x", True),
        ("HF:bert-base-cased", True), (" hf:x ", True),
        ("bert-base-cased", False), ("./x", False), ("C:\\data\\train.csv", False), ("s3:bucket/x", False), ("", False),
        ("http://x", False), ("a b:c", False),
    ],
)  # fmt: skip
def test_a_source_is_a_text_with_a_known_scheme(text: str, known: bool) -> None:
    assert is_source(text) is known


def test_a_bare_name_is_first_looked_for_here(hf: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hf.add("bert", MODEL)
    monkeypatch.chdir(tmp_path)
    assert fetch("bert", kind="model").uri.startswith("hf:bert@")

    (tmp_path / "bert").mkdir()
    for name, content in MODEL.items():
        (tmp_path / "bert" / name).write_bytes(content)
    assert fetch("bert", kind="model").uri.startswith(f"file:{tmp_path}/bert@sha256:")


def test_the_order_of_sources_can_be_set(hf: Hub, modelscope: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hf.add("team/bert", MODEL)

    monkeypatch.setenv("TUNERY_SOURCES", "modelscope, hf")

    assert fetch("team/bert", kind="model").uri.startswith("modelscope:team/bert@")


def test_when_all_fail_each_one_is_listed_with_its_reason(
    hf: Hub, modelscope: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SourceError) as caught:
        fetch("team/brt", kind="model")
    assert str(caught.value) == (
        "team/brt was not found. These were tried:\n"
        f"  file: There is no file or folder {tmp_path}/team/brt. Check the spelling; paths start at {tmp_path}.\n"
        f"  hf: There is no model team/brt on {hf.url}, or it is private. "
        "Check the spelling; for a private one log in with: hf auth login (or set HF_TOKEN).\n"
        "  modelscope: ModelScope has no modelscope:team/brt, or it is private. "
        "Check the spelling and the revision; for a private one log in with: ms login (or set MODELSCOPE_API_TOKEN).\n"
        " Write the source in front of the name, like hf:team/brt, or change the order in TUNERY_SOURCES."
    )


def test_an_order_with_an_unknown_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNERY_SOURCES", "file,huggingface")

    with pytest.raises(SettingError) as caught:
        fetch("bert", kind="model")
    assert str(caught.value) == (
        "TUNERY_SOURCES names 'huggingface', and there is no such source. There are: file, hf, modelscope, pypi."
    )


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("hff:bert", "hff:bert: there is no source 'hff'. Did you mean hf:bert?"),
        ("https://example.org/x.csv", "there is no source 'https'. Download it, and give the path of the file."),
        ("zzzz:x", "there is no source 'zzzz'. Sources are written: file:PATH[@sha256:DIGEST]; hf:OWNER/NAME"),
        ("  ", "The source is empty. Sources are written: file:PATH"),
    ],
)
def test_an_unknown_scheme_is_named_with_the_nearest(uri: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        fetch(uri, kind="data")
    assert words in str(caught.value)


def test_a_file_with_a_colon_in_its_name_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ner:train.txt").write_bytes(b"x")

    assert fetch("ner:train.txt", kind="data").path == tmp_path / "ner:train.txt"


@given(st.text())
@example("a/b/c@d@e")
@example("@")
def test_every_text_is_a_repository_or_refused(text: str) -> None:
    try:
        found = parse("hf", text, "hf:OWNER/NAME")
    except SourceError:
        return
    parts = f"{found.name}/{found.path}".split("/")
    assert ".." not in parts
    assert not any("\\" in part for part in parts)
    assert parse("hf", str(found).removeprefix("hf:"), "") == found
