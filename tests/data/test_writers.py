"""What is written reads back as the same examples."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunery.data.dataset import Schema
from tunery.data.loading import read_examples
from tunery.data.writers import write_conll, write_csv, write_jsonl
from tunery.errors import DataError
from tunery.types import Example, Span

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
AWKWARD = st.sampled_from(
    ["😀", "e\u0301", "ＡＢＣ", "病", "\r\n", "\n", "\u2028", "\u0085", " ", '"', "\t", ",", "#", "👩‍👩‍👧", "-"]
)
TEXTS = st.lists(st.one_of(CHARACTERS, AWKWARD), max_size=20).map("".join)
NAMES = st.text(CHARACTERS, min_size=1, max_size=8).filter(
    lambda name: name == name.strip() and name.lower() not in ("nan", "null", "<na>", "#n/a") and name[0] != "["
)
TOKENS = (
    st.lists(st.one_of(CHARACTERS, AWKWARD), min_size=1, max_size=4)
    .map("".join)
    .filter(lambda token: token == token.strip() and token and not set(token) & set("\t\r\n"))
)
LABELS = NAMES.filter(lambda name: not set(name) & set("\t\r\n"))
EXTRAS = st.fixed_dictionaries({}, optional={"id": NAMES, "timestamp": NAMES, "group": NAMES})
FAST = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def tagged(draw: st.DrawFn) -> Example:
    tokens = draw(st.lists(TOKENS, min_size=1, max_size=6))
    gaps = draw(
        st.lists(st.sampled_from(["", " ", "  ", "\r\n", "\u3000"]), min_size=len(tokens), max_size=len(tokens))
    )
    text, words, spans = "", [], []
    for gap, token in zip(gaps, tokens, strict=True):
        text += gap
        words.append((len(text), len(text) + len(token)))
        text += token
    position = 0
    while position < len(words):
        end = draw(st.integers(position + 1, len(words)))
        if draw(st.booleans()):
            spans.append(Span(words[position][0], words[end - 1][1], draw(LABELS)))
        position = end
    return Example(text, tuple(spans), words=tuple(words), **draw(EXTRAS))


@st.composite
def marked(draw: st.DrawFn) -> Example:
    text = draw(TEXTS)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = tuple(Span(start, end, draw(NAMES)) for start, end in zip(cuts[::2], cuts[1::2], strict=False))
    return Example(text, spans, **draw(EXTRAS))


def read(path: Path, schema: Schema) -> list[Example]:
    return read_examples(path, schema)


@FAST
@given(rows=st.lists(st.builds(Example, TEXTS, NAMES), min_size=1, max_size=5))
def test_texts_with_a_label_survive_json_lines(rows: list[Example], tmp_path: Path) -> None:
    write_jsonl(rows, tmp_path / "a.jsonl")
    assert read(tmp_path / "a.jsonl", Schema("label")) == rows


@FAST
@given(
    rows=st.lists(
        st.builds(Example, TEXTS, st.sets(NAMES, max_size=3).map(lambda names: tuple(sorted(names)))),
        min_size=1,
        max_size=5,
    ).filter(lambda rows: any(row.target for row in rows))
)
def test_texts_with_several_labels_survive_json_lines(rows: list[Example], tmp_path: Path) -> None:
    write_jsonl(rows, tmp_path / "a.jsonl")
    assert read(tmp_path / "a.jsonl", Schema("label")) == rows


PLAIN = Example("A plain text beside what is awkward.", "a")
"""A table of nothing but numbers, or blanks, would say that it holds no texts."""
SEVERAL = st.sets(NAMES, max_size=3).map(lambda names: tuple(sorted(names)))
FORMULAS = st.sampled_from(["=", "+", "-", "@", "\t=", "\r="]).flatmap(lambda sign: TEXTS.map(lambda text: sign + text))


@FAST
@given(
    rows=st.lists(
        st.builds(
            lambda text, label, more: Example(text, label, **more), st.one_of(TEXTS, FORMULAS),
            NAMES, EXTRAS,
        ),
        min_size=1, max_size=5,
    )
)  # fmt: skip
def test_texts_with_a_label_survive_csv(rows: list[Example], tmp_path: Path) -> None:
    write_csv([PLAIN, *rows], tmp_path / "a.csv")
    assert read(tmp_path / "a.csv", Schema("label")) == [PLAIN, *rows]


@FAST
@given(
    rows=st.lists(
        st.builds(Example, st.one_of(TEXTS, FORMULAS), SEVERAL),
        min_size=1, max_size=5,
    ).filter(lambda rows: any(row.target for row in rows))
)  # fmt: skip
def test_texts_with_several_labels_survive_csv(rows: list[Example], tmp_path: Path) -> None:
    plain = Example(PLAIN.text, ("a", "b"))
    write_csv([plain, *rows], tmp_path / "a.csv")
    assert read(tmp_path / "a.csv", Schema("label")) == [plain, *rows]


@FAST
@given(rows=st.lists(st.builds(Example, TEXTS, NAMES, TEXTS), min_size=1, max_size=5))
def test_pairs_survive_csv(rows: list[Example], tmp_path: Path) -> None:
    write_csv(rows, tmp_path / "a.csv")
    assert read(tmp_path / "a.csv", Schema("label", pair=True)) == rows


def test_long_lists_of_labels_survive_csv(tmp_path: Path) -> None:
    labels = tuple(f"a subject with a long name, number {number:03}" for number in range(40))
    rows = [Example("A text about many things.", labels), Example("About one.", labels[:1]), Example("None.", ())]
    write_csv(rows, tmp_path / "a.csv")
    assert read(tmp_path / "a.csv", Schema("label")) == rows


def test_csv_is_plain_utf_8_with_a_header_and_cells_as_they_are(tmp_path: Path) -> None:
    write_csv([Example('=1+1,"😀"\n', "好"), Example("@x", "坏", id="7")], tmp_path / "a.csv")
    expected = '"text","label","id"\n"=1+1,""😀""\n","好",""\n"@x","坏","7"\n'
    assert (tmp_path / "a.csv").read_bytes() == expected.encode()


def test_what_csv_can_not_hold_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    for rows, why in (
        ([Example("a b", (Span(0, 1, "x"),))], "CoNLL hold"),
        ([Example("a", ("x",)), Example("b", None)], "no list of labels"),
        ([Example("a\0", "x")], "NUL"),
    ):
        with pytest.raises(DataError, match=why):
            write_csv(rows, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


@FAST
@given(rows=st.lists(st.one_of(marked(), tagged()), min_size=1, max_size=4))
def test_spans_and_words_survive_json_lines(rows: list[Example], tmp_path: Path) -> None:
    write_jsonl(rows, tmp_path / "a.jsonl")
    assert read(tmp_path / "a.jsonl", Schema("spans")) == rows


@FAST
@given(rows=st.lists(st.builds(Example, TEXTS, NAMES, TEXTS), min_size=1, max_size=4))
def test_pairs_survive_json_lines(rows: list[Example], tmp_path: Path) -> None:
    write_jsonl(rows, tmp_path / "a.jsonl")
    assert read(tmp_path / "a.jsonl", Schema("label", pair=True)) == rows


@FAST
@given(rows=st.lists(tagged(), min_size=1, max_size=4))
def test_tokens_and_spans_survive_conll_columns(rows: list[Example], tmp_path: Path) -> None:
    write_conll(rows, tmp_path / "a.conll")
    assert read(tmp_path / "a.conll", Schema("spans")) == rows


@pytest.mark.parametrize("name", ["bc5cdr_ner", "zhmed_cMedQANER"])
def test_real_data_survives_both_formats(name: str, shared: Path, tmp_path: Path) -> None:
    rows = read_examples(shared / "data" / name / "dev.jsonl.gz", Schema("spans"))[:500]
    write_conll(rows, tmp_path / "a.conll")
    write_jsonl(rows, tmp_path / "a.jsonl")
    assert "# text" not in (tmp_path / "a.conll").read_text(encoding="utf-8")
    assert read(tmp_path / "a.conll", Schema("spans")) == rows
    assert read(tmp_path / "a.jsonl", Schema("spans")) == rows


def test_conll_refuses_what_columns_cannot_hold_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.conll: Example 1 \('no words'\) can't be written: it has no words"):
        write_conll([Example("no words", ())], path)
    with pytest.raises(DataError, match="a span begins or ends inside a word"):
        write_conll([Example("word", (Span(0, 2, "X"),), words=((0, 4),))], path)
    with pytest.raises(DataError, match="it has no spans but a label"):
        write_conll([Example("word", "X", words=((0, 4),))], path)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_half_a_surrogate_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="half of a surrogate pair"):
        write_jsonl([Example("\ud83d", "a")], tmp_path / "a.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="The file can't be written"):
        write_jsonl([Example("a", "b")], tmp_path / "file" / "a.jsonl")
