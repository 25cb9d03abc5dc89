"""Rows into examples: each with its text and a label, labels or spans that hold against it."""

from __future__ import annotations

from dataclasses import dataclass

from tunery.data.readers.base import Table
from tunery.data.rows import labels, spans, texts, tokens
from tunery.data.rows.base import Job, ReadRow, Report
from tunery.data.rows.cells import text_of, unusable, value_of
from tunery.types import Example


@dataclass(frozen=True, slots=True)
class Converted:
    """A table's examples, each with the value of the column that says its split, if there is one."""

    table: Table
    examples: list[Example]
    splits: list[object]


def convert(job: Job) -> list[Converted]:
    """Return the examples of each table; rows that give none are reported to the job's findings.

    Raises:
        DataError: The labels as a whole can't be classes.
    """
    if job.settings.unlabelled:
        read = texts.reader(job)
    elif job.fields.tokens is not None and job.fields.tags is not None:
        read = tokens.reader(job)
    elif job.fields.spans is not None:
        read = spans.reader(job)
    else:
        read = labels.reader(job)
    return [_convert(table, read, job) for table in job.tables]


def _convert(table: Table, read: ReadRow, job: Job) -> Converted:
    fields = job.fields
    result = Converted(table, [], [])
    for row in table.rows:
        report = Report(job.findings, table.file, row.line)
        if (found := read(table, row, report)) is None:
            continue
        text, target, words = found
        pair = text_of(row, fields.text_pair, report) if fields.text_pair else None
        if unusable(text, report) or (pair is not None and unusable(pair, report)):
            continue
        values = row.values
        named = {name: value_of(values, getattr(fields, name)) for name in ("id", "timestamp", "group", "document")}
        result.examples.append(Example(text, target, pair, words, **named, line=row.line))
        result.splits.append(values.get(fields.split) if fields.split else None)
    return result
