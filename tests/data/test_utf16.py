"""Offsets in UTF-16 units are told from offsets in characters, and turned into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.data import utf16

TEXTS = st.text(st.sampled_from("a b病😀𝒳é\u200d"), max_size=12)


@given(text=TEXTS, data=st.data())
def test_units_and_characters_are_turned_into_each_other(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = utf16.to_units(text, start, end)
    # What a browser would cut out of its string of UTF-16 units.
    assert text.encode("utf-16-le")[2 * first : 2 * last].decode("utf-16-le") == text[start:end]
    assert utf16.to_characters(text, first, last) == (start, end)
    assert ((first, last) == (start, end)) or utf16.differs(text)


@pytest.mark.parametrize(("start", "end"), [(1, 2), (0, 1), (-1, 2), (2, 99), (3, 2)])
def test_half_a_character_or_a_place_outside_is_none(start: int, end: int) -> None:
    assert utf16.to_characters("😀ab", start, end) is None


@pytest.mark.parametrize(
    ("text", "start", "end", "units"),
    [
        ("😀 Ann", 3, 6, True),  # behind the end if characters
        ("😀 Ann met Bob", 3, 6, True),  # else " An" cut short: "nn "
        ("😀 Ann met Bob", 2, 5, False),  # " An" if units
        ("😀😀 Ann", 1, 2, False),  # half an emoji if units
        ("Ann 😀", 0, 3, False),  # both ways the same
        ("😀病人头疼", 2, 4, False),  # nothing tells, so characters
    ],
)
def test_spans_show_how_they_were_counted(text: str, start: int, end: int, units: bool) -> None:
    assert utf16.in_units([(text, start, end)]) is units


def test_one_span_that_fits_no_other_way_decides_for_the_file() -> None:
    neat_as_characters = ("😀 Ann met Bob", 2, 5)
    assert not utf16.in_units([neat_as_characters])
    assert utf16.in_units([neat_as_characters, ("😀 Bob", 3, 6)])
