"""The labels of a row: names, numbers that stand for names, several in one cell, and cells that hold none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tunery.data.files import failure
from tunery.data.readers.base import Row, Table
from tunery.data.rows.base import Job, Parts, ReadRow, Report
from tunery.data.rows.cells import text_of
from tunery.data.strict_json import JsonError, parse_whole
from tunery.data.values import is_blank, is_number
from tunery.errors import DataError
from tunery.i18n import _

_SEPARATORS = ("|", ";", "；", ",", "，", "、")
_WHOLE = re.compile(r"[+-]?\d+(\.0+)?")
_QUOTED = re.compile(r"""\[\s*(?:(?:'[^']*'|"[^"]*")[\s,]*)+\]""")
_ITEM = re.compile(r"""'([^']*)'|"([^"]*)\"""")


@dataclass(frozen=True, slots=True)
class Labelling:
    """How a data set's label cells are to be understood.

    Attributes:
        several: Whether a row has any number of labels.
        separator: What separates them in one cell.
        names: The names that numbers stand for.
    """

    several: bool = False
    separator: str | None = None
    names: Sequence[str] | None = None


def reader(job: Job) -> ReadRow:
    """Return how rows of a text and one or more labels are read."""
    column = job.fields.label or ""
    cells = [row.values.get(column) for table in job.tables for row in table.rows]
    named = next((table.label_names[column] for table in job.tables if column in table.label_names), job.label_names)
    sure = all(table.fixed for table in job.tables)
    labelling = understand(cells, column=column, names=named, separator=job.settings.label_separator or None, sure=sure)
    if not labelling.several and labelling.names is None and (error := refuse_no_classes(cells, job.shown)):
        raise error
    _say(labelling, column, job)
    stray = 0 < sum(isinstance(cell, bool) for cell in cells) < sum(not is_blank(cell) for cell in cells)

    def read(_table: Table, row: Row, report: Report) -> Parts | None:
        text = text_of(row, job.fields.text, report)
        cell = row.values.get(column)
        label = read_label(cell, labelling, report)
        if label is not None and labelling.names is None and is_number(cell):
            _warn_of_number(cell, report)
        if stray and isinstance(cell, bool):
            _warn_of_truth_value(label, report)
        return None if text is None or label is None else (text, label, None)

    return read


def understand(
    cells: Sequence[object], *, column: str, names: Sequence[str] | None, separator: str | None, sure: bool
) -> Labelling:
    """Return how the label cells of a whole data set are to be understood.

    Args:
        cells: All of them.
        column: The column's name.
        names: Label names that came with the data, which numbers may stand for.
        separator: What separates labels, if the user says so.
        sure: Whether the format gives lists where it means several labels, so that no separator is looked for.
    """
    filled = [cell for cell in cells if not is_blank(cell)]
    listed = any(isinstance(cell, list | tuple) or _as_list(cell) is not None for cell in filled)
    numbered = _numbers_with(filled, separator or ",", len(names)) if names and not listed else None
    if numbered is not None:
        several = numbered or separator is not None
        return Labelling(several, separator or "," if several else None, names)
    if listed or separator:
        return Labelling(True, separator, names)
    if column.strip().lower() == "labels":
        return Labelling(True, None if sure else _separator(filled), names)
    return Labelling()


def read_label(cell: object, labelling: Labelling, report: Report) -> str | tuple[str, ...] | None:
    """Return a row's label, or its labels sorted; None if it has none, which is reported."""
    if not labelling.several:
        return _one(cell, labelling, report)
    items = _items(cell, labelling)
    if items is None:
        report.error(
            "label-blank", _("The row has no label."), _("Label it or take it out; no label at all is written [].")
        )
        return None
    found = [_one(item, labelling, report) for item in items]
    return tuple(sorted({label for label in found if label is not None}))


def refuse_no_classes(cells: Sequence[object], file: str) -> DataError | None:
    """Return the error for a column of measurements, or of texts, which are no classes; None if the cells can be."""
    filled = [str(cell).strip() for cell in cells if not is_blank(cell)]
    distinct = sorted(set(filled))
    if len(filled) < 20:
        return None
    hint = _("Name another column with --set label_column=..., or turn the values into classes first.")
    if all(map(is_number, filled)) and _measures(filled):
        message = _(
            "The labels are {count} different numbers, for example {examples}; they measure, and are no classes."
        )
    elif len(distinct) > 0.5 * len(filled):
        message = _("The {rows} rows have {count} different labels, for example {examples}; they are no classes.")
    else:
        return None
    examples = ", ".join(value[:40] for value in distinct[:3])
    words = message.format(rows=len(filled), count=len(distinct), examples=examples)
    return failure("labels-are-no-classes", words, hint, file)


def _measures(numbers: Sequence[str]) -> bool:
    distinct = len(set(numbers))
    fractions = any(_WHOLE.fullmatch(number) is None for number in numbers)
    return distinct > max(30, 0.2 * len(numbers)) or (fractions and distinct > 20)


def _one(cell: object, labelling: Labelling, report: Report) -> str | None:
    if is_blank(cell):
        report.error(
            "label-blank",
            _("The label is blank (found {found!r}).").format(found=cell),
            _("Label the row or take it out."),
        )
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if not isinstance(cell, str | int | float):
        report.error(
            "label-form",
            _("The label is not a name but {found!r}.").format(found=str(cell)[:40]),
            _('Write one label as "label": "name", several as "labels": ["one", "two"].'),
        )
        return None
    text = str(cell).strip()
    if labelling.names is not None and _WHOLE.fullmatch(text):
        return _named(int(float(text)), labelling.names, report)
    if len(text) > 200:
        report.error(
            "label-too-long",
            _("The label has {count} characters: {found!r}...").format(count=len(text), found=text[:40]),
            _("Check that text and label are not exchanged: --set label_column=..."),
        )
        return None
    return text.removesuffix(".0") if isinstance(cell, float) else text


def _named(number: int, names: Sequence[str], report: Report) -> str | None:
    if 0 <= number < len(names):
        return names[number]
    report.error(
        "label-without-name",
        _("The label {number} has no name; there are {count}, counted from 0.").format(number=number, count=len(names)),
        _("Add its name to the list of labels, or label the row."),
    )
    return None


def _items(cell: object, labelling: Labelling) -> Sequence[object] | None:
    if isinstance(cell, list | tuple):
        return cell
    if is_blank(cell):
        return None
    if (listed := _as_list(cell)) is not None:
        return listed
    if labelling.separator is not None and isinstance(cell, str):
        return [part for part in cell.split(labelling.separator) if part.strip()]
    return [cell]


def _as_list(cell: object) -> Sequence[object] | None:
    """Return the list that a cell writes out, as JSON or as Python prints it; no class is called ``['a', 'b']``."""
    if not isinstance(cell, str) or not (cell.startswith("[") and cell.endswith("]")) or len(cell) > 10_000:
        return None
    try:
        value = parse_whole(cell)
    except JsonError:
        if _QUOTED.fullmatch(cell):
            return [first or second for first, second in _ITEM.findall(cell)]
        return None
    return value if isinstance(value, list) else None


def _numbers_with(cells: Sequence[object], separator: str, count: int) -> bool | None:
    """Say whether some cell holds several numbers; None if not all cells are numbers below ``count``."""
    several = False
    for cell in cells:
        parts = cell.split(separator) if isinstance(cell, str) else [cell]
        if not all(_WHOLE.fullmatch(str(part).strip()) and float(str(part)) < count for part in parts):
            return None
        several = several or len(parts) > 1
    return several


def _separator(cells: Sequence[object]) -> str | None:
    """Return what separates labels in a column of several: its parts recur more than the cells they stand in."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    for candidate in _SEPARATORS:
        with_it = [cell for cell in texts if candidate in cell]
        if not with_it:
            continue
        parts = Counter(part.strip() for cell in texts for part in cell.split(candidate))
        if len(parts) <= len(set(texts)) and "" not in parts:
            return candidate
    return None


def _say(labelling: Labelling, column: str, job: Job) -> None:
    if labelling.names is not None:
        job.findings.note(
            "label-names",
            _("Numbers in {column} stand for the {count} label names that came with the data.").format(
                column=column, count=len(labelling.names)
            ),
            file=job.shown,
        )
    if labelling.several and labelling.separator:
        job.findings.note(
            "label-separator",
            _("A row can have several labels; {separator!r} separates them in {column}.").format(
                separator=labelling.separator, column=column
            ),
            file=job.shown,
        )


def _warn_of_number(cell: object, report: Report) -> None:
    report.warning(
        "label-is-a-number",
        _("The label is a number ({found}); it is taken as the name of a class.").format(found=cell),
        _("Names make reports readable: put them into labels.txt beside the file, one a line, the first for 0."),
    )


def _warn_of_truth_value(label: object, report: Report) -> None:
    report.warning(
        "label-is-a-truth-value",
        _("The label is the truth value {found}, where others are names; it is taken as the name of a class.").format(
            found=label
        ),
        _("Write the name of the class, in quotation marks."),
    )
