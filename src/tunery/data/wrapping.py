"""Lines of Chinese and English for a terminal: Chinese breaks between any two characters, English between words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions
from rich.text import Text

_WIDE = r"\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING = "（《〈「『【〔“‘(\\["
_CLOSING = "）》〉」』】〕”’，。、；：！？…)\\],.;:!?%"
_PIECE = re.compile(
    rf"[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}{_OPENING}]+|(?<=[{_OPENING}]))[{_CLOSING}]*\s*|\s+|[{_OPENING}]+\s*"
)
"""What is never divided: a Chinese character or a word, with the brackets before and the punctuation after it."""


class Wrapped:
    """A text whose lines are broken as its language breaks them."""

    def __init__(self, text: Text) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        for line in self._text.divide(breaks(self._text.plain, options.max_width)):
            line.rstrip()
            yield line


def breaks(text: str, width: int) -> list[int]:
    """Return the offsets at which lines after the first begin, each line at most ``width`` columns wide."""
    offsets: list[int] = []
    used, offset = 0, 0
    for piece in _pieces(text, width):
        size = cell_len(piece.rstrip())
        if used and used + size > width:
            offsets.append(offset)
            used = 0
        used += cell_len(piece)
        offset += len(piece)
    return offsets


def _pieces(text: str, width: int) -> Iterator[str]:
    for match in _PIECE.finditer(text):
        piece = match[0]
        if cell_len(piece.rstrip()) <= width:
            yield piece
        else:
            yield from chop_cells(piece, width)
