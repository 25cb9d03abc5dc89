"""``auto``: looks at data, base model and machine, plans, and goes on only while dev says that it pays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tunery import progress
from tunery.i18n import _
from tunery.sources.cache import put_text
from tunery.tuning.strategies.base import Gradient, Strategy

if TYPE_CHECKING:
    from tunery.tuning.planning import Stage
    from tunery.tuning.run import Run

_FIRST_SHARE = 0.25
"""Share of the budget that the first model may take."""
_FEWEST_EPOCHS = 1.0
"""Epochs below which a strategy is not worth starting."""
_ENOUGH = 0.999
"""A score that nothing can better."""
_PLAN = "stages.json"
"""The strategies that were planned, among an interrupted run's files."""


class Auto(Strategy):
    """The strategies that fit data, machine and time, one after the other; the best on dev is kept."""

    name: ClassVar[str] = "auto"
    learning_rate: ClassVar[float] = 5e-5
    epochs: ClassVar[float] = 4

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
    """Yield what to try, the cheapest first, and why.

    Of what strategies offer that learn step by step, only the one that lets most of the base model learn and still gets
    through the data in time.
    """
    from tunery.tuning.strategies import available, get_class

    left = run.seconds_left
    offers = [offer for name in available() for offer in get_class(name).offers(run)]
    quick = sorted(
        (offer for offer in offers if not isinstance(offer[0], Gradient)),
        key=lambda offer: offer[0].expected_seconds(run),
    )
    deep = [
        (strategy.weights(run.network), strategy, why)
        for strategy, why in offers
        if isinstance(strategy, Gradient) and (left is None or strategy.epoch_seconds(run) * _FEWEST_EPOCHS < left)
    ]
    deepest = max(deep, key=lambda one: one[0]) if deep else None
    if quick and (left is None or quick[0][0].expected_seconds(run) < left * _FIRST_SHARE):
        yield quick[0]
        yield from _in_time(run, quick, deepest[1] if deepest else None)
    elif deepest is None:
        yield get_class("probe")(), _("the budget is too short for more")
    if deepest:
        yield deepest[1:]


def _in_time(run: Run, quick: list[tuple[Strategy, str]], deepest: Gradient | None) -> Iterator[tuple[Strategy, str]]:
    """Yield what to try after the first, as far as it leaves time for ``deepest`` to get through the data."""
    left = run.seconds_left
    taken = quick[0][0].expected_seconds(run) + (deepest.epoch_seconds(run) * _FEWEST_EPOCHS if deepest else 0.0)
    for strategy, why in quick[1:]:
        taken += strategy.expected_seconds(run)  # They come by their time: where one doesn't fit, the next doesn't.
        if left is None or taken < left:
            yield strategy, why


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
