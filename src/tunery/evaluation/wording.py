"""The words that reports and comparisons share, on every kind of page."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

from tunery.evaluation.bootstrap import Interval
from tunery.evaluation.comparison import Comparison, Disagreement
from tunery.evaluation.report import Baseline, Mistake, Report
from tunery.evaluation.tables import shorten
from tunery.i18n import N_, _

_METRICS = {
    "accuracy": N_("Accuracy"),
    "micro_precision": N_("Micro precision"),
    "micro_recall": N_("Micro recall"),
    "micro_f1": N_("Micro F1"),
    "macro_precision": N_("Macro precision"),
    "macro_recall": N_("Macro recall"),
    "macro_f1": N_("Macro F1"),
    "weighted_precision": N_("Weighted precision"),
    "weighted_recall": N_("Weighted recall"),
    "weighted_f1": N_("Weighted F1"),
    "entity_precision": N_("Entity precision"),
    "entity_recall": N_("Entity recall"),
    "entity_f1": N_("Entity F1"),
}
_LABEL_WIDTH = 60
_FEW = 100
"""Fewer rows than this are said to be few."""
_BASELINES = {"majority": N_("Majority answer"), "probe": N_("Linear probe on the frozen base")}


def metric_name(metric: str) -> str:
    """Return what people call a metric."""
    return _(_METRICS[metric]) if metric in _METRICS else metric


def baseline_name(name: str) -> str:
    """Return what people call a baseline."""
    return _(_BASELINES[name]) if name in _BASELINES else visible(name)


def number(value: float) -> str:
    """Return a score with three decimals."""
    return f"{value:.3f}"


def interval_text(ends: Interval) -> str:
    """Return an interval in words."""
    return _("{low:.3f} to {high:.3f}").format(low=ends[0], high=ends[1])


def points(value: float) -> str:
    """Return a difference of scores in points, hundredths of the scale."""
    return f"{_tenths(value):+.1f}"


def points_interval(ends: Interval) -> str:
    """Return the interval of a difference in points."""
    return _("{low:+.1f} to {high:+.1f}").format(low=_tenths(ends[0]), high=_tenths(ends[1]))


def p_text(p: float) -> str:
    """Return a p-value the way it is written."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def date_text(created: datetime) -> str:
    """Return when something was made, to the minute."""
    return f"{created.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _tenths(value: float) -> float:
    """Return points, rounded to what is shown; adding 0 makes -0.0 an ordinary 0."""
    return round(100 * value, 1) + 0.0


def rows_text(rows: int, split: str | None) -> str:
    """Return how many rows were measured, and of which split."""
    if split is None:
        return _("{rows} rows").format(rows=rows)
    return _("{rows} rows of {split}").format(rows=rows, split=split)


def missing_text(baseline: Baseline) -> str:
    """Return why a baseline has no numbers."""
    if baseline.missing == "not-given":
        return _("not measured (there is none)")
    return _("not measured: {reason}").format(reason=baseline.missing)


def verdict(report: Report) -> str:
    """Return the main metric with its interval and the rows it was measured on, as one sentence."""
    sentence = _("{metric} {value:.3f} (95% interval {interval}) on {rows}.").format(
        metric=metric_name(report.metric),
        value=report.metrics[report.metric],
        interval=interval_text(report.intervals[report.metric]),
        rows=rows_text(report.rows, report.split),
    )
    return sentence if is_result(report) else _("Not a result: {sentence}").format(sentence=sentence)


def is_result(report: Report) -> bool:
    """Return whether the numbers tell how good the model is: not on rows that it has learned from."""
    return report.split != "train"


def headline_metrics(report: Report) -> list[str]:
    """Return the metrics to be shown beside the main one."""
    names = ("accuracy", "macro_f1", "micro_f1", "weighted_f1", "entity_precision", "entity_recall", "entity_f1")
    return [name for name in names if name in report.metrics and name != report.metric]


def report_method_text(report: Report) -> str:
    """Return how a report was made."""
    return _(
        "{speed:,.0f} rows a second. Intervals: {resamples} bootstrap resamples of the rows, seed {seed}. "
        "Tunery {version}."
    ).format(speed=report.rows_per_second, resamples=report.resamples, seed=report.seed, version=report.version)


def notes(report: Report) -> list[str]:
    """Return what a reader must know before believing the numbers."""
    result = _row_notes(report.rows, report.split)
    if report.unknown_labels:
        result.append(
            _("The model can't answer with these labels of the data, so they count as missed: {labels}.").format(
                labels=", ".join(visible(label) for label in report.unknown_labels)
            )
        )
    return result


def comparison_notes(comparison: Comparison) -> list[str]:
    """Return what a reader must know before believing a comparison."""
    return _row_notes(comparison.rows, comparison.split)


def _row_notes(rows: int, split: str | None) -> list[str]:
    result: list[str] = []
    if split == "train":
        result.append(
            _(
                "These are rows of train. A model knows the rows it has learned from; "
                "only rows it has never seen, those of test, tell how good it is."
            )
        )
    if split == "dev":
        result.append(
            _("These are rows of dev, by which the model was chosen, so the numbers flatter it a little; test doesn't.")
        )
    if rows < _FEW:
        result.append(_("{rows} rows are few: trust the intervals, not the numbers.").format(rows=rows))
    return result


