"""``auto``: looks at data, base model and machine, plans, and goes on only while dev says that it pays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from typing_extensions import override

from tunery import progress
from tunery.i18n import _
from tunery.sources.cache import put_text
from tunery.tuning.strategies.base import Strategy
from tunery.tuning.strategies.contrastive import Contrastive
from tunery.tuning.strategies.full import Full
from tunery.tuning.strategies.head import Head
from tunery.tuning.strategies.last_n import LastN
from tunery.tuning.strategies.probe import Probe

if TYPE_CHECKING:
    from tunery.tuning.planning import Stage
    from tunery.tuning.run import Run

_FEW = 32
"""Examples a class up to which comparing texts may teach more than classifying them."""
_FEWEST_EPOCHS = 1.0
"""Epochs below which a strategy is not worth starting."""
_ENOUGH = 0.999
"""A score that nothing can better."""
_PLAN = "stages.json"
"""The strategies that were planned, among an interrupted run's files."""


class Auto(Strategy):
    """The strategies that fit data, machine and time, one after the other; the best on dev is kept."""

    name: ClassVar[str] = "auto"
    learning_rate: ClassVar[float] = Full.learning_rate
    epochs: ClassVar[float] = Full.epochs

    @override
    def stages(self, run: Run) -> Iterator[Stage]:
        from tunery.tuning.planning import Stage

        left = run.seconds_left
        for strategy, why in _candidates(run):
            seconds = strategy.expected_seconds(run)
            if left is not None:
                seconds = min(seconds, left)
                left -= seconds
            yield Stage(strategy, seconds, why)

    @override
    def expected_seconds(self, run: Run) -> float:
        return sum(stage.seconds for stage in self.stages(run))

    @override
    def fit(self, run: Run) -> None:
        from tunery.tuning.planning import make_run_plan

        chosen = _kept_plan(run.work) if run.resume else None
        if chosen is None:
            plan = make_run_plan(run)
            progress.tell(str(plan))
            chosen = [(stage.strategy.name, stage.strategy.model_dump()) for stage in plan.stages]
            put_text(json.dumps(chosen), run.work / _PLAN)
        _carry_out(run, chosen)


def _candidates(run: Run) -> Iterator[tuple[Strategy, str]]:
    """Yield what to try, the cheapest first, and why."""
    left = run.seconds_left
    deep = _deepest(run)
    few = _few_examples(run)
    if len(run.train[0].positions) == 0 and (left is None or Probe().expected_seconds(run) < left / 4):
        yield Probe(), _("a usable model in seconds")
        if few:
            yield Contrastive(), _("only about {n} examples a label: comparing them teaches more").format(n=few)
    elif deep is None:
        yield Probe(), _("the budget is too short for more")
    if deep is not None:
        words = _("the whole base model learns: best where labels and time allow it")
        yield deep, words if isinstance(deep, Full) else _("the most of the base model that the budget allows to learn")


def _few_examples(run: Run) -> int:
    """Return how many examples the label in the middle has, if those are few texts of one label each; else 0."""
    comparable = run.train[0].labels.dtype != np.float32 and bool(run.network.known_layers())
    if not comparable or not run.recipe.head_start or run.recipe.unfreeze:
        return 0
    counts = run.task.class_counts(run.train, run.network.outputs)
    typical = int(np.median(counts[counts > 0])) if counts.any() else 0
    return typical if typical <= _FEW else 0


def _deepest(run: Run) -> Strategy | None:
    """Return the strategy that lets most of the base model learn and still gets through the data in time."""
    left = run.seconds_left
    layers = len(run.network.known_layers())
    for strategy in (Full(), *(LastN(layers=count) for count in range(layers - 1, 0, -1)), Head()):
        if left is None or strategy.epoch_seconds(run) * _FEWEST_EPOCHS < left:
            return strategy
    return None


def _kept_plan(work: Path) -> list[tuple[str, dict[str, object]]] | None:
    """Return the strategies that an interrupted run had planned."""
    try:
        return [(name, settings) for name, settings in json.loads((work / _PLAN).read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return None


def _carry_out(run: Run, chosen: list[tuple[str, dict[str, object]]]) -> None:
    """Run one strategy after the other, each from the base model, and leave the best in ``run``."""
    from tunery.tuning.run import RESULT
    from tunery.tuning.strategies import get_class

    scores: dict[Path, float] = {}
    for name, settings in chosen:
        work = run.work / name
        if not (work / RESULT).is_file():
            _attempt(run, get_class(name).model_validate(settings), work)
        result = json.loads((work / RESULT).read_text(encoding="utf-8"))
        scores[work] = float(result["score"])
        words = _("{strategy}: dev {metric} {score:.4f}")
        progress.tell(words.format(strategy=name, metric=run.task.metric, score=scores[work]))
        out_of_time = run.seconds_left is not None and run.seconds_left <= 0
        if result["ended"] == "interrupted" or scores[work] >= _ENOUGH or out_of_time:
            break
    run.take_over(max(scores, key=lambda work: scores[work]))


def _attempt(run: Run, strategy: Strategy, work: Path) -> None:
    """Carry out one strategy from the base model and write what came of it."""
    work.mkdir(exist_ok=True)
    attempt = run.again(strategy, work)
    strategy.fit(attempt)
    for path in work.glob("checkpoint-*"):
        shutil.rmtree(path)
    attempt.write_result(work)
