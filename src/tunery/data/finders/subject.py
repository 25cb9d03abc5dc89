"""What finders look at: the rows of all splits, and what several finders need, computed once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size

from tunery.data.dataset import Dataset, Split
from tunery.data.duplicates import duplicate_key, near_duplicate_groups, normalise
from tunery.data.statistics import SplitStatistics
from tunery.errors import Problem, Severity
from tunery.i18n import _
from tunery.types import Example

_EXCERPT = 40
"""Columns of a terminal that an excerpt may take; a Chinese character takes two."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row and the split it stands in."""

    split: Split
    example: Example

    @property
    def place(self) -> str:
        """Where it stands, for a sentence: ``train.csv:7``, or ``train`` where the place is not known."""
        if self.example.line is None:
            return self.split.name
        return f"{Path(self.split.file or self.split.name).name}:{self.example.line}"


class Subject:
    """A data set under examination.

    Args:
        dataset: The data set.
        statistics: Its splits in numbers.
    """

    def __init__(self, dataset: Dataset, statistics: Mapping[str, SplitStatistics]) -> None:
        self.dataset = dataset
        self.statistics = statistics

    @cached_property
    def rows(self) -> list[Row]:
        """All rows, train first."""
        return [Row(split, example) for split in self.dataset.values() for example in split]

    @cached_property
    def keys(self) -> list[str]:
        """The text of each row without what makes no difference; empty for empty rows."""
        return [normalise(duplicate_key(row.example)) for row in self.rows]

    @cached_property
    def groups(self) -> list[int]:
        """The group of near duplicates of each row."""
        return near_duplicate_groups(self.keys)

    def rows_of(self, name: str) -> list[Row]:
        """Return the rows of a split; none where it doesn't exist."""
        return [row for row in self.rows if row.split.name == name]


Finder: TypeAlias = Callable[[Subject], Iterator[Problem]]


def problem(severity: Severity, code: str, message: str, hint: str, rows: Sequence[Row]) -> Problem:
    """Return a problem of some rows, placed at the first of them."""
    first = rows[0]
    return Problem(severity, code, message, hint, first.split.file, first.example.line, len(rows))


def excerpt(text: str) -> str:
    """Return the beginning of a text on one line, in quotation marks, without anything a terminal would obey."""
    line = printable(re.sub(r"[ \t\r\n]+", " ", text[: 4 * _EXCERPT]).strip(" "))
    whole = cell_len(line) <= _EXCERPT and len(text) <= 4 * _EXCERPT
    shown = line if whole else f"{set_cell_size(line, _EXCERPT).rstrip()}…"
    return _("“{text}”").format(text=shown)


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return names as a list that says how many it leaves out."""
    shown = ", ".join(printable(name) for name in names[:most])
    if len(names) <= most:
        return shown
    return _("{names} and {n:,} more").format(names=shown, n=len(names) - most)


def share(part: int, whole: int) -> str:
    """Return a share as a percentage that is 0 or 100 only where it is exactly that."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.1f}%" if percent % 1 else f"{percent:.0f}%"


def printable(name: str) -> str:
    """Return a label without anything a terminal would obey."""
    return "".join(_visible(character) for character in name)


def _visible(character: str) -> str:
    # Joiners belong to emoji and to several scripts; every other format or control character is made to be seen.
    if character in "\u200c\u200d" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return character
    return f"<{ord(character):02X}>"
