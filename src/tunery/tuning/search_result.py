"""What came of a search: its trials, the best of them, and how much that is worth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from tunery.i18n import N_, _, joined
from tunery.models.model import Model
from tunery.screen import Readable, duration
from tunery.tuning.recipe import Recipe
from tunery.tuning.run import Ending

if TYPE_CHECKING:
    from rich.console import RenderableType

TRIALS, MODEL, RECIPE = "trials.json", "model", "recipe.yaml"
"""What a search leaves in its folder; ``trials.json`` comes last."""

_ENDINGS = {
    "complete": N_("whole"),
    "patience": N_("no longer better"),
    "budget": N_("out of time"),
    "interrupted": N_("interrupted"),
    "pruned": N_("stopped early"),
}


@dataclass(frozen=True)
class Outcome:
    """How a trial went.

    Attributes:
        score: The best score on dev; of a short run, the last.
        share: How long it was, as a share of a whole run.
        seconds: How long it took, since it began or was last resumed.
        ended: Why it ended.
    """

    score: float
    share: float
    seconds: float
    ended: Ending

    def to_dict(self) -> dict[str, object]:
        """Return the fields as plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Trial:
    """Settings that a search tried.

    Attributes:
        number: Counted from 1; the first has the defaults.
        settings: The settings that were searched, as this trial had them.
        outcome: How its whole run went, or its short run where it had no other.
        short: How its short run went; None where the search was stopped before it.
    """

    number: int
    settings: dict[str, float | int]
    outcome: Outcome
    short: Outcome | None = None

    @property
    def first(self) -> bool:
        """Whether it is the one with the defaults."""
        return self.number == 1

    @property
    def whole(self) -> bool:
        """Whether it had more than a short run."""
        return self.outcome != self.short

    @property
    def kept(self) -> bool:
        """Whether it was not stopped early, so that there is a model of it."""
        return self.outcome.ended != "pruned"

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        short = None if self.short is None else self.short.to_dict()
        first = {"number": self.number, "settings": self.settings, "whole": self.whole}
        return {**first, **self.outcome.to_dict(), "short": short}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Trial:
        """Return the trial that `to_dict` wrote."""
        rest = {name: value for name, value in values.items() if name != "whole"}
        number, settings, short = rest.pop("number"), rest.pop("settings"), rest.pop("short", None)
        return cls(number, settings, Outcome(**rest), None if short is None else Outcome(**short))


class _Trials(Readable):
    """Trials that show themselves, the best first."""

    width: ClassVar[int] = 120

    trials: tuple[Trial, ...]
    metric: str

    @property
    def winner(self) -> Trial:
        """The trial that the best recipe comes from."""
        return best_of(self.trials)

    @property
    def gain(self) -> float:
        """How much better than the defaults the best trial is on dev."""
        return self.winner.outcome.score - self.trials[0].outcome.score

    def to_dict(self) -> dict[str, object]:
        """Return everything but model and recipe as plain values for JSON."""
        return {
            "metric": self.metric,
            "best": self.winner.number,
            "gain": self.gain,
            "trials": [trial.to_dict() for trial in self.trials],
        }

    def verdict(self) -> str:
        """Say how much better than the defaults the best trial is, and what that is worth."""
        best = self.winner
        if best.first:
            none = _("No trial is better on dev than the defaults ({metric} {score:.4f}).")
            return none.format(metric=self.metric, score=best.outcome.score)
        found = _("The best is trial {number}: dev {metric} {score:.4f}, {gain:+.4f} against the defaults.")
        worth = _(
            "The best of {count} on dev is partly luck, so expect less of it: only test, which nothing was chosen by, "
            "shows what was gained."
        )
        words = found.format(metric=self.metric, score=best.outcome.score, number=best.number, gain=self.gain)
        return joined(words, worth.format(count=len(self.trials)))

    def __rich__(self) -> RenderableType:
        return Group(self._table(), "", Text(self.verdict(), style="bold"))

    def _table(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        table.add_column(_("trial"), justify="right")
        dev = _("dev {metric}").format(metric=self.metric)
        for heading in (_("short run"), dev, _("of a run"), _("time")):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column(_("ended"), no_wrap=True)
        table.add_column(_("settings"), overflow="fold")
        ranked = sorted(self.trials, key=lambda one: (not one.kept, not one.whole, -one.outcome.score))
        for trial in ranked:
            table.add_row(*_cells(trial), style="bold green" if trial == self.winner else "")
        return table


@dataclass(frozen=True)
class Tried(_Trials):
    """What a search tried, without its model: that lies where it was made.

    Attributes:
        trials: All trials in their order; the first has the defaults.
        metric: The score on dev that they were chosen by.
    """

    trials: tuple[Trial, ...]
    metric: str

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Tried:
        """Return what `Search.to_dict` wrote."""
        return cls(tuple(Trial.from_dict(trial) for trial in values["trials"]), values["metric"])


@dataclass(frozen=True)
class Search(_Trials):
    """What came of a search.

    Printed by rich it has colours; ``str()`` is the same without; a notebook shows it by itself.

    Attributes:
        best: The recipe of the best trial; running it again gives the same model.
        model: The best model.
        trials: All trials in their order; the first has the defaults.
        metric: The score on dev that they were chosen by.
        folder: Where everything lies.
    """

    best: Recipe
    model: Model
    trials: tuple[Trial, ...]
    metric: str
    folder: Path

    @classmethod
    def load(cls, folder: Path) -> Search:
        """Return what came of the search that lies in ``folder``."""
        tried = Tried.from_dict(json.loads((folder / TRIALS).read_text(encoding="utf-8")))
        model = Model.load(folder / MODEL)
        return cls(Recipe.from_dict(model.manifest.recipe), model, tried.trials, tried.metric, folder)


def best_of(trials: tuple[Trial, ...]) -> Trial:
    """Return the best trial of those that there is a model of; the earlier of two that are equal."""
    return max((trial for trial in trials if trial.kept), key=lambda trial: trial.outcome.score)


def in_words(trial: Trial) -> str:
    """Return the settings of a trial as people read them."""
    if trial.first:
        return _("the defaults")
    return ", ".join(f"{name} {value:g}" for name, value in trial.settings.items())


def _cells(trial: Trial) -> list[str]:
    outcome = trial.outcome
    return [
        str(trial.number),
        "" if trial.short is None else f"{trial.short.score:.4f}",
        f"{outcome.score:.4f}" if trial.whole else "",
        f"{outcome.share:.0%}",
        duration(outcome.seconds),
        _(_ENDINGS[outcome.ended]) if trial.whole else _("short run only"),
        in_words(trial),
    ]
