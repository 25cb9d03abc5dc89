"""A report as text, with tables in the layout of scikit-learn's ``classification_report``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tunery.evaluation.excerpts import excerpt, focus
from tunery.evaluation.mistakes import mixups
from tunery.evaluation.report import LabelScores, Mistake, Report
from tunery.evaluation.tables import table
from tunery.evaluation.wording import (
    baseline_name,
    calibration_sentences,
    interval_text,
    label_text,
    metric_name,
    missing_text,
    notes,
    number,
    place,
    points,
    points_interval,
    report_method_text,
    rows_text,
    verdict,
    visible,
    whole_text,
    windowed_text,
)
from tunery.i18n import _, joined

_ERRORS = 10
_MIXUPS = 10
_TEXT_LENGTH = 100


def report_text(report: Report) -> str:
    """Return a report as text, in the language in force."""
    parts = [
        [_("{model}: {task} on {rows}").format(
            model=visible(report.model), task=report.task, rows=rows_text(report.rows, report.split)
        )],
        [summary_line(report), *(f"! {note}" for note in notes(report))],
        _before_and_after(report),
        _label_table(report),
        _entity_table(report),
        _mixup_lines(report),
        _calibration_lines(report),
        _error_lines(report.errors, report.wrong_rows),
        _footer(report),
    ]  # fmt: skip
    return "\n\n".join("\n".join(part) for part in parts if part)


def summary_line(report: Report) -> str:
    """Return the verdict, and the way from the baselines to the model, on one line."""
    steps = [
        f"{baseline_name(name)} {number(baseline.metrics[report.metric])}"
        for name, baseline in report.baselines.items()
        if report.metric in baseline.metrics
    ]
    if not steps:
        return verdict(report)
    steps.append(_("this model {value:.3f}").format(value=report.metrics[report.metric]))
    return joined(verdict(report), _("{steps}.").format(steps=" → ".join(steps)))


def _before_and_after(report: Report) -> list[str]:
    metric = report.metric
    rows: list[list[str]] = [
        [
            _("Before and after on the same rows"),
            metric_name(metric),
            _("95% interval"),
            _("Gain in points"),
            _("95% interval"),
        ]
    ]
    missing: list[str] = []
    for name, baseline in report.baselines.items():
        if metric not in baseline.metrics:
            missing.append(f"  {baseline_name(name)}: {missing_text(baseline)}")
            continue
        gain = baseline.gains[metric]
        rows.append([
            f"  {baseline_name(name)}",
            number(baseline.metrics[metric]),
            interval_text(baseline.intervals[metric]),
            points(gain.difference),
            points_interval(gain.interval),
        ])  # fmt: skip
    rows.append(
        [f"  {_('This model')}", number(report.metrics[metric]), interval_text(report.intervals[metric]), "", ""]
    )
    return [*table(rows), *missing]


def _label_table(report: Report) -> list[str]:
    total = sum(scores.support for scores in report.per_label.values())
    accuracy_interval = interval_text(report.intervals["accuracy"])
    title = _("By label") if not report.entities else _("By token (each word counts, O included)")
    rows = [
        *_head(report.per_label),
        None,
        ["accuracy", "", "", number(report.metrics["accuracy"]), str(report.decisions), accuracy_interval],
        *(_average(report, average, total) for average in ("micro", "macro", "weighted")),
    ]
    return [title, "", *table(rows, name_right=True)]


def _entity_table(report: Report) -> list[str]:
    if not report.entities:
        return []
    total = sum(scores.support for scores in report.entities.values())
    values = [number(report.metrics[f"entity_{kind}"]) for kind in ("precision", "recall", "f1")]
    everything = ["micro avg", *values, str(total), interval_text(report.intervals["entity_f1"])]
    title = _("By entity (strict: boundaries and label must both be right)")
    return [title, "", *table([*_head(report.entities), None, everything], name_right=True)]


def _head(per_label: Mapping[str, LabelScores]) -> list[Sequence[str] | None]:
    rows: list[Sequence[str] | None] = [["", "precision", "recall", "f1-score", "support", _("f1 95% interval")], None]
    for label, scores in per_label.items():
        values = [number(value) for value in (scores.precision, scores.recall, scores.f1)]
        rows.append([label_text(label), *values, str(scores.support), interval_text(scores.f1_interval)])
    return rows


def _average(report: Report, average: str, total: int) -> list[str]:
    values = [number(report.metrics[f"{average}_{kind}"]) for kind in ("precision", "recall", "f1")]
    return [f"{average} avg", *values, str(total), interval_text(report.intervals[f"{average}_f1"])]


def _mixup_lines(report: Report) -> list[str]:
    found = mixups(report.confusion, _MIXUPS) if report.confusion else []
    if not found:
        return []
    rows = [[_("Most often mixed up: expected"), _("answered"), _("times"), _("share of expected")]]
    rows += [[f"  {label_text(m.expected)}", label_text(m.answered), str(m.count), f"{m.share:.0%}"] for m in found]
    return table(rows)


def _calibration_lines(report: Report) -> list[str]:
    return [_("Calibration"), *(f"  {sentence}" for sentence in calibration_sentences(report))]


def _error_lines(errors: Sequence[Mistake], wrong: int) -> list[str]:
    if not errors:
        return []
    lines = [
        _("The wrong answers it was surest of ({shown} of {count} rows with anything wrong)").format(
            shown=min(_ERRORS, len(errors)), count=wrong
        )
    ]
    for error in errors[:_ERRORS]:
        sure = "     " if error.confidence is None else number(error.confidence)
        lines.append(f"  {sure}  {visible(excerpt(whole_text(error), focus(error), _TEXT_LENGTH))}")
        answer = _("expected {expected}, answered {answered}").format(
            expected=visible(error.expected) or "-", answered=visible(error.answered) or "-"
        )
        lines.append("         " + _("{place}: {words}").format(place=place(error), words=answer))
    return lines


def _footer(report: Report) -> list[str]:
    return [windowed_text(report), report_method_text(report)]
