"""Label Studio's JSON exports (https://labelstud.io/guide/export): spans, and one or more choices a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from typing_extensions import override

from tunery.data import utf16
from tunery.data.files import failure
from tunery.data.readers.base import Place, Reader, Reading, Row, Table, columns_of
from tunery.data.readers.json_document import broken, documents_in
from tunery.data.strict_json import JsonError
from tunery.i18n import _

_ANNOTATIONS = ("annotations", "completions")
_LABELS = ("labels", "hypertextlabels")


class LabelStudio(Reader):
    """The export called JSON: tasks with their annotations."""

    name: ClassVar[str] = "label-studio"
    rank: ClassVar[int] = 30

    @override
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        head = start.lstrip()
        return (
            head.startswith(b"[") and b'"data"' in head and any(b'"%s"' % key.encode() in head for key in _ANNOTATIONS)
        )

    @override
    def read(self, place: Place, reading: Reading) -> list[Table]:
        text = reading.text_of(place, lines=False)
        try:
            tasks = documents_in(text).get("", [])
        except JsonError as error:
            raise broken(error, text, place) from None
        rows = [row for value, line in tasks if (row := _row(value, line, place, reading))]
        if not rows:
            raise failure(
                "no-annotations",
                _("None of the {count} tasks is annotated.").format(count=len(tasks)),
                _("Export after somebody has submitted annotations."),
                place.shown,
            )
        one_label_each(rows, "labels")
        return [Table(place.shown, columns_of(rows), rows, fixed=True)]


def _row(task: object, line: int, place: Place, reading: Reading) -> Row | None:
    if not isinstance(task, Mapping) or not isinstance(data := task.get("data"), Mapping):
        reading.findings.error(
            "label-studio-task", _("The entry is not a task with data."), _("Export again as JSON."), place.shown, line
        )
        return None
    results = _first_results(task, line, place, reading)
    text = _text(data)
    if results is None or text is None:
        return None
    row: dict[str, object] = {key: value for key, value in data.items() if isinstance(key, str)}
    row |= {"text": text, "spans": _spans(results, text, line, place, reading), "id": task.get("id") or data.get("id")}
    if (choices := _choices(results)) is not None:
        row["labels"] = choices
    return Row(line, row)


def _first_results(
    task: Mapping[object, object], line: int, place: Place, reading: Reading
) -> Sequence[Mapping[object, object]] | None:
    """Return what was settled, else what was marked first and not cancelled; None if there is nothing."""
    found = next((task[key] for key in _ANNOTATIONS if isinstance(task.get(key), list)), [])
    kept = [item for item in found if isinstance(item, Mapping) and not item.get("was_cancelled")]  # type: ignore[attr-defined]
    if not kept:
        reading.findings.note(
            "not-annotated", _("Tasks without a submitted annotation were left out."), file=place.shown, line=line
        )
        return None
    settled = [item for item in kept if item.get("ground_truth")]
    if len(kept) > 1 and not settled:
        reading.findings.note(
            "several-annotators",
            _("Of several annotations of a task the first was taken."),
            _("Look at agreement in Label Studio, and keep one annotation a task."),
            place.shown,
            line,
        )
    results = (settled or kept)[0].get("result")
    return [item for item in results if isinstance(item, Mapping)] if isinstance(results, list) else []


def _text(data: Mapping[object, object]) -> str | None:
    strings = {key: value for key, value in data.items() if isinstance(value, str)}
    named = strings.get("text")
    return named if named is not None else max(strings.values(), key=len, default=None)


def _value(result: Mapping[object, object]) -> Mapping[object, object]:
    value = result.get("value")
    return value if isinstance(value, Mapping) else {}


def _choices(results: Sequence[Mapping[object, object]]) -> list[object] | None:
    found = [_value(result).get("choices") for result in results if result.get("type") == "choices"]
    if not found:
        return None
    return [choice for choices in found if isinstance(choices, list) for choice in choices]


def _spans(
    results: Sequence[Mapping[object, object]], text: str, line: int, place: Place, reading: Reading
) -> list[dict[str, object]]:
    regions = [value for value in map(_value, results) if _names(value)]
    if in_units := marked_in_units(regions, text):
        reading.findings.note(
            "utf-16-offsets",
            _("Offsets were counted in UTF-16 units; they were turned into characters."),
            file=place.shown,
            line=line,
        )
    spans = []
    for value in regions:
        start, end = region_offsets(value, text, in_units=in_units)
        span = {"start": start, "end": end, "label": _names(value)[0]}
        spans.append(span | ({"text": value["text"]} if isinstance(value.get("text"), str) else {}))
    return spans


def _names(value: Mapping[object, object]) -> list[object]:
    return next((found for key in _LABELS if isinstance(found := value.get(key), list)), [])


def marked_in_units(regions: Sequence[Mapping[object, object]], text: str) -> bool:
    """Say whether the words that were marked stand where they do only if offsets count UTF-16 units.

    Label Studio counts characters since its editor was changed for emoji; before that it counted units.
    """
    return utf16.differs(text) and not _fit(regions, text, in_units=False) and _fit(regions, text, in_units=True)


def region_offsets(region: Mapping[object, object], text: str, *, in_units: bool) -> tuple[object, object]:
    """Return where a region starts and ends in characters; what is no number is returned as it is."""
    start, end = region.get("start"), region.get("end")
    if in_units and isinstance(start, int) and isinstance(end, int):
        return utf16.to_characters(text, start, end) or (start, end)
    return start, end


def _fit(regions: Sequence[Mapping[object, object]], text: str, *, in_units: bool) -> bool:
    for region in regions:
        marked = region.get("text")
        start, end = region_offsets(region, text, in_units=in_units)
        if isinstance(marked, str) and isinstance(start, int) and isinstance(end, int) and text[start:end] != marked:
            return False
    return True


def one_label_each(rows: Sequence[Row], column: str) -> None:
    """Make lists of labels plain labels where nobody ever chose two."""
    chosen = [row.values[column] for row in rows if column in row.values]
    if any(not isinstance(labels, list) or len(labels) != 1 for labels in chosen):
        return
    for row in rows:
        if isinstance(labels := row.values.get(column), list) and isinstance(row.values, dict):
            del row.values[column]
            row.values["label"] = labels[0]
