"""Texts cut where spans or scores begin and end, so that each stretch can be shown in its own colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tunery.types import Span

COLOURS = 8
"""How many colours labels have before they begin again."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a text.

    Attributes:
        text: Its characters.
        label: The label of the span that it is; None outside spans.
        colour: The number of the label's colour; the same for the same label.
        score: How sure the answer is of the span, where that is known.
    """

    text: str
    label: str | None = None
    colour: int = 0
    score: float | None = None


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


def with_spans(text: str, spans: Iterable[Span], labels: Sequence[str]) -> list[Stretch]:
    """Return the stretches of a text; of spans that cross, the first is shown.

    Args:
        text: The text.
        spans: What is marked in it.
        labels: All labels, whose order says the colours.
    """
    result: list[Stretch] = []
    position = 0
    for span in sorted(spans):
        if span.start < position or span.end > len(text):
            continue
        if span.start > position:
            result.append(Stretch(text[position : span.start]))
        result.append(Stretch(text[span.start : span.end], span.label, colour_of(span.label, labels), span.score))
        position = span.end
    if position < len(text):
        result.append(Stretch(text[position:]))
    return result


def colour_of(label: str, labels: Sequence[str]) -> int:
    """Return the number of a label's colour."""
    return labels.index(label) % COLOURS if label in labels else sum(label.encode()) % COLOURS


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
