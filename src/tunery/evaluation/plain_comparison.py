"""A comparison as text."""

from __future__ import annotations

from collections.abc import Sequence

from tunery.evaluation.comparison import Comparison, Difference, Disagreement
from tunery.evaluation.excerpts import answers_text, excerpt, focus
from tunery.evaluation.tables import table
from tunery.evaluation.wording import (
    comparison_notes,
    label_text,
    method_text,
    metric_name,
    models_text,
    number,
    p_text,
    place,
    points,
    points_interval,
    rows_text,
    visible,
    whole_text,
)
from tunery.i18n import _

_ROWS = 5
_TEXT_LENGTH = 100


def comparison_text(comparison: Comparison) -> str:
    """Return a comparison as text, in the language in force."""
    first, second = (visible(name) for name in comparison.names)
    parts = [
        [_("{models}: {task} on {rows}").format(
            models=models_text(comparison),
            task=comparison.task,
            rows=rows_text(comparison.rows, comparison.split),
        )],
        [comparison.verdict, *(f"! {note}" for note in comparison_notes(comparison))],
        _metric_table(comparison),
        _label_table(comparison),
        _agreement(comparison),
        _rows(comparison, comparison.first_right, _("Only {name} is right").format(name=first)),
        _rows(comparison, comparison.second_right, _("Only {name} is right").format(name=second)),
        [method_text(comparison)],
    ]  # fmt: skip
    return "\n\n".join("\n".join(part) for part in parts if part)


def _metric_table(comparison: Comparison) -> list[str]:
    rows = [["", *(visible(name) for name in comparison.names), _("difference"), _("95% interval"), "p"]]
    rows += [[metric_name(name), *_cells(item), p_text(item.p_value)] for name, item in comparison.metrics.items()]
    return table(rows)


def _label_table(comparison: Comparison) -> list[str]:
    names = [visible(name) for name in comparison.names]
    rows = [[_("F1 by label"), *names, _("difference"), _("95% interval"), "p", _("p (Holm)"), _("support")]]
    rows += [
        [f"  {label_text(label)}", *_cells(item), p_text(item.p_value), p_text(item.p_holm), str(item.support)]
        for label, item in comparison.per_label.items()
    ]
    note = _(
        "Read p (Holm): of {count} labels some differ by chance, and it allows for that. Below 0.05: more than chance."
    ).format(count=len(comparison.per_label))
    return [*table(rows), note]


def _cells(item: Difference) -> list[str]:
    return [number(item.first), number(item.second), points(item.difference), points_interval(item.interval)]


def _agreement(comparison: Comparison) -> list[str]:
    found = comparison.agreement
    first, second = (visible(name) for name in comparison.names)
    return table([
        [_("Rows on which"), _("rows")],
        [f"  {_('both are right')}", str(found.both_right)],
        [f"  {_('only {name} is right').format(name=first)}", str(found.first_only)],
        [f"  {_('only {name} is right').format(name=second)}", str(found.second_only)],
        [f"  {_('both are wrong')}", str(found.both_wrong)],
    ])  # fmt: skip


def _rows(comparison: Comparison, rows: Sequence[Disagreement], title: str) -> list[str]:
    if not rows:
        return []
    first, second = (visible(name) for name in comparison.names)
    lines = [title]
    for row in rows[:_ROWS]:
        expected, one, other = answers_text(row)
        words = visible(excerpt(whole_text(row), focus(row), _TEXT_LENGTH))
        lines.append("  " + _("{place}: {words}").format(place=place(row), words=words))
        answers = _("expected {expected}; {first}: {answer}; {second}: {other}").format(
            expected=expected, first=first, answer=one, second=second, other=other
        )
        lines.append(f"    {answers}")
    return lines
