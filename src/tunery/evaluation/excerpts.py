"""The part of a text that an error is about: long texts are cropped, and spans that nobody disputes are left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tunery.evaluation.comparison import Disagreement
from tunery.evaluation.report import MarkedSpan, Mistake
from tunery.evaluation.wording import visible
from tunery.types import Offsets

Spans = Sequence[MarkedSpan]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an excerpt.

    Attributes:
        text: Its characters.
        label: The label of the span that it is; None outside spans.
        disputed: Whether the span is one that not all sides have.
    """

    text: str
    label: str | None = None
    disputed: bool = False


def disputed(*sides: Spans) -> list[list[MarkedSpan]]:
    """Return for each side the spans that not all sides have."""
    common = set(sides[0]).intersection(*sides[1:])
    return [[span for span in side if span not in common] for side in sides]


def focus(row: Mistake | Disagreement) -> Offsets:
    """Return what part of the text a row is about; the beginning where it is about the whole."""
    if isinstance(row, Disagreement):
        sides = disputed(row.expected_spans, row.first_spans, row.second_spans)
        return hull(span for side in sides for span in side)
    expected, answered = disputed(row.expected_spans, row.answered_spans)
    named = [span for span in answered if _named(span, row.text) == row.answered]
    return hull(named or [*expected, *answered])


def answers_text(row: Disagreement) -> list[str]:
    """Return what is right and both answers in words; of spans, only those that not all three have."""
    sides = disputed(row.expected_spans, row.first_spans, row.second_spans)
    if any(sides):
        return [visible("; ".join(_named(span, row.text) for span in side)) or "-" for side in sides]
    return [visible(words) or "-" for words in (row.expected, row.first, row.second)]


def hull(spans: Iterable[MarkedSpan]) -> Offsets:
    """Return the smallest stretch that holds all ``spans``; nothing at the beginning where there are none."""
    found = list(spans)
    return (min(span.start for span in found), max(span.end for span in found)) if found else (0, 0)


def crop(text: str, around: Offsets, length: int) -> Offsets:
    """Return a stretch of at most ``length`` characters with the start of ``around`` in it, cut between words."""
    start, end = around
    if len(text) <= length:
        return (0, len(text))
    first = max(0, min(start - max(0, length - (end - start)) // 2, len(text) - length))
    last = min(len(text), first + length)
    if first > 0:
        space = text.find(" ", first, min(first + 20, start))
        first = first if space < 0 else space + 1
    if last < len(text):
        space = text.rfind(" ", max(min(end, last - 1), last - 20), last)
        last = space if space > max(first, start) else last
    return (first, last)


def excerpt(text: str, around: Offsets, length: int) -> str:
    """Return the cropped text, with ellipses where something was left out."""
    first, last = crop(text, around, length)
    return ("…" if first else "") + text[first:last] + ("…" if last < len(text) else "")


def pieces(text: str, spans: Spans, disputes: Iterable[MarkedSpan], window: Offsets) -> list[Piece]:
    """Return the stretches of ``text`` within ``window``; spans are taken by position, of crossing ones the first."""
    first, last = window
    strong = set(disputes)
    result = [Piece("…")] if first else []
    position = first
    for span in sorted(spans, key=lambda item: item.offsets):
        start, end = max(span.start, first), min(span.end, last)
        if start < position or start >= end:
            continue
        if start > position:
            result.append(Piece(text[position:start]))
        result.append(Piece(text[start:end], span.label, span in strong))
        position = end
    if position < last:
        result.append(Piece(text[position:last]))
    if last < len(text):
        result.append(Piece("…"))
    return result


def _named(span: MarkedSpan, text: str) -> str:
    return f"{text[span.start : span.end]} [{span.label}]"
