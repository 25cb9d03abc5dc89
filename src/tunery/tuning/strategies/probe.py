"""``probe``: a linear model on frozen features, fitted to its optimum. Seconds, and hard to beat with few labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tunery.i18n import _
from tunery.tuning.strategies.base import Strategy

if TYPE_CHECKING:
    from tunery.tuning.run import Run


class Probe(Strategy):
    """A linear model on the frozen base."""

    name: ClassVar[str] = "probe"
    learning_rate: ClassVar[float] = 0.0
    epochs: ClassVar[float] = 1

    @classmethod
    @override
    def offers(cls, run: Run) -> Iterable[tuple[Strategy, str]]:
        # Frozen features of most base models know little of where a name begins.
        if len(run.train[0].positions) == 0:
            yield cls(), _("a usable model in seconds")

    @override
    def expected_seconds(self, run: Run) -> float:
        tokens = int(run.train.lengths.sum()) + int(run.dev.lengths.sum())
        return 1.3 * tokens / run.speed.forward + 1.0  # One pass, and the fit, which takes a share of it.

    @override
    def fit(self, run: Run) -> None:
        from tunery.tuning.history import Point
        from tunery.tuning.linear import fit_probe

        run.network.set_linear(*fit_probe(run, run.train))
        run.history.append(Point(1.0, scores=run.dev_scores()))
