"""Texts cut where weights begin and end, so that each word can be shown in its own colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weighed:
    """A word and how much it speaks for the answer.

    Attributes:
        text: The word, or what lies between words.
        weight: From -1 (speaks most against it) to 1 (most for it); 0 for what lies between words.
        value: What the method gave, before it was scaled.
    """

    text: str
    weight: float
    value: float = 0.0


def weighed(text: str, words: Sequence[tuple[int, int, float]]) -> list[Weighed]:
    """Return a text in stretches with what each speaks for; the strongest has a weight of 1 or -1.

    Args:
        text: The text.
        words: Start, end and value of each word, in order and without overlaps.
    """
    strongest = max((abs(value) for _start, _end, value in words), default=0.0)
    result: list[Weighed] = []
    position = 0
    for start, end, value in words:
        if start > position:
            result.append(Weighed(text[position:start], 0.0))
        result.append(Weighed(text[start:end], value / strongest if strongest else 0.0, value))
        position = end
    if position < len(text):
        result.append(Weighed(text[position:], 0.0))
    return result
