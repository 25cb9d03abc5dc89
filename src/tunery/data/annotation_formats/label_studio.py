"""Label Studio's JSON (https://labelstud.io/guide/task_format): tasks with annotations and predictions.

Offsets count characters (code points), and have since its editor was changed for emoji; before that they counted UTF-16
units. Each region has the words that were marked beside its offsets, so an annotation shows by itself how it counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from xml.sax.saxutils import quoteattr

from typing_extensions import override

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
from tunery.data.readers.json_document import broken, documents_in
from tunery.data.readers.label_studio import marked_in_units, region_offsets
from tunery.data.strict_json import JsonError
from tunery.i18n import _
from tunery.types import Example, Span, Target

_TASKS = re.compile(r'\s*\[.{0,60000}?"data"\s*:\s*\{', re.DOTALL)
_EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+")
_NUMBER = re.compile(r"0|[1-9]\d{0,17}")
_USER = re.compile(r"(?:.*\s)?([^@\s,]+@[^@\s,]+), (\d+)", re.DOTALL)
_REGIONS = ("labels", "hypertextlabels")
_CONTROL, _OBJECT = "label", "text"
"""The names of the labelling configuration's parts; `LabelStudio.project` and results must agree on them."""


class LabelStudio(AnnotationFormat):
    """The export called JSON, which is also what it imports."""

    name: ClassVar[str] = "label-studio"
    rank: ClassVar[int] = 10

    @override
    def recognises(self, text: str) -> bool:
        return _TASKS.match(text) is not None

    @override
    def parse(self, text: str, asked: Asked) -> list[RawItem]:
        try:
            tasks = documents_in(text).get("", [])
        except JsonError as error:
            raise broken(error, text, Place(Path(asked.shown), asked.shown)) from None
        items = [item for value, line in tasks if (item := _item(value, line, asked)) is not None]
        _refuse_another_task([value for value, _line in tasks], asked)
        return items

    @override
    def compose(self, items: Sequence[Annotated], *, members: bool) -> str:
        tasks = ",\n".join(json.dumps(_task(item, members), ensure_ascii=False) for item in items)
        return f"[\n{tasks}\n]\n"

    @override
    def project(self, labels: Sequence[str], schema: Schema, *, several: bool) -> str:
        # Without pre-wrap Label Studio trims white space, and offsets no longer fit the text.
        lines = ["<View>", "  <Style>.htx-text{white-space: pre-wrap;}</Style>"]
        shown = f'  <Text name="{_OBJECT}" value="$text"'
        if schema.target == "spans":
            lines += [f'  <Labels name="{_CONTROL}" toName="{_OBJECT}">']
            lines += [f"    <Label value={quoteattr(label)}/>" for label in labels]
            lines += ["  </Labels>", f'{shown} granularity="symbol" saveTextResult="yes"/>']
        else:
            lines += [f"{shown}/>"]
            lines += ['  <Text name="text_pair" value="$text_pair"/>'] if schema.pair else []
            choice = "multiple" if several else "single"
            lines += [f'  <Choices name="{_CONTROL}" toName="{_OBJECT}" choice="{choice}">']
            lines += [f"    <Choice value={quoteattr(label)}/>" for label in labels]
            lines += ["  </Choices>"]
        return "\n".join([*lines, "</View>", ""])


# -- reading -----------------------------------------------------------------------------------------------------------


def _refuse_another_task(tasks: Sequence[object], asked: Asked) -> None:
    """Report a file in which nobody answered what is asked, but something else."""
    answers = [
        answer
        for task in tasks
        if isinstance(task, Mapping)
        for key in ("annotations", "predictions")
        for answer in (task.get(key) or () if isinstance(task.get(key), list) else ())
        if isinstance(answer, Mapping) and isinstance(answer.get("result"), list)
    ]
    kinds = {str(result.get("type")) for one in answers for result in one["result"] if isinstance(result, Mapping)}
    wanted = set(_REGIONS if asked.spans else ("choices",))
    if kinds - {"relation"} and not kinds & wanted:
        asked.error(
            "answer-of-another-task",
            _("There are no results of type {wanted} in the file; it has {found}.").format(
                wanted=" / ".join(sorted(wanted)), found=", ".join(sorted(kinds))[:80]
            ),
            _("Give labels for text classification, and spans for token classification."),
            1,
        )


def _item(task: object, line: int, asked: Asked) -> RawItem | None:
    if not isinstance(task, Mapping) or not isinstance(data := task.get("data"), Mapping):
        asked.error(
            "label-studio-task", _("The entry is not a task with data."), _("Export again as JSON."), line
        )  # fmt: skip
        return None
    text = data.get("text")
    if text is None:  # Projects may call it anything; where there is one text, it is meant.
        texts = [value for value in data.values() if isinstance(value, str)]
        text = texts[0] if len(texts) == 1 else None
    fields = {key: value for key, value in data.items() if isinstance(key, str)}
    item = RawItem(line, text, {"id": task.get("id"), **fields})
    shown = text if isinstance(text, str) else ""
    for annotation in _listed(task, "annotations", line, asked):
        if not annotation.get("was_cancelled"):
            item.answers.append(_annotation(annotation, shown, line, asked))
    for prediction in _listed(task, "predictions", line, asked):
        version = prediction.get("model_version")
        value = _value(prediction, shown, line, asked)
        item.answers.append(
            RawAnswer(str(version or ""), value, prediction.get("created_at"), None, prediction.get("score"), True)
        )
    return item


