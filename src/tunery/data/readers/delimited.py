"""Tables as text: CSV as spreadsheets write it, TSV, semicolons, with or without a header.

Quotes follow RFC 4180 (https://www.rfc-editor.org/rfc/rfc4180): a quoted cell may hold line breaks and doubled quotes.
Where a file of tabs uses quotation marks as plain characters, it is read without quoting.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, Literal

from typing_extensions import override

from tunery.data.files import MAX_LINE, failure
from tunery.data.names import is_known
from tunery.data.readers.base import Place, Reader, Reading, Row, Table
from tunery.i18n import _

_SAMPLE = 100_000
_CANDIDATES = (",", "\t", ";", "|")
Record = tuple[int, list[str]]
"""The line a record starts on, and its cells."""


class Csv(Reader):
    """Columns separated by commas, or semicolons, or whatever the file uses."""

    name: ClassVar[str] = "csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv",)

    @override
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        return suffix in self.suffixes

    @override
    def read(self, place: Place, reading: Reading) -> list[Table]:
        return [_table(place, reading, _CANDIDATES)]


class Tsv(Reader):
    """Columns separated by tabs."""

    name: ClassVar[str] = "tsv"
    suffixes: ClassVar[tuple[str, ...]] = (".tsv", ".tab")
    rank: ClassVar[int] = -10

    @override
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        return True

    @override
    def read(self, place: Place, reading: Reading) -> list[Table]:
        first = ("\t", *(candidate for candidate in _CANDIDATES if candidate != "\t"))
        return [_table(place, reading, first)]


class _BrokenQuoteError(Exception):
    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


def _table(place: Place, reading: Reading, candidates: Sequence[str]) -> Table:
    text = reading.text_of(place)
    _refuse_tokens(text, place, reading)
    separator = reading.delimiter or _delimiter(text, candidates)
    records = _records(text, separator, place)
    if not records:
        raise failure(
            "no-rows", _("There are no rows in the file."), _("Give a file with labelled examples."), place.shown
        )
    header = _has_header(records, reading)
    width = len(records[0][1]) if header else Counter(len(cells) for _line, cells in records).most_common(1)[0][0]
    names = _names(records[0][1], place) if header else [str(number + 1) for number in range(width)]
    rows = list(_rows(records[1:] if header else records, names, place, reading))
    if not header:
        reading.findings.note(
            "no-header", _("The table has no header; its columns are called 1 to {count}.").format(count=width),
            file=place.shown,
        )  # fmt: skip
    return Table(place.shown, names, rows)


def _delimiter(text: str, candidates: Sequence[str]) -> str:
    """Return the candidate that divides most rows into the same number of columns; the first one of equals."""
    sample = text[:_SAMPLE]

    def agreement(candidate: str) -> float:
        rows = csv.reader(io.StringIO(sample, newline=""), delimiter=candidate)
        widths = [len(cells) for cells in rows if cells]
        if len(sample) < len(text):
            del widths[-1:]  # cut off
        width, often = Counter(widths).most_common(1)[0] if widths else (0, 0)
        return round(often / len(widths), 2) if width > 1 else 0.0

    return max(candidates, key=agreement)


def _records(text: str, separator: str, place: Place) -> list[Record]:
    try:
        return list(_parsed(text, separator, quoted=True))
    except _BrokenQuoteError as broken:
        plain = list(_parsed(text, separator, quoted=False)) if separator == "\t" else []
        # Between tabs quotation marks are often just characters: so they are if the columns come out even.
        if len({len(cells) for _line, cells in plain}) == 1 and len(plain[0][1]) > 1:
            return plain
        raise failure(
            "broken-quote",
            _("A quotation mark is opened and not closed, or closed in the middle of a cell."),
            _('Write quotation marks inside a quoted cell twice: "say ""hello""".'),
            place.shown,
            broken.line,
        ) from None


def _parsed(text: str, separator: str, *, quoted: bool) -> Iterator[Record]:
    stream = io.StringIO(text, newline="")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    with _large_cells():
        reader = csv.reader(stream, delimiter=separator, strict=quoted, quoting=quoting)
        line = 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error:
            raise _BrokenQuoteError(line) from None


@contextmanager
def _large_cells() -> Iterator[None]:
    before = csv.field_size_limit(MAX_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _rows(records: Sequence[Record], names: Sequence[str], place: Place, reading: Reading) -> Iterator[Row]:
    for line, cells in records:
        if len(cells) > len(names) and not any(cells[len(names) :]):
            del cells[len(names) :]  # spreadsheets end rows with empty cells
        if len(cells) == len(names):
            yield Row(line, dict(zip(names, cells, strict=True)))
            continue
        reading.findings.error(
            "ragged-row",
            _("The row has {found} columns where there should be {expected}.").format(
                found=len(cells), expected=len(names)
            ),
            _("Put cells that hold the separator into double quotes, or name it with --set delimiter=..."),
            place.shown,
            line,
        )


def _names(header: Sequence[str], place: Place) -> list[str]:
    names = [name.strip() or str(number) for number, name in enumerate(header, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise failure(
            "column-twice",
            _("The header names more than one column {name!r}.").format(name=twice[0]),
            _("Give each column its own name."),
            place.shown,
            1,
        )
    return names


def _has_header(records: Sequence[Record], reading: Reading) -> bool:
    first = [cell.strip() for cell in records[0][1]]
    while len(first) > 1 and not first[-1]:
        first.pop()  # spreadsheets go on with empty cells
    settings = reading.settings
    wanted = {settings.text_column, settings.label_column, settings.text_pair_column} - {None}
    if any(name in first for name in wanted if name and not name.isdigit()) or _usual(first, records[1:]):
        return True
    if len(records) < 3 or any(not cell or len(cell) > 40 or _is_number(cell) for cell in first):
        return False
    return len(set(first)) == len(first) and all(
        _differs(cell, [cells[number] for _line, cells in records[1:2000] if number < len(cells)])
        for number, cell in enumerate(first)
    )


def _usual(first: Sequence[str], records: Sequence[Record]) -> bool:
    """Say whether a cell is the usual name of a column, and not one of the column's values."""
    known = {number: cell for number, cell in enumerate(first) if is_known(cell)}
    return any(
        all(number >= len(cells) or cells[number].strip() != cell for _line, cells in records)
        for number, cell in known.items()
    )


def _differs(name: str, cells: Sequence[str]) -> bool:
    """Say whether the first cell of a column is unlike what follows: a name over values, not one of them."""
    if not cells or name in cells:
        return False
    few = len(set(cells)) < 0.5 * len(cells)
    numbers = sum(map(_is_number, cells)) > 0.9 * len(cells)
    longer = sum(map(len, cells)) > 2.5 * len(cells) * len(name) and " " not in name
    return few or numbers or longer


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _refuse_tokens(text: str, place: Place, reading: Reading) -> None:
    if reading.target == "spans":
        return
    lines = text[:20000].split("\n")[:-1]
    filled = [line.split() for line in lines if line.strip()]
    tagged = sum(len(cells) > 1 and cells[-1][:2] in ("O", "B-", "I-", "B_", "I_") for cells in filled)
    if len(filled) > 20 and tagged > 0.95 * len(filled) and len(filled) < len(lines):
        raise failure(
            "wrong-task",
            _("The file holds tokens with tags, not texts with labels."),
            _("Use --task token-classification, or give a file of texts and labels."),
            place.shown,
            1,
        )
