"""Chinese breaks between any two characters, English between words, and no line is too wide."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tunery.data.wrapping import breaks


def lines(text: str, width: int) -> list[str]:
    edges = [0, *breaks(text, width), len(text)]
    return [text[start:end].rstrip() for start, end in pairwise(edges)]


def test_english_breaks_between_words() -> None:
    assert lines("the quick brown fox", 10) == ["the quick", "brown fox"]


def test_chinese_breaks_between_characters() -> None:
    assert lines("见患者近期三个月内", 10) == ["见患者近期", "三个月内"]


def test_a_line_does_not_begin_with_closing_punctuation() -> None:
    assert lines("患者近期三。个月", 10) == ["患者近期", "三。个月"]


def test_a_line_does_not_end_with_an_opening_bracket() -> None:
    assert lines("患者近期（三）个月", 10) == ["患者近期", "（三）个月"]


def test_a_word_that_is_too_long_is_cut() -> None:
    assert lines("abcdefghij", 4) == ["abcd", "efgh", "ij"]


def test_an_empty_text_is_one_empty_line() -> None:
    assert lines("", 4) == [""]


@given(st.text(alphabet="ab 中文，。（）(),“”x…", max_size=80), st.integers(2, 20))
def test_no_line_is_wider_than_it_may_be_and_nothing_is_lost(text: str, width: int) -> None:
    assert all(cell_len(line) <= width for line in lines(text, width))
    offsets = breaks(text, width)
    assert offsets == sorted(set(offsets))
    assert all(0 < offset < len(text) for offset in offsets)
