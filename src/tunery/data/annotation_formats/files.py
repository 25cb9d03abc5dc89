"""Files of annotation tools into answers, and answers into such files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from tunery.data.annotation_formats.base import (
    FIELDS,
    Annotated,
    AnnotationFormat,
    Answer,
    Asked,
    RawAnswer,
    RawItem,
)
from tunery.data.annotation_formats.writable import check
from tunery.data.dataset import Schema
from tunery.data.encodings import decode
from tunery.data.files import MAX_DOCUMENT, failure, read_bytes
from tunery.data.findings import Findings
from tunery.data.rows.base import Report
from tunery.data.rows.cells import unusable
from tunery.data.rows.labels import Labelling, read_label
from tunery.data.rows.spans import read_spans, read_words
from tunery.errors import SettingError
from tunery.i18n import _
from tunery.registry import subclasses
from tunery.types import Example, Target

MAX_TEXT = 1_000_000
"""Longest text, in characters: more is a collection, which no tool shows to anybody."""
MAX_ANSWERS = 1000
"""Most answers for one text."""


def names() -> tuple[str, ...]:
    """Return what the formats are called."""
    return tuple(_formats())


def read(
    content: str | Path | bytes,
    schema: Schema,
    *,
    format: str | None = None,  # noqa: A002 - what its users know it by
    several: bool | None = None,
    name: str = "",
    max_bytes: int = MAX_DOCUMENT,
) -> list[Annotated]:
    """Return the texts of an annotation tool's export with everybody's answers, in the order of the file.

    Args:
        content: A file, or what is in one.
        schema: What the task needs of a row.
        format: One of `names`; by default it is told by the content.
        several: Whether a text can have several labels; by default as the answers have it: it can unless every answer
            is one label.
        name: What messages call content that is no file.
        max_bytes: Content that is larger is refused before it is looked at.

    Raises:
        DataError: Something in it can't be used; every reason is listed with its line.
        SettingError: There is no such format.
    """
    shown = name if isinstance(content, bytes) else str(content)
    findings = Findings()
    data = content if isinstance(content, bytes) else read_bytes(Path(content), shown, lines=False)
    if len(data) > max_bytes:
        raise failure(
            "file-too-large",
            _("The file has more than {limit} bytes (unpacked).").format(limit=max_bytes),
            _("Divide it into several files, or store it as Parquet."),
            shown,
        )
    if not data.strip():
        raise failure("empty-file", _("The file is empty."), _("Give a file with labelled examples."), shown)
    text = decode(data, None, shown, findings).text
    asked = Asked(schema, shown, findings)
    items = _reader(text, format, shown).parse(text, asked)
    several = several if several is not None else any(len(answer.value) != 1 for row in items for answer in row.answers)
    found = [item for raw in items if (item := _item(raw, asked, several)) is not None]
    findings.stop_if_failed()
    if not found:
        raise failure("no-rows", _("There are no rows in the file."), _("Give a file with labelled examples."), shown)
    return found


def write(
    items: Iterable[Annotated],
    format: str,  # noqa: A002 - what its users know it by
    schema: Schema,
    labels: Sequence[str],
    *,
    members: bool = True,
) -> bytes:
    """Return a file that the tool imports, and that `read` reads back as the same texts and answers.

    Label Studio's file holds everything. doccano's has a row for what was settled and one for each person's answer, in
    columns that doccano keeps as metadata; it has no place for predictions.

    Args:
        items: Texts with their answers.
        format: One of `names`.
        schema: What the task needs of a row.
        labels: The labels that an answer may have; see `project`.
        members: For Label Studio, whether people are members there by the e-mail addresses or numbers that they are
            called here. It refuses a file that names anybody else: then say False, and all is put down to whoever
            imports it.

    Raises:
        DataError: Something can't be written so that it reads back the same; every reason is listed.
        SettingError: There is no such format.
    """
    rows = list(items)
    chosen = _named(format)
    check(rows, schema, labels)
    return chosen.compose(rows, members=members).encode("utf-8")


def project(
    format: str,  # noqa: A002 - what its users know it by
    schema: Schema,
    labels: Sequence[str],
    *,
    several: bool = False,
) -> bytes:
    """Return what sets up a project for a file that `write` gives.

    Args:
        format: One of `names`.
        schema: What the task needs of a row.
        labels: What can be answered.
        several: Whether a text can have several labels.

    Returns:
        For Label Studio the labelling configuration (XML), for doccano the file of labels (JSON).

    Raises:
        SettingError: There is no such format.
    """
    return _named(format).project(labels, schema, several=several).encode("utf-8")


def _formats() -> dict[str, type[AnnotationFormat]]:
    return subclasses("tunery.data.annotation_formats", AnnotationFormat)  # type: ignore[type-abstract]


def _named(name: str) -> AnnotationFormat:
    kinds = _formats()
    if name not in kinds:
        raise SettingError(
            _("format: there is no format {name}.").format(name=name),
            _("There are: {names}.").format(names=", ".join(kinds)),
        )
    return kinds[name]()


def _reader(text: str, name: str | None, shown: str) -> AnnotationFormat:
    if name is not None:
        return _named(name)
    for kind in sorted(_formats().values(), key=lambda kind: -kind.rank):
        if (found := kind()).recognises(text):
            return found
    raise failure(
        "format-unknown",
        _("The file is no export of an annotation tool that is known here."),
        _("Export from Label Studio as JSON, or from doccano as JSONL."),
        shown,
    )


def _item(raw: RawItem, asked: Asked, several: bool) -> Annotated | None:
    report = Report(asked.findings, asked.shown, raw.line)
    if (text := _text(raw.text, report)) is None:
        return None
    if len(raw.answers) > MAX_ANSWERS:
        report.error(
            "too-many-answers",
            _("The text has {count} answers; at most {limit} are read.").format(
                count=len(raw.answers), limit=MAX_ANSWERS
            ),
            _("Divide it into several files."),
        )
        return None
    settled: Target | None = None
    answers: list[Answer] = []
    predictions: list[Answer] = []
    for answer in raw.answers:
        target = _target(answer.value, text, asked, several, report)
        if target is None:
            continue
        if answer.settled or answer.annotator is None:
            settled = target
        if answer.annotator is not None:
            (predictions if answer.predicted else answers).append(_answer(answer, target))
    fields = {name: _plain(raw.fields.get(name)) for name in FIELDS}
    words = read_words(raw.fields.get("words"), text)
    example = Example(text, settled, words=words, line=raw.line, **fields)
    return Annotated(example, tuple(answers), tuple(predictions))


def _text(value: object, report: Report) -> str | None:
    if not isinstance(value, str):
        report.error(
            "text-missing",
            _("The row has no text (found {found!r}).").format(found=str(value)[:40] if value is not None else None),
            _("Give it a text or take it out."),
        )
        return None
    if len(value) > MAX_TEXT:
        report.error(
            "text-too-long",
            _("The text has {count} characters; at most {limit} are read.").format(count=len(value), limit=MAX_TEXT),
            _("One row is one text, not a whole collection: divide it."),
        )
        return None
    return None if unusable(value, report) else value


def _target(value: list[object], text: str, asked: Asked, several: bool, report: Report) -> Target | None:
    if asked.spans:
        return read_spans(value, text, report)
    if several:
        return read_label(value, Labelling(several=True), report)
    if len(value) == 1:
        return read_label(value[0], Labelling(), report)
    report.error(
        "not-one-label",
        _("An answer has {count} labels, where each text has exactly one.").format(count=len(value)),
        _("Choose one, or let texts have several labels."),
    )
    return None


def _answer(raw: RawAnswer, target: Target) -> Answer:
    return Answer(
        raw.annotator or "", target, _plain(raw.created), _number(raw.seconds), _number(raw.score)
    )  # fmt: skip


def _plain(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
