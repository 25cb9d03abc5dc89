"""A learning curve: how good the model is with part of the labels, and what more of them would bring."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from tunery.i18n import _, joined
from tunery.screen import Readable, duration
from tunery.tuning.power_law import Forecast, PowerLaw

if TYPE_CHECKING:
    from rich.console import RenderableType

CURVE, PICTURE = "learning-curve.json", "learning-curve.png"
"""What stays in the folder of a learning curve."""


@dataclass(frozen=True)
class Measured:
    """One run on part of the labels.

    Attributes:
        rows: How many rows of train it learned from.
        draw: Which draw of so many rows it was, counted from 1.
        score: Its score on dev.
        seconds: How long it took.
        strategy: The strategy that its model came from.
    """

    rows: int
    draw: int
    score: float
    seconds: float
    strategy: str


@dataclass(frozen=True)
class LearningCurve(Readable):
    """What came of a learning curve.

    Printed by rich it has colours; ``str()`` is the same without; a notebook shows it by itself.

    Attributes:
        metric: The score on dev.
        dev_rows: How many rows of dev it was measured on.
        runs: The runs, from few rows to all.
        law: The fitted curve.
        twice: What it says of twice as many rows as there are.
        foretold: What the curve through the runs with fewer rows says of all rows; None where those are too few.
    """

    metric: str
    dev_rows: int
    runs: tuple[Measured, ...]
    law: PowerLaw
    twice: Forecast
    foretold: Forecast | None

    @property
    def sizes(self) -> list[int]:
        """The numbers of rows, from few to all."""
        return sorted({run.rows for run in self.runs})

    def scores(self, rows: int) -> list[float]:
        """Return the scores of the runs on so many rows."""
        return [run.score for run in self.runs if run.rows == rows]

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LearningCurve:
        """Return the curve that `to_dict` wrote."""
        foretold = values["foretold"]
        return cls(
            values["metric"],
            values["dev_rows"],
            tuple(Measured(**run) for run in values["runs"]),
            PowerLaw(**values["law"]),
            Forecast(**values["twice"]),
            None if foretold is None else Forecast(**foretold),
        )

    @classmethod
    def load(cls, folder: Path) -> LearningCurve:
        """Return the curve that lies in ``folder``."""
        return cls.from_dict(json.loads((folder / CURVE).read_text(encoding="utf-8")))

    def verdict(self) -> str:
        """Say what twice as many labels would bring, and how far that can be trusted."""
        twice = self.twice
        words = [
            _(
                "Twice as many labels ({rows} rows) would bring about {gain:+.3f} (95%: {low:+.3f} to {high:+.3f}): "
                "{metric} {score:.3f} ({score_low:.3f} to {score_high:.3f}) on dev."
            ).format(
                rows=f"{twice.rows:,}", gain=twice.gain, low=twice.gain_low, high=twice.gain_high, metric=self.metric,
                score=twice.score, score_low=twice.low, score_high=twice.high,
            )
        ]  # fmt: skip
        if self.foretold is not None:
            told = _(
                "The runs with fewer rows foretold {score:.3f} ({low:.3f} to {high:.3f}) for all rows; "
                "{found:.3f} was found."
            )
            ahead, found = self.foretold, mean(self.scores(self.sizes[-1]))
            words.append(told.format(score=ahead.score, low=ahead.low, high=ahead.high, found=found))
        return joined(*words)

    def __rich__(self) -> RenderableType:
        return Group(self._table(), "", Text(self.verdict(), style="bold"))

    def _table(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        headings = (
            _("rows of train"), _("runs"), _("dev {metric}").format(metric=self.metric), _("lowest"), _("highest"),
            _("the curve"), _("time a run"),
        )  # fmt: skip
        for heading in headings:
            table.add_column(heading, justify="right")
        table.add_column(_("strategies"))
        for rows in self.sizes:
            scores = self.scores(rows)
            own = [run for run in self.runs if run.rows == rows]
            table.add_row(
                f"{rows:,}", str(len(own)), f"{mean(scores):.4f}", f"{min(scores):.4f}", f"{max(scores):.4f}",
                f"{1 - self.law.error(rows):.4f}", duration(mean(run.seconds for run in own)),
                ", ".join(sorted({run.strategy for run in own})),
            )  # fmt: skip
        return table