def _listed(task: Mapping[object, object], key: str, line: int, asked: Asked) -> Iterator[Mapping[object, object]]:
    found = task.get(key) or []
    if isinstance(found, list) and all(isinstance(item, Mapping) for item in found):
        yield from found
    else:
        asked.error(
            "label-studio-form",
            _("{key} is not a list of objects but {found!r}.").format(key=key, found=str(found)[:40]),
            _("Export again as JSON; the format called JSON-MIN leaves out who answered."),
            line,
        )


def _annotation(annotation: Mapping[object, object], text: str, line: int, asked: Asked) -> RawAnswer:
    settled = bool(annotation.get("ground_truth"))
    who = _annotator(annotation)
    return RawAnswer(
        annotator=None if settled and who == "" else who,
        value=_value(annotation, text, line, asked),
        created=annotation.get("created_at"),
        seconds=annotation.get("lead_time"),
        settled=settled,
    )


def _annotator(annotation: Mapping[object, object]) -> str:
    """Return who answered: the e-mail address where the export has it, else the number or name."""
    by, name = annotation.get("completed_by"), annotation.get("created_username")
    if isinstance(by, Mapping):
        by = by.get("email") or by.get("username") or by.get("id")
    elif isinstance(by, int) and isinstance(name, str) and (known := _USER.fullmatch(name)) and known[2] == str(by):
        return known[1]
    found = by if by is not None else name
    return found if isinstance(found, str) else "" if found is None else str(found)


def _value(answer: Mapping[object, object], text: str, line: int, asked: Asked) -> list[object]:
    results = answer.get("result") or []
    if not isinstance(results, list) or not all(isinstance(result, Mapping) for result in results):
        asked.error(
            "label-studio-form",
            _("{key} is not a list of objects but {found!r}.").format(key="result", found=str(results)[:40]),
            _("Export again as JSON; the format called JSON-MIN leaves out who answered."),
            line,
        )
        return []
    values = [(result.get("type"), result.get("value")) for result in results]
    if asked.spans:
        return _spans([value for kind, value in values if kind in _REGIONS], text, line, asked)
    chosen = [value.get("choices") for kind, value in values if kind == "choices" and isinstance(value, Mapping)]
    return [name for names in chosen for name in (names if isinstance(names, list) else [names])]


def _spans(values: Sequence[object], text: str, line: int, asked: Asked) -> list[object]:
    regions = [value for value in values if isinstance(value, Mapping)]
    in_units = marked_in_units(regions, text)
    spans: list[object] = []
    for region in regions:
        names = region.get("labels", region.get("hypertextlabels"))
        if not isinstance(names, list) or len(names) != 1:
            asked.error(
                "label-studio-labels",
                _("A region has not one label but {found!r}.").format(found=str(names)[:40]),
                _("A stretch of text has one label: mark it once for the one you want the model to find."),
                line,
            )
            continue
        start, end = region_offsets(region, text, in_units=in_units)
        spans.append({"start": start, "end": end, "label": names[0], "text": region.get("text")})
    return spans


# -- writing -----------------------------------------------------------------------------------------------------------


def _task(item: Annotated, members: bool) -> dict[str, object]:
    example = item.example
    settled = example.target
    annotations: list[dict[str, object]] = []
    for answer in item.answers:
        truth = settled is not None and answer.annotator != "" and answer.target == settled
        annotations.append(_written(answer, example, truth, members))
        settled = None if truth else settled
    if settled is not None:
        annotations.append(_written(Answer("", settled), example, True, members))
    return {
        "data": {"text": example.text, **fields_of(example)},
        "annotations": annotations,
        "predictions": [_proposed(answer, example) for answer in item.predictions],
    }


def _written(answer: Answer, example: Example, truth: bool, members: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    name = answer.annotator
    if members and _EMAIL.fullmatch(name):
        found["completed_by"] = {"email": name}
    elif members and _NUMBER.fullmatch(name):
        found["completed_by"] = int(name)
    elif name:
        found["created_username"] = name  # Ignored at import: nobody is refused for a name that Label Studio gives out.
    found |= {"ground_truth": truth, "was_cancelled": False, "result": _results(answer.target, example.text)}
    times = {"created_at": answer.created, "lead_time": answer.seconds}
    return found | {key: value for key, value in times.items() if value is not None}


def _proposed(answer: Answer, example: Example) -> dict[str, object]:
    found: dict[str, object] = {"model_version": answer.annotator, "result": _results(answer.target, example.text)}
    more = {"score": answer.score, "created_at": answer.created}
    return found | {key: value for key, value in more.items() if value is not None}


def _results(target: Target, text: str) -> list[dict[str, object]]:
    spans = [] if isinstance(target, str) else [part for part in target if isinstance(part, Span)]
    named = {"from_name": _CONTROL, "to_name": _OBJECT}
    results: list[dict[str, object]] = []
    for number, span in enumerate(spans):
        marked = {"start": span.start, "end": span.end, "text": text[span.start : span.end], "labels": [span.label]}
        results.append({"id": f"span{number}", **named, "type": "labels", "value": marked})
    if chosen := labels_in(target):
        results.append({"id": "choice", **named, "type": "choices", "value": {"choices": chosen}})
    return results
