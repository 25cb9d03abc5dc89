"""Rows of texts that nobody has labelled yet."""

from __future__ import annotations

from tunery.data.readers.base import Row, Table
from tunery.data.rows.base import Job, Parts, ReadRow, Report
from tunery.data.rows.cells import text_of


def reader(job: Job) -> ReadRow:
    """Return how rows of a text alone are read."""

    def read(_table: Table, row: Row, report: Report) -> Parts | None:
        text = text_of(row, job.fields.text, report)
        return None if text is None else (text, None, None)

    return read