def windowed_text(report: Report) -> str:
    """Return how many rows had to be read in windows."""
    if not report.windowed_rows:
        return _("Every row was read at once; none was too long for the model.")
    sentence = _(
        "{count} of {rows} rows ({share:.1%}) were too long to be read at once; they were read in overlapping windows."
    )
    return sentence.format(count=report.windowed_rows, rows=report.rows, share=report.windowed_rows / report.rows)


def calibration_sentences(report: Report) -> list[str]:
    """Return what calibration was found, as sentences."""
    found = report.calibration
    if found is None:
        return [_("The predictor gave no probabilities, so calibration can't be measured.")]
    result = [
        _(
            "Expected calibration error {error:.3f} (95% interval {interval}) on {count} answers; "
            "a perfectly calibrated model stays below {chance:.3f} with this many."
        ).format(
            error=found.expected_calibration_error,
            interval=interval_text(found.interval),
            count=found.decisions,
            chance=found.chance_level,
        ),
        _confidence_sentence(found.overconfidence, found.overconfidence_interval),
    ]
    if found.temperature is not None:
        result.append(_("Temperature fitted on dev: {temperature:.3f}.").format(temperature=found.temperature))
    return result


def _confidence_sentence(gap: float, ends: Interval) -> str:
    low, high = (_tenths(end) for end in ends)
    if ends[0] > 0:
        sentence = _("The model is too sure by {points:.1f} points (95% interval {low:.1f} to {high:.1f}).")
    elif ends[1] < 0:
        low, high = -high, -low
        sentence = _(
            "The model is less sure than it could be by {points:.1f} points (95% interval {low:.1f} to {high:.1f})."
        )
    else:
        sentence = _(
            "On the whole its confidence fits: mean confidence minus the share of right answers is {gap:+.1f} points "
            "(95% interval {low:+.1f} to {high:+.1f})."
        )
    return sentence.format(points=abs(_tenths(gap)), gap=_tenths(gap), low=low, high=high)


def comparison_verdict(comparison: Comparison) -> str:
    """Return whether one of two is better, as a sentence."""
    main = comparison.main
    values = {
        "metric": metric_name(comparison.metric),
        "points": abs(100 * main.difference),
        "rows": rows_text(comparison.rows, comparison.split),
        "p": p_text(main.p_value) if main.p_value < 0.001 else f"= {p_text(main.p_value)}",
    }
    if comparison.better is None:
        low, high = (_tenths(end) for end in main.interval)
        sentence = _(
            "No difference beyond chance at this size of test: {metric} on {rows}, {second} minus {first} is "
            "{difference:+.1f} points (95% interval {low:+.1f} to {high:+.1f}, p {p})."
        )
        first, second = comparison.names
        return sentence.format(
            first=visible(first),
            second=visible(second),
            difference=_tenths(main.difference),
            low=low,
            high=high,
            **values,
        )
    first, second = comparison.names
    better, worse = (second, first) if comparison.better == second else (first, second)
    low, high = sorted(abs(100 * end) for end in main.interval)
    return _(
        "{better} is better than {worse} by {points:.1f} points of {metric} (95% interval {low:.1f} to {high:.1f}, "
        "p {p}) on {rows}."
    ).format(better=visible(better), worse=visible(worse), low=low, high=high, **values)


def models_text(comparison: Comparison) -> str:
    """Return what the names of a comparison stand for."""
    return ", ".join(
        visible(name) if name == model else f"{visible(name)} = {visible(model)}"
        for name, model in zip(comparison.names, comparison.models, strict=True)
    )


def method_text(comparison: Comparison) -> str:
    """Return where the intervals and p-values of a comparison come from."""
    return _(
        "Differences are in points, {second} minus {first}. Intervals: paired bootstrap, {resamples} resamples of the "
        "rows. p: approximate randomisation, {trials} exchanges of answers. Seed {seed}."
    ).format(
        first=visible(comparison.names[0]),
        second=visible(comparison.names[1]),
        resamples=comparison.resamples,
        trials=comparison.trials,
        seed=comparison.seed,
    )


def whole_text(row: Mistake | Disagreement) -> str:
    """Return the text of a row, or both of its texts."""
    return row.text if row.text_pair is None else f"{row.text} | {row.text_pair}"


def place(row: Mistake | Disagreement) -> str:
    """Return where a row is: its line where that is known, else its number."""
    if row.line is not None:
        return _("line {line}").format(line=row.line)
    return _("row {row}").format(row=row.row)


def label_text(label: str) -> str:
    """Return a label for a table of text, where one that is a whole paragraph must not push the numbers away."""
    return shorten(visible(label), _LABEL_WIDTH)


def visible(text: str) -> str:
    """Return ``text`` on one line, with control characters shown instead of sent to the terminal."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) in ("Cc", "Cs", "Cf") and character not in "\u200d\u200c":
        return f"\\u{ord(character):04x}"
    return character
