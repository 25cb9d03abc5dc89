"""Excel workbooks: sheets named for splits are those splits; otherwise the first sheet with rows is the data."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, Literal
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, LargeZipFile, ZipFile

from typing_extensions import override

from tunery.data.files import MAX_FILE, failure, unchanged
from tunery.data.folders import split_named
from tunery.data.readers.base import Place, Reader, Reading, Row, Table
from tunery.i18n import _

# What openpyxl and the zip and XML modules below it raise for files that are not what they seem.
_UNREADABLE = (
    AttributeError, AssertionError, BadZipFile, EOFError, IndexError, KeyError, LargeZipFile, NotImplementedError,
    OSError, OverflowError, ParseError, RuntimeError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip


class Excel(Reader):
    """Workbooks of Excel 2007 and later."""

    name: ClassVar[str] = "excel"
    suffixes: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm", ".xls")
    rank: ClassVar[int] = 40

    @override
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        return suffix in self.suffixes or start.startswith(b"PK\x03\x04")

    @override
    def read(self, place: Place, reading: Reading) -> list[Table]:
        with unchanged(place.path, place.shown), _workbook(place):
            sheets = _sheets(place)
        named = {name: cells for name, cells in sheets.items() if split_named(name)}
        if not sheets:
            raise failure(
                "no-rows", _("The workbook has no rows."), _("Give a file with labelled examples."), place.shown
            )
        chosen = named or dict([next(iter(sheets.items()))])
        left = [name for name in sheets if name not in chosen]
        reading.findings.note(
            "sheets",
            _("Sheets read: {read}; left alone: {left}.").format(read=", ".join(chosen), left=", ".join(left) or "-"),
            file=place.shown,
        )
        return [_table(name, cells, place) for name, cells in chosen.items()]


Cells = Sequence[tuple[int, Sequence[object]]]


@contextmanager
def _workbook(place: Place) -> Iterator[None]:
    try:
        with ZipFile(place.path) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
        if unpacked > MAX_FILE:
            raise failure(
                "file-too-large",
                _("The file has more than {limit} bytes (unpacked).").format(limit=MAX_FILE),
                _("Divide it into several files, or store it as Parquet."),
                place.shown,
            )
        yield
    except _UNREADABLE as error:
        raise failure(
            "excel-unreadable",
            _("The file is not a readable Excel workbook: {reason}.").format(
                reason=str(error)[:120].rstrip(". ") or type(error).__name__
            ),
            _("Open it in a spreadsheet program and save it as .xlsx or as CSV."),
            place.shown,
        ) from None


def _sheets(place: Place) -> dict[str, Cells]:
    from openpyxl import load_workbook

    book = load_workbook(place.path, read_only=True, data_only=True)
    try:
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # a file may claim a million columns
        sheets = {
            sheet.title: [
                (number, list(cells))
                for number, cells in enumerate(sheet.iter_rows(values_only=True), 1)
                if any(cell is not None and str(cell).strip() for cell in cells)
            ]
            for sheet in book.worksheets
        }
    finally:
        book.close()
    return {name: cells for name, cells in sheets.items() if cells}


def _table(name: str, cells: Cells, place: Place) -> Table:
    shown = f"{place.shown}[{name}]"
    header = ["" if cell is None else str(cell).strip() for cell in cells[0][1]]
    width = max((number for number, cell in enumerate(header, 1) if cell), default=0)
    names = [cell or str(number) for number, cell in enumerate(header[:width], 1)]
    if len(set(names)) < len(names):
        raise failure(
            "column-twice",
            _("The header names more than one column {name!r}.").format(
                name=next(name for name in names if names.count(name) > 1)
            ),
            _("Give each column its own name."),
            shown,
            cells[0][0],
        )
    rows = [Row(line, dict(zip(names, [*values, *[None] * width], strict=False))) for line, values in cells[1:]]
    return Table(shown, names, rows, split=split_named(name))
