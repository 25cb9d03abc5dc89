"""Offsets as browsers count them: in UTF-16 units, of which an emoji has two and most other characters one."""

from __future__ import annotations

from collections.abc import Iterable

from tunery.types import Offsets

_FIRST_OF_TWO_UNITS = "\U00010000"
_DECISIVE = 100


def differs(text: str) -> bool:
    """Say whether counting units gives other offsets in ``text`` than counting characters."""
    return any(character >= _FIRST_OF_TWO_UNITS for character in text)


def to_units(text: str, start: int, end: int) -> Offsets:
    """Return offsets in characters as offsets in units."""
    before = _length(text[:start])
    return before, before + _length(text[start:end])


def to_characters(text: str, start: int, end: int) -> Offsets | None:
    """Return offsets in units as offsets in characters; None where they lie outside or halve a character."""
    if not 0 <= start <= end:
        return None
    first = _character_at(text, start)
    last = _character_at(text, end)
    return None if first is None or last is None else (first, last)


def in_units(spans: Iterable[tuple[str, int, int]]) -> bool:
    """Say whether the offsets of a file are counted in units, by what spans would be if they were, or were not.

    An offset behind the end of the text, or between the halves of an emoji, decides. Else spans that begin or end with
    white space, or inside a word, speak against the way of counting that would make them so.

    Args:
        spans: Text, start and end of each span. Without any evidence offsets count characters.
    """
    return sum(_vote(*span) for span in spans) > 0


def _vote(text: str, start: int, end: int) -> int:
    """Return a positive number where a span speaks for units, a negative one where it speaks for characters."""
    counted = to_characters(text, start, end)
    inside = 0 <= start < end <= len(text)
    if counted == (start, end) or (counted is None and not inside):
        return 0
    if counted is None:
        return -_DECISIVE
    if not inside:
        return _DECISIVE
    faults = _faults(text, start, end) - _faults(text, *counted)
    return (faults > 0) - (faults < 0)


def _faults(text: str, start: int, end: int) -> int:
    edges = (start, start - 1), (end - 1, end)
    spaces = sum(text[inner].isspace() for inner, _outer in edges)
    # Between Chinese characters a span may begin anywhere, so only letters of alphabets tell.
    cut = sum(
        0 <= outer < len(text) and text[inner].isascii() and (text[inner] + text[outer]).isalnum()
        for inner, outer in edges
    )
    return spaces + cut


def _length(text: str) -> int:
    return len(text) + sum(character >= _FIRST_OF_TWO_UNITS for character in text)


def _character_at(text: str, unit: int) -> int | None:
    """Return the number of the character that begins at a unit; None where none does."""
    passed = 0
    for number, character in enumerate(text):
        if passed >= unit:
            return number if passed == unit else None
        passed += 2 if character >= _FIRST_OF_TWO_UNITS else 1
    return len(text) if passed == unit else None
