"""doccano's exports in JSON lines: ``label`` or ``entities`` hold spans, ``label`` or ``labels`` hold classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

from typing_extensions import override

from tunery.data import utf16
from tunery.data.readers.base import Place, Reader, Reading, Row, Table, columns_of
from tunery.data.readers.jsonl import rows_of
from tunery.data.readers.label_studio import one_label_each
from tunery.data.strict_json import JsonError, parse_whole
from tunery.i18n import _

KEYS = ("label", "labels", "entities")
"""What holds the labels or spans of a row."""
SPAN_UNIT, UTF16 = "offset_unit", "utf-16"
"""The column that says what offsets count, and what it says where that is UTF-16 units."""


class Doccano(Reader):
    """Spans as ``[start, end, label]``, or as objects with ``start_offset``."""

    name: ClassVar[str] = "doccano"
    rank: ClassVar[int] = 30

    @override
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        if suffix not in (".jsonl", ".json", ".txt", ".ndjson"):
            return False
        rows = [row for line in start.split(b"\n")[:20] if (row := _row(line)) is not None]
        if any("spans" not in row and any(_are_spans(row.get(key)) for key in KEYS) for row in rows):
            return True
        # With one label a text doccano still writes a list; elsewhere lists of labels are called "labels".
        return target == "label" and any("text" in row and _are_names(row.get("label")) for row in rows)

    @override
    def read(self, place: Place, reading: Reading) -> list[Table]:
        rows = [Row(row.line, _ours(row.values)) for row in rows_of(place, reading)]
        rows = _in_characters(_one_answer_each(rows, place, reading), place, reading)
        if reading.target == "label":
            one_label_each(rows, "label")
        return [Table(place.shown, columns_of(rows), rows, fixed=True)]


def _row(line: bytes) -> Mapping[str, object] | None:
    try:
        value = parse_whole(line.decode("utf-8"))
    except (JsonError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


def _are_spans(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(
        (isinstance(item, list) and len(item) == 3 and isinstance(item[0], int))
        or (isinstance(item, Mapping) and "start_offset" in item)
        for item in value
    )


def _are_names(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def _ours(values: Mapping[str, object]) -> dict[str, object]:
    """Return a row with its spans under ``spans``; an empty list is the spans of a text that has none."""
    row = dict(values)
    row["text"] = row.pop("data") if "text" not in row and "data" in row else row.get("text")
    for key in KEYS:
        if _are_spans(row.get(key)) or (row.get(key) == [] and "spans" not in row):
            row["spans"] = row.pop(key)
            break
    return row


def _one_answer_each(rows: Sequence[Row], place: Place, reading: Reading) -> list[Row]:
    """Return one row of each text that several people answered: what was settled, or the first answer."""
    kept: dict[object, Row] = {}
    for row in rows:
        number = row.values.get("item")
        key = (number, str(row.values.get("text"))) if isinstance(number, int) else row.line
        if key in kept:
            reading.findings.note(
                "several-annotators",
                _("Of several answers for a text the settled one was taken, or else the first."),
                file=place.shown,
                line=row.line,
            )
        if key not in kept or ("annotator" in kept[key].values and "annotator" not in row.values):
            kept[key] = row
    return list(kept.values())


def _in_characters(rows: Sequence[Row], place: Place, reading: Reading) -> list[Row]:
    """Return the rows with offsets that count characters, where the rows or their spans say that they count units."""
    silent = (row for row in rows if SPAN_UNIT not in row.values)
    by_default = utf16.in_units(span for row in silent for span in _spans_in(row))
    found = []
    for row in rows:
        unit = row.values.get(SPAN_UNIT)
        told = unit == UTF16 or (unit is None and by_default)
        if told and any(utf16.differs(text) for text, _start, _end in _spans_in(row)):
            reading.findings.note(
                "utf-16-offsets",
                _("Offsets were counted in UTF-16 units; they were turned into characters."),
                file=place.shown,
                line=row.line,
            )
            row = Row(
                row.line, {**row.values, "spans": [counted(span, row.values.get("text")) for span in _listed(row)]}
            )
        found.append(row)
    return found


def _listed(row: Row) -> list[object]:
    spans = row.values.get("spans")
    return spans if isinstance(spans, list) else []


def _spans_in(row: Row) -> Iterator[tuple[str, int, int]]:
    text = row.values.get("text")
    for span in _listed(row):
        start, end = start_and_end(span)
        if isinstance(text, str) and isinstance(start, int) and isinstance(end, int):
            yield text, start, end


def start_and_end(span: object) -> tuple[object, object]:
    """Return what a span in either form says of its offsets."""
    if isinstance(span, Mapping):
        return span.get("start_offset"), span.get("end_offset")
    return (span[0], span[1]) if isinstance(span, list) and len(span) == 3 else (None, None)


def counted(span: object, text: object) -> object:
    """Return a span whose offsets count UTF-16 units as one whose offsets count characters."""
    start, end = start_and_end(span)
    if not isinstance(text, str) or not isinstance(start, int) or not isinstance(end, int):
        return span
    offsets = utf16.to_characters(text, start, end)
    if offsets is None:
        return span
    return [*offsets, span.get("label") if isinstance(span, Mapping) else span[2]]  # type: ignore[index]
