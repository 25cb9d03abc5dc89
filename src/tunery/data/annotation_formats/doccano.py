"""doccano's JSON lines: labels of a text, spans as ``[start, end, label]``, or entities with relations between them.

doccano counts offsets in UTF-16 units, unless a project counts grapheme clusters, which is not supported here; other
programs write the same form with offsets in characters. Rows written here say which it is where it makes a difference,
in a column that doccano keeps as metadata. Where rows don't say, the spans of the file are asked (`utf16.in_units`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from tunery.data import utf16
from tunery.data.annotation_formats.base import (
    Annotated,
    AnnotationFormat,
    Answer,
    Asked,
    RawAnswer,
    RawItem,
    fields_of,
    labels_in,
)
from tunery.data.dataset import Schema
from tunery.data.readers.base import Place
from tunery.data.readers.doccano import KEYS, SPAN_UNIT, UTF16, counted, start_and_end
from tunery.data.readers.json_document import broken, documents_in
from tunery.data.strict_json import JsonError, parse_whole
from tunery.i18n import _
from tunery.types import Span, Target

_COLOURS = (
    "#2196F3",
    "#4CAF50",
    "#F44336",
    "#FF9800",
    "#9C27B0",
    "#009688",
    "#795548",
    "#607D8B",
    "#E91E63",
    "#3F51B5",
)


class Doccano(AnnotationFormat):
    """What doccano exports and imports; relations between entities are not kept."""

    name: ClassVar[str] = "doccano"

    @override
    def recognises(self, text: str) -> bool:
        start = text.lstrip()
        if start.startswith("["):
            return '"text"' in start[:65536]
        try:
            row = parse_whole(start.partition("\n")[0])
        except JsonError:
            return False
        return isinstance(row, dict) and bool({"text", "data"} & set(row))

    @override
    def parse(self, text: str, asked: Asked) -> list[RawItem]:
        rows = [(row, line) for value, line in _rows(text, asked) if (row := _object(value, line, asked)) is not None]
        by_default = asked.spans and utf16.in_units(
            (str(row.get("text")), *span) for row, _line in rows if SPAN_UNIT not in row for span in _offsets(row)
        )
        items: dict[object, RawItem] = {}
        for place, (row, line) in enumerate(rows):
            number = row.get("item")
            key = (number, str(row.get("text"))) if isinstance(number, int) else place
            item = items.setdefault(key, RawItem(line, row.get("text"), row))
            if (answer := _answer(row, by_default, asked)) is not None:
                item.answers.append(answer)
        return list(items.values())

    @override
    def compose(self, items: Sequence[Annotated], *, members: bool) -> str:
        rows = (row for number, item in enumerate(items, 1) for row in self._rows(item, number))
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)

    @override
    def project(self, labels: Sequence[str], schema: Schema, *, several: bool) -> str:
        found = [
            {"text": label, "background_color": _COLOURS[number % len(_COLOURS)], "text_color": "#ffffff"}
            for number, label in enumerate(labels)
        ]
        return json.dumps(found, ensure_ascii=False, indent=2) + "\n"

    def _rows(self, item: Annotated, number: int) -> Iterator[dict[str, object]]:
        """Yield a row for what was settled and one for each answer; one without labels where there is neither."""
        example = item.example
        settled = [] if example.target is None else [(None, example.target)]
        answers = [*settled, *((answer, answer.target) for answer in item.answers)]
        common = {"text": example.text, **fields_of(example)}
        if len(answers) > 1:
            common["item"] = number
        if not answers:
            yield common
        for answer, target in answers:
            yield common | self._labels(target, example.text) | _told(answer)

    def _labels(self, target: Target, text: str) -> dict[str, object]:
        spans = _spans(target)
        found: dict[str, object] = {
            "label": labels_in(target) or [[*utf16.to_units(text, s.start, s.end), s.label] for s in spans]
        }
        return found | _unit(spans, text)


class DoccanoRelations(Doccano):
    """The form of projects that have relations: entities are objects with numbers."""

    name: ClassVar[str] = "doccano-relations"

    @override
    def recognises(self, text: str) -> bool:
        return False  # The other one reads both.

    @override
    def _labels(self, target: Target, text: str) -> dict[str, object]:
        spans = _spans(target)
        entities: list[object] = []
        for number, span in enumerate(spans):
            start, end = utf16.to_units(text, span.start, span.end)
            entities.append({"id": number, "label": span.label, "start_offset": start, "end_offset": end})
        if chosen := labels_in(target):
            return {"label": chosen}
        return {"entities": entities, "relations": []} | _unit(spans, text)


# -- reading -----------------------------------------------------------------------------------------------------------


def _rows(text: str, asked: Asked) -> Iterator[tuple[object, int]]:
    if text.lstrip().startswith("["):
        try:
            yield from documents_in(text).get("", [])
        except JsonError as error:
            raise broken(error, text, Place(Path(asked.shown), asked.shown)) from None
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield parse_whole(line), number
        except JsonError as error:
            asked.error(
                "json-invalid",
                _("The line is not a JSON object: {reason} at column {column}.").format(
                    reason=error.reason, column=error.position + 1
                ),
                _("Each line holds one complete object, with line breaks inside texts written as \\n."),
                number,
            )


def _object(value: object, line: int, asked: Asked) -> dict[str, object] | None:
    if isinstance(value, dict):
        row: dict[str, object] = dict(value)
        if "text" not in row and "data" in row:
            row["text"] = row["data"]
        return row
    asked.error(
        "json-invalid",
        _("The line is not a JSON object but {found!r}.").format(found=str(value)[:40]),
        _('Write rows like {{"text": "...", "label": "..."}}.').format(),
        line,
    )
    return None


def _labelled(row: Mapping[str, object]) -> object:
    return next((row[key] for key in (*KEYS, "cats") if row.get(key) is not None), None)


def _offsets(row: Mapping[str, object]) -> Iterator[tuple[int, int]]:
    found = _labelled(row)
    for item in found if isinstance(found, list) else []:
        start, end = start_and_end(item)
        if isinstance(start, int) and isinstance(end, int):
            yield start, end


def _answer(row: Mapping[str, object], by_default: bool, asked: Asked) -> RawAnswer | None:
    found = _labelled(row)
    if found is None:
        return None
    value = found if isinstance(found, list) else [found]
    unit = row.get(SPAN_UNIT)
    if asked.spans and (unit == UTF16 or (unit is None and by_default)):
        value = [counted(item, row.get("text")) for item in value]
    who = row.get("annotator")
    return RawAnswer(who if isinstance(who, str) else None, value, row.get("created"), row.get("seconds"))


# -- writing -----------------------------------------------------------------------------------------------------------


def _spans(target: Target) -> list[Span]:
    return [] if isinstance(target, str) else [part for part in target if isinstance(part, Span)]


def _unit(spans: Sequence[Span], text: str) -> dict[str, object]:
    return {SPAN_UNIT: UTF16} if spans and utf16.differs(text) else {}


def _told(answer: Answer | None) -> dict[str, object]:
    if answer is None:
        return {}
    more = {"created": answer.created, "seconds": answer.seconds}
    return {"annotator": answer.annotator} | {key: value for key, value in more.items() if value is not None}
