"""doccano's exports in JSON lines: ``label`` or ``entities`` hold spans, ``label`` or ``labels`` hold classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from typing_extensions import override

from tunery.data.readers.base import Place, Reader, Reading, Row, Table, columns_of
from tunery.data.readers.jsonl import rows_of
from tunery.data.strict_json import JsonError, parse_whole

_KEYS = ("label", "labels", "entities")


class Doccano(Reader):
    """Spans as ``[start, end, label]``, or as objects with ``start_offset``."""

    name: ClassVar[str] = "doccano"
    rank: ClassVar[int] = 30

    @override
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        if suffix not in (".jsonl", ".json", ".txt", ".ndjson"):
            return False
        return any(_has_spans(line) for line in start.split(b"\n")[:20])

    @override
    def read(self, place: Place, reading: Reading) -> list[Table]:
        rows = [Row(row.line, _ours(row.values)) for row in rows_of(place, reading)]
        return [Table(place.shown, columns_of(rows), rows, fixed=True)]


def _has_spans(line: bytes) -> bool:
    try:
        value = parse_whole(line.decode("utf-8"))
    except (JsonError, UnicodeDecodeError):
        return False
    return isinstance(value, Mapping) and "spans" not in value and any(_are_spans(value.get(key)) for key in _KEYS)


def _are_spans(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(
        (isinstance(item, list) and len(item) == 3 and isinstance(item[0], int))
        or (isinstance(item, Mapping) and "start_offset" in item)
        for item in value
    )


def _ours(values: Mapping[str, object]) -> dict[str, object]:
    """Return a row with its spans under ``spans``; an empty list is the spans of a text that has none."""
    row = dict(values)
    row["text"] = row.pop("data") if "text" not in row and "data" in row else row.get("text")
    for key in _KEYS:
        if _are_spans(row.get(key)) or (row.get(key) == [] and "spans" not in row):
            row["spans"] = row.pop(key)
            break
    return row
