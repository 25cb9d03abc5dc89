"""What every reader is: the names it goes by, how it knows its own, and the rows it gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from tunery.data.encodings import decode
from tunery.data.files import read_bytes
from tunery.data.findings import Findings
from tunery.data.settings import DataSettings
from tunery.data.strict_json import JsonError, parse_whole
from tunery.errors import SettingError
from tunery.i18n import _

_SPELLED = {"\\t": "\t", "tab": "\t", "space": " "}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it starts (counted from 1) and its values by column."""

    line: int
    values: Mapping[str, object]


@dataclass(slots=True)
class Table:
    """The rows of one file, or of one split inside a file.

    Attributes:
        file: The file's name for messages.
        columns: Every column that occurs, in the order of the file.
        rows: The rows.
        split: The split that the file itself says they belong to.
        label_names: For columns that hold numbers which stand for names: the names.
        fixed: The format itself says what its columns mean (``label`` is the label), so nothing is guessed by content.
        a_line_a_token: Rows are sentences with one token a line.
    """

    file: str
    columns: list[str]
    rows: list[Row]
    split: str | None = None
    label_names: dict[str, Sequence[str]] = field(default_factory=dict)
    fixed: bool = False
    a_line_a_token: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A file to be read.

    Attributes:
        path: Where it lies.
        shown: Its name as the user wrote it.
    """

    path: Path
    shown: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader is told and where it reports to.

    Attributes:
        settings: How files are read.
        target: What the task needs from a row; tells columns of tokens from columns of a table.
        findings: Where problems and decisions go.
        encodings: The encodings met, with the files, to be said once for all.
    """

    settings: DataSettings
    target: Literal["label", "spans"]
    findings: Findings
    encodings: dict[str, list[str]] = field(default_factory=dict)

    @property
    def delimiter(self) -> str | None:
        r"""The character that the user says separates columns; ``\t`` and ``tab`` mean a tab.

        Raises:
            SettingError: It is not one character.
        """
        told = self.settings.delimiter
        found = _SPELLED.get(told, told) if told is not None else None
        if found is not None and (len(found) != 1 or found in '\r\n"'):
            raise SettingError(
                _("delimiter: it must be one character, found {found!r}.").format(found=told),
                _("For example: , or ; or tab."),
            )
        return found

    def text_of(self, place: Place, *, lines: bool = True) -> str:
        """Return the decoded content of a text file.

        Raises:
            DataError: It can't be read or is no text.
        """
        data = read_bytes(place.path, place.shown, lines=lines)
        decoded = decode(data, self.settings.encoding, place.shown, self.findings)
        self.encodings.setdefault(decoded.encoding, []).append(place.shown)
        return decoded.text


class Reader(ABC):
    """A file format."""

    name: ClassVar[str]
    """What ``--set format=`` calls it."""
    suffixes: ClassVar[tuple[str, ...]] = ()
    """How its files end, in lower case, without ``.gz``."""
    rank: ClassVar[int] = 0
    """Who is asked first, the higher the sooner: special formats go before the general ones they look like."""

    @abstractmethod
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        """Say whether a file is of this format, by its suffix and its first bytes (unpacked)."""

    @abstractmethod
    def read(self, place: Place, reading: Reading) -> list[Table]:
        """Return the file's rows; what is wrong with single rows goes to ``reading.findings``.

        Raises:
            DataError: The file as a whole can't be read.
        """


def columns_of(rows: Sequence[Row]) -> list[str]:
    """Return every column that occurs, in the order of first occurrence."""
    return list(dict.fromkeys(name for row in rows for name in row.values))


def unfold_lists(table: Table) -> None:
    """Turn cells that write out lists as JSON into lists, in columns that hold nothing else: spans in a table."""
    for column in table.columns:
        cells = [cell for row in table.rows if (cell := row.values.get(column)) not in (None, "")]
        if not cells or not all(isinstance(cell, str) and cell.startswith("[") for cell in cells):
            continue
        try:
            lists = [parse_whole(str(row.values.get(column) or "[]")) for row in table.rows]
        except JsonError:
            continue
        table.rows = [
            Row(row.line, {**row.values, column: value}) for row, value in zip(table.rows, lists, strict=True)
        ]
