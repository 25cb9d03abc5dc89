"""JSON lines: one object a line.

``tokens`` and ``tags``, or ``text`` and ``spans``, or ``text`` and ``label``, or ``text`` and ``labels``; optional
``id``, ``timestamp``, ``group``. Other names are found like the columns of a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from typing_extensions import override

from tunery.data.readers.base import Place, Reader, Reading, Row, Table, columns_of
from tunery.data.strict_json import JsonError, parse_whole
from tunery.i18n import _
from tunery.progress import track


class JsonLines(Reader):
    """One JSON object a line."""

    name: ClassVar[str] = "jsonl"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".jsonlines")
    rank: ClassVar[int] = 10

    @override
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        return suffix in self.suffixes or (suffix in (".json", ".txt", "") and starts_with_rows(start))

    @override
    def read(self, place: Place, reading: Reading) -> list[Table]:
        rows = list(rows_of(place, reading))
        return [Table(place.shown, columns_of(rows), rows, fixed=True)]


def rows_of(place: Place, reading: Reading) -> Iterator[Row]:
    """Yield the objects of a file; lines that are none are reported.

    Raises:
        DataError: The file can't be read or is no text.
    """
    lines = reading.text_of(place).split("\n")
    for number, line in enumerate(track(lines, _("Reading {file}").format(file=place.shown), len(lines)), 1):
        if not line.strip():
            continue
        try:
            value = parse_whole(line)
        except JsonError as error:
            _not_json(error, number, place, reading)
            continue
        if isinstance(value, dict):
            yield Row(number, value)
        else:
            _no_object(value, number, place, reading)


def starts_with_rows(start: bytes) -> bool:
    """Say whether content begins with an object that ends on its own line, as JSON lines do."""
    line, found, _rest = start.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    line = line.strip()
    return line.startswith(b"{") and (line.endswith(b"}") or not found) and len(line) > 2


def _not_json(error: JsonError, number: int, place: Place, reading: Reading) -> None:
    reading.findings.error(
        "json-invalid",
        _("The line is not a JSON object: {reason} at column {column}.").format(
            reason=error.reason, column=error.position + 1
        ),
        _("Each line holds one complete object, with line breaks inside texts written as \\n."),
        place.shown,
        number,
    )


def _no_object(value: object, number: int, place: Place, reading: Reading) -> None:
    reading.findings.error(
        "json-invalid",
        _("The line is not a JSON object but {found!r}.").format(found=str(value)[:40]),
        _('Write rows like {{"text": "...", "label": "..."}}.').format(),
        place.shown,
        number,
    )
