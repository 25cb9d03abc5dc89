"""Tables of plain text, aligned by what characters take up on a screen: Chinese ones take two columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

GAP = 2


def width(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes up."""
    return sum(_width(character) for character in text)


def left(text: str, columns: int) -> str:
    """Return ``text`` filled up on the right."""
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """Return ``text`` filled up on the left."""
    return " " * (columns - width(text)) + text


def shorten(text: str, columns: int) -> str:
    """Return ``text``, with an ellipsis at its end if it takes up more than ``columns``."""
    if width(text) <= columns:
        return text
    taken = 0
    for index, character in enumerate(text):
        taken += _width(character)
        if taken > columns - 1:
            return text[:index] + "…"
    return text


def shorten_middle(text: str, columns: int) -> str:
    """Return ``text``, with an ellipsis in its middle if it takes up more than ``columns``.

    Names of classes often begin alike and differ at their ends.
    """
    if width(text) <= columns:
        return text
    begin = shorten(text, columns - columns // 2)
    end = shorten(text[::-1], columns // 2 + 1)[:-1]
    return begin + end[::-1]


def table(rows: Sequence[Sequence[str] | None], *, name_right: bool = False) -> list[str]:
    """Return rows of equal length as lines, the first column to the left (or right) and the others to the right.

    Args:
        rows: The cells, headings included; None for an empty line.
        name_right: Whether the first column is aligned to the right, as scikit-learn's reports have it.
    """
    cells = [row for row in rows if row is not None]
    widths = [max(width(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines: list[str] = []
    for row in rows:
        if row is None:
            lines.append("")
            continue
        first = (right if name_right else left)(row[0], widths[0])
        others = [right(cell, widths[column]) for column, cell in enumerate(row[1:], 1)]
        lines.append((" " * GAP).join([first, *others]).rstrip())
    return lines


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
