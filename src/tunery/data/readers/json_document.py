"""JSON documents: an array of rows, or an object that maps the names of splits to arrays of rows.

A row is an object, or a pair of text and label. Splits whose names hold another's (``oos_train``) are added to it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import ClassVar, Literal

from typing_extensions import override

from tunery.data.dataset import SPLITS
from tunery.data.files import failure
from tunery.data.folders import split_named
from tunery.data.readers.base import Place, Reader, Reading, Row, Table, columns_of
from tunery.data.strict_json import JsonError, elements, parse, skip_space
from tunery.errors import DataError
from tunery.i18n import _

_CONTAINERS = ("data", "examples", "rows", "instances", "items", "records")


class JsonDocument(Reader):
    """One JSON array or object."""

    name: ClassVar[str] = "json"
    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    @override
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        return suffix == ".json" or (suffix in ("", ".txt") and start.lstrip().startswith((b"[{", b"[[")))

    @override
    def read(self, place: Place, reading: Reading) -> list[Table]:
        text = reading.text_of(place, lines=False)
        try:
            parts = documents_in(text)
        except JsonError as error:
            raise broken(error, text, place) from None
        # A split goes before what is added to it: train, then oos_train.
        ordered = sorted(parts, key=lambda name: name != split_named(name) and len(name))
        tables = [_table(name, parts[name], place, reading) for name in ordered]
        _say_merged(parts, place, reading)
        return [table for table in tables if table.rows]


Found = list[tuple[object, int]]
"""Values with the line each starts on."""


def documents_in(text: str) -> dict[str, Found]:
    """Return the rows of a document by the name of their array; an array without a name has the empty one.

    Raises:
        JsonError: It is not JSON, or neither an array nor an object.
    """
    start = skip_space(text, 0)
    opening = text[start : start + 1]
    if opening == "[":
        found, end = _array(text, start, _Lines(text))
        parts = {"": found}
    elif opening == "{":
        parts, end = _object(text, start)
    else:
        raise JsonError(_("neither [ nor { begins it"), start)
    if skip_space(text, end) != len(text):
        raise JsonError(_("something follows the value"), end)
    return parts


def _object(text: str, position: int) -> tuple[dict[str, Found], int]:
    parts: dict[str, Found] = {}
    lines = _Lines(text)
    position = skip_space(text, position + 1)
    while text[position : position + 1] != "}":
        name, end = parse(text, position)
        position = skip_space(text, end)
        if not isinstance(name, str) or text[position : position + 1] != ":":
            raise JsonError(_("a name and a colon are missing"), position)
        if name in parts:
            raise JsonError(_("key {key!r} occurs twice").format(key=name), position)
        position = skip_space(text, position + 1)
        if text[position : position + 1] == "[":
            parts[name], position = _array(text, position, lines)
        else:
            position = parse(text, position)[1]
        position = skip_space(text, position)
        if text[position : position + 1] == ",":
            position = skip_space(text, position + 1)
        elif text[position : position + 1] != "}":
            raise JsonError(_("a comma or }} is missing").format(), position)
    return _those_with_rows(parts), position + 1


def _those_with_rows(parts: dict[str, Found]) -> dict[str, Found]:
    named = {name: found for name, found in parts.items() if split_named(name)}
    if named:
        return named
    return {"": next((parts[name] for name in _CONTAINERS if name in parts), [])}


def _array(text: str, position: int, lines: _Lines) -> tuple[Found, int]:
    found: Found = []
    walk: Generator[tuple[object, int], None, int] = elements(text, position)
    while True:
        try:
            value, start = next(walk)
        except StopIteration as stop:
            return found, stop.value
        found.append((value, lines.at(start)))


class _Lines:
    """Turns ever later positions into line numbers without counting from the start each time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1

    def at(self, position: int) -> int:
        self._line += self._text.count("\n", self._position, position)
        self._position = position
        return self._line


def _table(name: str, found: Found, place: Place, reading: Reading) -> Table:
    rows = []
    for value, line in found:
        if isinstance(value, dict):
            rows.append(Row(line, value))
        elif isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
            rows.append(Row(line, {"text": value[0], "label": value[1]}))
        else:
            reading.findings.error(
                "json-row",
                _("The row is neither an object nor a pair of text and label: {found!r}.").format(
                    found=str(value)[:40]
                ),
                _('Write rows like {{"text": "...", "label": "..."}}.').format(),
                place.shown,
                line,
            )
    return Table(place.shown, columns_of(rows), rows, split=split_named(name), fixed=True)


def _say_merged(parts: dict[str, Found], place: Place, reading: Reading) -> None:
    named = [(split, [name for name in parts if name and split_named(name) == split]) for split in SPLITS]
    merged = "; ".join(f"{split} = {' + '.join(names)}" for split, names in named if len(names) > 1)
    if merged:
        reading.findings.note(
            "splits-merged", _("Parts of the file were put together: {parts}.").format(parts=merged), file=place.shown
        )


def broken(error: JsonError, text: str, place: Place) -> DataError:
    """Return the error for a document that is not JSON, with line and column."""
    line = text.count("\n", 0, error.position) + 1
    column = error.position - text.rfind("\n", 0, error.position)
    return failure(
        "json-invalid",
        _("The file is not valid JSON: {reason} at column {column}.").format(reason=error.reason, column=column),
        _("Mend it there, or export it again."),
        place.shown,
        line,
    )
