"""The spans of a row: read from any of the usual forms, held against the text, sorted by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from tunery.data.readers.base import Row, Table
from tunery.data.rows.base import Job, Parts, ReadRow, Report
from tunery.data.rows.cells import text_of
from tunery.data.values import is_blank
from tunery.i18n import _
from tunery.types import Offsets, Span


def reader(job: Job) -> ReadRow:
    """Return how rows of a text and spans are read."""
    fields = job.fields

    def read(_table: Table, row: Row, report: Report) -> Parts | None:
        if (text := text_of(row, fields.text, report)) is None:
            return None
        words = read_words(row.values.get(fields.words), text) if fields.words else None
        return text, read_spans(row.values.get(fields.spans or ""), text, report), words

    return read


def read_spans(value: object, text: str, report: Report) -> tuple[Span, ...]:
    """Return a row's spans by position.

    Args:
        value: A list of ``{start, end, label}`` (and perhaps ``text``), or of ``[start, end, label]``.
        text: What they lie in.
        report: Told of every span that can't be used; those are left out.
    """
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        report.error("span-form", _("Spans are not a list but {found!r}.").format(found=str(value)[:40]), _hint())
        return ()
    found = [span for item in value if (span := _span(item, text, report)) is not None]
    spans = sorted(set(found))
    if len(spans) < len(found):
        report.warning("span-twice", _("A span occurs twice in one text; it was taken once."), _("Keep it once."))
    return _without_crossing(spans, text, report)


def _hint() -> str:
    return _('Write spans as {{"start": 0, "end": 5, "label": "PER"}}; end is the character after the last.').format()


def _span(item: object, text: str, report: Report) -> Span | None:
    start, end, label, marked = _fields(item)
    if isinstance(start, bool) or isinstance(end, bool) or not isinstance(start, int) or not isinstance(end, int):
        report.error(
            "span-form",
            _("A span has no whole numbers for start and end: {found!r}.").format(found=str(item)[:60]),
            _hint(),
        )
        return None
    if not isinstance(label, str) or is_blank(label):
        report.error(
            "span-label", _("A span has no name for a label: {found!r}.").format(found=str(item)[:60]), _hint()
        )
        return None
    if 0 <= start < len(text) < end and isinstance(marked, str) and marked == text[start:]:
        # The row itself shows that only its end was cut off together with the text.
        report.warning(
            "span-cut-off",
            _("The span {start}-{end} ({label}) goes on behind the end of its text; it was cut off there.").format(
                start=start, end=end, label=label[:40]
            ),
            _("Look whether the text was cut off by mistake."),
        )
        return Span(start, len(text), label.strip())
    if not 0 <= start < end <= len(text):
        report.error(
            "span-outside-text",
            _("The span {start}-{end} ({label}) lies outside its text of {length} characters, or is empty.").format(
                start=start, end=end, label=label[:40], length=len(text)
            ),
            _("Offsets count Unicode characters from 0, not bytes or UTF-16 units; end is the one after the last."),
        )
        return None
    if isinstance(marked, str) and marked != text[start:end]:
        report.error(
            "span-text-differs",
            _("The span {start}-{end} is said to be {said!r}, but the text there is {found!r}.").format(
                start=start, end=end, said=marked[:40], found=text[start:end][:40]
            ),
            _("Offsets count Unicode characters from 0, not bytes or UTF-16 units; end is the one after the last."),
        )
        return None
    return Span(start, end, label.strip())


def _fields(item: object) -> tuple[object, object, object, object]:
    if isinstance(item, Mapping):
        start = item.get("start", item.get("start_offset"))
        end = item.get("end", item.get("end_offset"))
        return start, end, item.get("label", item.get("type", item.get("entity"))), item.get("text")
    if isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 3:
        return item[0], item[1], item[2], None
    return None, None, None, None


def _without_crossing(spans: list[Span], text: str, report: Report) -> tuple[Span, ...]:
    for first, second in pairwise(spans):
        if second.start < first.end:
            report.error(
                "spans-overlap",
                _("The spans {first!r} ({first_label}) and {second!r} ({second_label}) overlap.").format(
                    first=text[first.start : first.end][:40],
                    first_label=first.label,
                    second=text[second.start : second.end][:40],
                    second_label=second.label,
                ),
                _("A character can belong to one span only: keep the one you want the model to find."),
            )
            return ()
    return tuple(spans)


def read_words(value: object, text: str) -> tuple[Offsets, ...] | None:
    """Return offsets of words as `tunery.data.writers` writes them; None for anything else."""
    if not isinstance(value, list):
        return None
    words: list[Offsets] = []
    last = 0
    for item in value:
        if not isinstance(item, list) or len(item) != 2 or not all(type(number) is int for number in item):
            return None
        start, end = item
        if not last <= start < end <= len(text):
            return None
        words.append((start, end))
        last = end
    return tuple(words)
