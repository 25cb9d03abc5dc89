"""Tag schemes are recognised, read as the same spans, and what they forbid is mended and counted."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.data import tags
from tunery.data.tags import TokenSpan

SPANS: list[TokenSpan] = [(0, 1, "X"), (1, 4, "X"), (5, 6, "Y"), (7, 9, "Y")]
ANY = ["O", "B-X", "I-X", "E-X", "S-X", "B-Y", "I-Y", "L-Y", "U-Y", "M-Y", "X"]
SCHEMES = {
    "IOB1": "I-X B-X I-X I-X O I-Y O I-Y I-Y O",
    "IOB2": "B-X B-X I-X I-X O B-Y O B-Y I-Y O",
    "BIOES": "S-X B-X I-X E-X O S-Y O B-Y E-Y O",
    "BILOU": "U-X B-X I-X L-X O U-Y O B-Y L-Y O",
    "BMES": "S-X B-X M-X E-X O S-Y O B-Y E-Y O",
}


@pytest.mark.parametrize("separator", ["-", "_"])
@pytest.mark.parametrize("name", SCHEMES)
def test_every_scheme_gives_the_same_spans(name: str, separator: str) -> None:
    sentence = SCHEMES[name].replace("-", separator).split()
    scheme = tags.recognise([sentence])
    assert scheme.name == name
    assert scheme.separator == separator
    assert tags.decode(sentence, scheme) == (SPANS, [])


def test_io_without_any_b_joins_neighbours() -> None:
    sentence = ["I-X", "I-X", "I-Y", "O", "I-X"]
    scheme = tags.recognise([sentence])
    assert scheme.name == "IO"
    assert tags.decode(sentence, scheme) == ([(0, 2, "X"), (2, 3, "Y"), (4, 5, "X")], [])


def test_tags_that_are_labels_alone_are_io() -> None:
    sentence = ["PER", "PER", "O", "LOC"]
    scheme = tags.recognise([sentence])
    assert tags.decode(sentence, scheme) == ([(0, 2, "PER"), (3, 4, "LOC")], [])


def test_prefixes_without_a_label_are_spans_called_entity() -> None:
    scheme = tags.recognise([["B", "I", "O", "B"]])
    assert tags.decode(["B", "I", "O", "B"], scheme) == ([(0, 2, "entity"), (3, 4, "entity")], [])


def test_a_tag_without_prefix_among_others_is_unknown() -> None:
    scheme = tags.recognise([["B-X", "I-X", "X"]])
    assert scheme.unknown == {"X"}


def test_a_prefix_without_a_label_among_others_is_unknown() -> None:
    assert tags.recognise([["B-PER", "B-", "I_ ", "O"]]).unknown == {"B-", "I_ "}
    assert tags.recognise([["XX", "B-"]]).unknown == {"B-"}


def test_the_whole_data_set_decides_not_a_sentence() -> None:
    sentences = [["I-X", "O"], ["I-X", "B-X", "O"], ["I-Y", "I-Y"]]
    assert tags.recognise(sentences).name == "IOB1"
    assert tags.recognise([*sentences[:1], *[["B-X", "I-X", "O"]] * 3]).name == "IOB2"


@pytest.mark.parametrize(
    ("sentence", "name", "spans", "mended"),
    [
        ("O I-X I-X B-Y I-X", "IOB2", [(1, 3, "X"), (3, 4, "Y"), (4, 5, "X")], [1, 4]),
        ("B-X O E-Y S-Y", "BIOES", [(0, 1, "X"), (2, 3, "Y"), (3, 4, "Y")], [1, 2]),
        ("U-X B-X I-X", "BILOU", [(0, 1, "X"), (1, 3, "X")], [2]),
    ],
)
def test_what_a_scheme_forbids_is_mended_and_counted(
    sentence: str, name: str, spans: list[TokenSpan], mended: list[int]
) -> None:
    found = sentence.split()
    parts = tags.recognise([found])
    scheme = tags.Scheme(name, "-", parts.parts)  # type: ignore[arg-type]
    assert tags.decode(found, scheme) == (spans, mended)


@st.composite
def spans_of_tokens(draw: st.DrawFn) -> tuple[list[TokenSpan], int]:
    cuts = sorted(draw(st.sets(st.integers(0, 12), max_size=8)))
    pairs = list(pairwise(cuts))
    chosen = [pair for pair in pairs if draw(st.booleans())]
    return [(start, end, draw(st.sampled_from(["X", "B-Y", "-", "O", "I_Z", "病"]))) for start, end in chosen], 12


@given(sentences=st.lists(spans_of_tokens(), min_size=1, max_size=6))
def test_spans_to_iob2_and_back_are_the_same_spans(sentences: list[tuple[list[TokenSpan], int]]) -> None:
    written = [tags.encode(spans, length) for spans, length in sentences]
    scheme = tags.recognise(written)
    for (spans, _length), sentence in zip(sentences, written, strict=True):
        assert tags.decode(sentence, scheme) == (spans, [])


@given(sentences=st.lists(st.lists(st.sampled_from(ANY), max_size=8), max_size=6))
def test_any_tags_give_spans_that_are_in_order_and_apart(sentences: list[list[str]]) -> None:
    scheme = tags.recognise(sentences)
    for sentence in sentences:
        spans, mended = tags.decode(sentence, scheme)
        assert all(0 <= start < end <= len(sentence) for start, end, _label in spans)
        assert all(first[1] <= second[0] for first, second in pairwise(spans))
        again = tags.encode(spans, len(sentence))
        assert tags.decode(again, tags.recognise([again]))[0] == spans
        assert all(0 <= position < len(sentence) for position in mended)
