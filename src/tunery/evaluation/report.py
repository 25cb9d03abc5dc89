"""A report: what was measured, as data. How it looks is the business of `plain` (text) and `html` (pages)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError, model_validator

from tunery.errors import MissingExtraError, TuneryError
from tunery.evaluation.bootstrap import Interval
from tunery.evaluation.calibration import Calibration
from tunery.i18n import _
from tunery.types import Offsets

_FIELDS_SHOWN = 5


class LabelScores(BaseModel):
    """How well one label is answered.

    Attributes:
        precision: Of the answers with this label, the share that is right.
        recall: Of the places where this label is right, the share that was found.
        f1: The harmonic mean of the two.
        support: How often the label is the right answer.
        f1_interval: The 95% interval of `f1`.
    """

    model_config = ConfigDict(frozen=True)

    precision: float
    recall: float
    f1: float
    support: int
    f1_interval: Interval


class Gain(BaseModel):
    """What the model is ahead of a baseline by, on the same resamples of the same rows."""

    model_config = ConfigDict(frozen=True)

    difference: float
    interval: Interval


class Baseline(BaseModel):
    """What stands beside the model on the same rows.

    Attributes:
        metrics: Its metrics; empty if it is missing.
        intervals: Their 95% intervals.
        gains: By metric, what the model is ahead by.
        missing: Why there are no numbers: ``not-given``, or what went wrong; None if there are.
    """

    model_config = ConfigDict(frozen=True)

    metrics: dict[str, float] = {}
    intervals: dict[str, Interval] = {}
    gains: dict[str, Gain] = {}
    missing: str | None = None


class ConfusionTable(BaseModel):
    """How often each right label (rows) was answered with each label (columns)."""

    model_config = ConfigDict(frozen=True)

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @model_validator(mode="after")
    def _is_square(self) -> Self:
        if any(len(side) != len(self.labels) for side in (self.counts, *self.counts)):
            raise ValueError("counts must have a row and a column for each label")
        return self


class MarkedSpan(BaseModel):
    """A labelled stretch of a text, by character offset."""

    model_config = ConfigDict(frozen=True)

    start: int
    end: int
    label: str

    @property
    def offsets(self) -> Offsets:
        """Start and end."""
        return (self.start, self.end)


class Mistake(BaseModel):
    """A row that was answered wrongly.

    Attributes:
        row: Which row, counted from 1.
        line: Where it starts in its file, where that is known.
        id: The row's own name, if it has one.
        text: The text.
        text_pair: The second text, for tasks on pairs.
        expected: What is right.
        answered: What was answered.
        confidence: The probability that the predictor gave its wrong answer; None if it gives none.
        expected_spans: For entities, all right spans of the text.
        answered_spans: For entities, all spans that were answered.
    """

    model_config = ConfigDict(frozen=True)

    row: int
    line: int | None = None
    id: str | None = None
    text: str
    text_pair: str | None = None
    expected: str
    answered: str
    confidence: float | None = None
    expected_spans: tuple[MarkedSpan, ...] = ()
    answered_spans: tuple[MarkedSpan, ...] = ()


class Report(BaseModel):
    """A predictor, measured on some rows. ``print(report)`` shows it; so does a notebook.

    Attributes:
        task: The task, for example ``token-classification``.
        model: What was measured.
        split: The split that it was measured on, where the rows are one.
        rows: How many rows that is.
        decisions: How many answers accuracy is about: one a text, or one a word.
        metric: The main metric, one of `metrics`.
        metrics: The scores: ``accuracy``, ``{micro,macro,weighted}_{precision,recall,f1}``, and for entities
            ``entity_precision``, ``entity_recall`` and ``entity_f1``.
        intervals: The 95% interval of each.
        per_label: Scores of each label (for entities: of each tag) that is the right answer or was answered anywhere.
        entities: For entities, strict scores of each kind: a span counts only if boundaries and kind are right.
        baselines: What stands beside the model: ``majority``, ``probe`` and whatever else was given.
        confusion: What was taken for what; None where a row can have several labels.
        calibration: How far confidence can be trusted; None if the predictor gives none.
        errors: The wrong answers that the predictor was surest of, surest first.
        wrong_rows: How many rows have anything wrong.
        windowed_rows: How many rows were too long to be read at once and were read in overlapping windows.
        unknown_labels: Labels of the rows that the predictor can't answer with; they count as missed.
        rows_per_second: How fast the answers came.
        resamples: How many resamples the intervals come from.
        seed: Their seed.
        version: The version of Tunery that measured.
        created: When.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["report"] = "report"
    task: str
    model: str
    split: str | None
    rows: int
    decisions: int
    metric: str
    metrics: dict[str, float]
    intervals: dict[str, Interval]
    per_label: dict[str, LabelScores]
    entities: dict[str, LabelScores]
    baselines: dict[str, Baseline]
    confusion: ConfusionTable | None
    calibration: Calibration | None
    errors: tuple[Mistake, ...]
    wrong_rows: int
    windowed_rows: int
    unknown_labels: tuple[str, ...]
    rows_per_second: float
    resamples: int
    seed: int
    version: str
    created: AwareDatetime

    @model_validator(mode="after")
    def _has_intervals(self) -> Self:
        if self.metric not in self.metrics or self.metrics.keys() != self.intervals.keys():
            raise ValueError("every metric must have an interval, and the main one must be there")
        return self

    def __str__(self) -> str:
        from tunery.evaluation.plain import report_text

        return report_text(self)

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain values for JSON."""
        return self.model_dump(mode="json")

    def to_json(self, path: str | Path) -> None:
        """Write the report as a JSON file."""
        write_text(Path(path), json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n")

    def to_html(self) -> str:
        """Return the report as one page that needs nothing else, in the language in force.

        Raises:
            MissingExtraError: Jinja2 isn't installed.
        """
        from tunery.evaluation.html import report_page

        return report_page(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Report:
        """Make a report from what `to_dict` returned.

        Raises:
            TuneryError: These are not the values of a report.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise unreadable(_("This is not a report"), error) from None

    def _repr_html_(self) -> str:
        from tunery.evaluation.html import report_fragment, text_fragment

        try:
            return report_fragment(self)
        except MissingExtraError:
            return text_fragment(str(self))

    def __repr__(self) -> str:
        low, high = self.intervals[self.metric]
        return f"Report({self.metric} {self.metrics[self.metric]:.3f} [{low:.3f}, {high:.3f}], {self.rows} rows)"


def unreadable(finding: str, error: ValidationError) -> TuneryError:
    """Return the error for values that are not what they were taken for; it names the fields, never their content."""
    # What is wrong with the whole has no place of its own: the metrics and their intervals don't go together.
    fields = dict.fromkeys(".".join(str(part) for part in item["loc"][:2]) or "metrics" for item in error.errors())
    shown = ", ".join(list(fields)[:_FIELDS_SHOWN]) + (", …" if len(fields) > _FIELDS_SHOWN else "")
    return TuneryError(
        _("{finding}: missing or not as expected: {fields}.").format(finding=finding, fields=shown),
        _("Give what to_dict or to_json made, or measure again with this version."),
    )


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: a crash leaves whatever was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text, encoding="utf-8", errors="backslashreplace")
    unfinished.replace(path)
