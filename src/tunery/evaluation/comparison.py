"""A comparison of two predictors on the same rows, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError, model_validator

from tunery.errors import MissingExtraError
from tunery.evaluation.bootstrap import Interval
from tunery.evaluation.report import MarkedSpan, unreadable, write_text
from tunery.i18n import _

SIGNIFICANT = 0.05
"""The p-value below which a difference counts as more than chance."""


class Difference(BaseModel):
    """One score of both predictors.

    Attributes:
        first: The first predictor's score.
        second: The second's.
        difference: Second minus first: positive where the second is better.
        interval: Its 95% interval, by the paired bootstrap.
        p_value: How often answers exchanged at random differ at least as much.
    """

    model_config = ConfigDict(frozen=True)

    first: float
    second: float
    difference: float
    interval: Interval
    p_value: float


class LabelDifference(Difference):
    """The F1 of one label.

    Attributes:
        support: How often the label is the right answer.
        p_holm: The p-value, adjusted for being one of many (Holm 1979).
    """

    support: int
    p_holm: float


class Agreement(BaseModel):
    """On how many rows both are right, one of them, or none."""

    model_config = ConfigDict(frozen=True)

    both_right: int
    first_only: int
    second_only: int
    both_wrong: int


class Disagreement(BaseModel):
    """A row that one predictor answered rightly and the other wrongly.

    Attributes:
        row: Which row, counted from 1.
        line: Where it starts in its file, where that is known.
        text: The text.
        text_pair: The second text, for tasks on pairs.
        expected: What is right.
        first: What the first predictor answered.
        second: What the second answered.
        expected_spans: For entities, all right spans.
        first_spans: For entities, those of the first predictor.
        second_spans: For entities, those of the second.
    """

    model_config = ConfigDict(frozen=True)

    row: int
    line: int | None = None
    text: str
    text_pair: str | None = None
    expected: str
    first: str
    second: str
    expected_spans: tuple[MarkedSpan, ...] = ()
    first_spans: tuple[MarkedSpan, ...] = ()
    second_spans: tuple[MarkedSpan, ...] = ()


class Comparison(BaseModel):
    """Two predictors, measured on the same rows. ``print(comparison)`` shows it; so does a notebook.

    Attributes:
        task: The task.
        names: What the two are called.
        models: What they are.
        split: The split that they were measured on, where the rows are one.
        rows: How many rows that is.
        metric: The main metric, one of `metrics`.
        metrics: Every metric of both, with difference, interval and p-value.
        per_label: The F1 of every label (for entities: of every kind, strictly).
        agreement: On how many rows who is right.
        first_right: Some rows that only the first predictor answered rightly.
        second_right: Some rows that only the second answered rightly.
        resamples: How many resamples the intervals come from.
        trials: How many random exchanges the p-values come from.
        seed: The seed of both.
        version: The version of Tunery that measured.
        created: When.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["comparison"] = "comparison"
    task: str
    names: tuple[str, str]
    models: tuple[str, str]
    split: str | None
    rows: int
    metric: str
    metrics: dict[str, Difference]
    per_label: dict[str, LabelDifference]
    agreement: Agreement
    first_right: tuple[Disagreement, ...]
    second_right: tuple[Disagreement, ...]
    resamples: int
    trials: int
    seed: int
    version: str
    created: AwareDatetime

    @model_validator(mode="after")
    def _has_main(self) -> Self:
        if self.metric not in self.metrics:
            raise ValueError("the main metric must be among the metrics")
        return self

    @property
    def main(self) -> Difference:
        """The difference in the main metric."""
        return self.metrics[self.metric]

    @property
    def better(self) -> str | None:
        """The name of the one that is better by more than chance; None if neither is.

        Both the p-value and the interval must say so: they answer different questions and may disagree at the border.
        """
        low, high = self.main.interval
        if self.main.p_value >= SIGNIFICANT or low <= 0 <= high:
            return None
        return self.names[1] if self.main.difference > 0 else self.names[0]

    @property
    def verdict(self) -> str:
        """Whether one is better, as a sentence in the language in force."""
        from tunery.evaluation.wording import comparison_verdict

        return comparison_verdict(self)

    def __str__(self) -> str:
        from tunery.evaluation.plain_comparison import comparison_text

        return comparison_text(self)

    def to_dict(self) -> dict[str, object]:
        """Return the comparison as plain values for JSON."""
        return {**self.model_dump(mode="json"), "better": self.better, "verdict": self.verdict}

    def to_json(self, path: str | Path) -> None:
        """Write the comparison as a JSON file."""
        write_text(Path(path), json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n")

    def to_html(self) -> str:
        """Return the comparison as one page that needs nothing else, in the language in force.

        Raises:
            MissingExtraError: Jinja2 isn't installed.
        """
        from tunery.evaluation.html import comparison_page

        return comparison_page(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Comparison:
        """Make a comparison from what `to_dict` returned.

        Raises:
            TuneryError: These are not the values of a comparison.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise unreadable(_("This is not a comparison"), error) from None

    def _repr_html_(self) -> str:
        from tunery.evaluation.html import comparison_fragment, text_fragment

        try:
            return comparison_fragment(self)
        except MissingExtraError:
            return text_fragment(str(self))

    def __repr__(self) -> str:
        low, high = self.main.interval
        return (
            f"Comparison({self.metric} {self.main.first:.3f} -> {self.main.second:.3f}, "
            f"{self.main.difference:+.3f} [{low:+.3f}, {high:+.3f}], p = {self.main.p_value:.3f}, {self.rows} rows)"
        )
