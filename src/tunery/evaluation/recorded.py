"""Answers recorded in a file as a predictor: whatever once answered can be measured, a hosted model, rules, people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeGuard

from tunery.data.dataset import labels_of
from tunery.data.files import read_bytes
from tunery.data.strict_json import JsonError, parse_whole
from tunery.errors import DataError, ModelError, Problem
from tunery.i18n import _
from tunery.types import Example, Input, Prediction, Span

_SHOWN = 20
"""How many faults of a file are listed."""
_EXCERPT = 60
_EXAMPLE = '{"text": "...", "label": "...", "score": 0.9}'


class RecordedAnswers:
    """A predictor that looks answers up.

    Args:
        labels: The labels it can answer with.
        answers: The answer for each input, by the example's id, or else by its text.
        name: What reports call it.
    """

    def __init__(self, labels: Sequence[str], answers: Mapping[str, Prediction], name: str = "") -> None:
        self.labels = tuple(labels)
        self.name = name or _("recorded answers")
        self._answers = dict(answers)

    @classmethod
    def from_file(cls, path: str | Path, labels: Sequence[str] | None = None) -> RecordedAnswers:
        """Read answers from JSON lines as ``tunery predict`` writes them.

        Each line has ``id`` or ``text``, and one of ``label`` (with ``score`` and ``scores`` if known), ``labels``
        (with ``scores``) or ``spans`` (each with ``start``, ``end``, ``label``, and ``score`` if known).

        Args:
            path: The file, plain or gzipped, in UTF-8.
            labels: The labels that could have been answered; by default those that were.

        Raises:
            DataError: Lines that can't be used, all together; or two different answers to the same input.
        """
        answers: dict[str, Prediction] = {}
        problems: list[Problem] = []
        for number, line in _lines(Path(path)):
            try:
                key, answer = _record(line)
                if answers.setdefault(key, answer) != answer:
                    message = _("An earlier line has another answer to the same input: {input!r}.")
                    raise _UnusableLineError(message.format(input=key[:_EXCERPT]))
            except _UnusableLineError as error:
                hint = _("A line looks like {example}.").format(example=_EXAMPLE)
                problems.append(Problem("error", "recorded-answer", str(error), hint, str(path), number))
            if len(problems) == _SHOWN:
                break
        if problems:
            raise DataError(problems)
        occurring = labels_of([Example("", answer.target) for answer in answers.values()])
        return cls(occurring if labels is None else labels, answers, Path(path).name)

    def predict(self, inputs: Sequence[Input]) -> list[Prediction]:
        """Return the recorded answer for each input.

        Raises:
            ModelError: For some inputs nothing was recorded.
        """
        found = [self._answer(item) for item in inputs]
        missing = [number for number, answer in enumerate(found) if answer is None]
        if missing:
            first = inputs[missing[0]]
            raise ModelError(
                _("{name} has no answer for {count} of {rows} inputs; the first is row {row}: {text!r}.").format(
                    name=self.name,
                    count=len(missing),
                    rows=len(inputs),
                    row=missing[0] + 1,
                    text=(first if isinstance(first, str) else first.text)[:_EXCERPT],
                ),
                _("Record an answer for every row that is measured; texts must be the same to the last character."),
            )
        return [answer for answer in found if answer is not None]

    def _answer(self, item: Input) -> Prediction | None:
        if isinstance(item, str):
            return self._answers.get(item)
        if item.id is not None and item.id in self._answers:
            return self._answers[item.id]
        return self._answers.get(item.text)


class _UnusableLineError(ValueError):
    """A line is no recorded answer; its text says why."""


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    data = read_bytes(path, str(path), lines=True)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        message = _("This line is not UTF-8: {reason}.").format(reason=error.reason)
        hint = _("Save the file as UTF-8.")
        raise DataError([Problem("error", "encoding", message, hint, str(path), number)]) from None
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line


def _record(line: str) -> tuple[str, Prediction]:
    try:
        values = parse_whole(line)
    except JsonError as error:
        raise _UnusableLineError(_("This line is not JSON: {reason}.").format(reason=error.reason)) from None
    if not isinstance(values, dict):
        raise _UnusableLineError(_("This line is JSON, but not an object with names and values."))
    key = values.get("id", values.get("text"))
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise _UnusableLineError(_("This line has neither id nor text."))
    kinds = [kind for kind in ("label", "labels", "spans") if kind in values]
    if len(kinds) != 1:
        raise _UnusableLineError(
            _("A line needs exactly one of label, labels and spans; found: {found}.").format(
                found=", ".join(kinds) or "-"
            )
        )
    return str(key), _prediction(values, kinds[0])


def _prediction(values: Mapping[str, object], kind: str) -> Prediction:
    windows = values.get("windows", 1)
    if isinstance(windows, bool) or not isinstance(windows, int) or windows < 1:
        raise _UnusableLineError(_("windows is not a number from 1: {value!r}.").format(value=windows))
    target = values[kind]
    if kind == "label":
        return Prediction(_label(target), _score(values.get("score")), _scores(values.get("scores")), windows)
    if not isinstance(target, list):
        raise _UnusableLineError(_("{kind} is not a list: {value!r}.").format(kind=kind, value=target))
    if kind == "labels":
        labels = tuple(sorted({_label(label) for label in target}))
        return Prediction(labels, _score(values.get("score")), _scores(values.get("scores")), windows)
    text = values.get("text")
    spans = tuple(sorted(_span(span, text if isinstance(text, str) else None) for span in target))
    return Prediction(spans, None, {}, windows)


def _label(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _UnusableLineError(_("A label is not a text: {value!r}.").format(value=value))
    return value


def _score(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _UnusableLineError(_("A score is not a number from 0 to 1: {value!r}.").format(value=value))
    return float(value)


def _scores(value: object) -> dict[str, float]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _UnusableLineError(_("scores is not an object with labels and numbers: {value!r}.").format(value=value))
    scores = {label: _score(score) for label, score in value.items()}
    return {label: score for label, score in scores.items() if score is not None}


def _span(value: object, text: str | None) -> Span:
    if not isinstance(value, dict):
        raise _UnusableLineError(_("A span is not an object with start, end and label: {value!r}.").format(value=value))
    start, end = value.get("start"), value.get("end")
    if not _is_offset(start) or not _is_offset(end) or not start < end or (text is not None and end > len(text)):
        raise _UnusableLineError(
            _("A span's start and end are not places in the text: {start!r}, {end!r}.").format(start=start, end=end)
        )
    return Span(start, end, _label(value.get("label")), _score(value.get("score")))


def _is_offset(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
