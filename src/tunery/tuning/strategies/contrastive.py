"""``contrastive``: texts of one class draw together, then a linear head is fitted. For a handful of labels a class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from typing_extensions import override

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.tuning.strategies.base import Strategy

if TYPE_CHECKING:
    from tunery.tuning.run import Run

_FEW = 64
"""Examples a class up to which comparing texts may teach more than classifying them."""


class Contrastive(Strategy):
    """The layers learn on groups of labelled texts; the head is fitted on what they give."""

    name: ClassVar[str] = "contrastive"
    learning_rate: ClassVar[float] = 1e-4
    epochs: ClassVar[float] = 4

    @classmethod
    @override
    def offers(cls, run: Run) -> Iterable[tuple[Strategy, str]]:
        if few := _few_examples(run):
            yield cls(), _("only about {n} examples a label: comparing them teaches more").format(n=few)

    @override
    def expected_seconds(self, run: Run) -> float:
        tokens, dev_tokens = float(run.train.lengths.sum()), float(run.dev.lengths.sum())
        once = 1.3 * (tokens + dev_tokens) / run.speed.forward + 1.0  # One pass, and the fit of the head.
        start = once + tokens / run.speed.forward  # The probe, and what the first batches are laid out by.
        return start + (run.recipe.epochs or self.epochs) * (tokens / run.speed.learning + once)

    @override
    def fit(self, run: Run) -> None:
        from tunery.tuning.contrastive import ContrastiveTuner
        from tunery.tuning.training import start_head

        _check(run)
        for parameter in run.network.model.parameters():
            parameter.requires_grad = False
        for layer in run.network.layers:
            for parameter in layer.parameters():
                parameter.requires_grad = True
        start_head(run)
        ContrastiveTuner(run, self.epochs, self.learning_rate).tune()


def _few_examples(run: Run) -> int:
    """Return how many examples the label in the middle has, if those are few texts of one label each; else 0."""
    comparable = run.train[0].labels.dtype != np.float32 and bool(run.network.known_layers())
    alone = len(run.train[0].positions) == 0
    if not (comparable and alone) or not run.recipe.head_start or run.recipe.unfreeze:
        return 0
    counts = run.task.class_counts(run.train, run.network.outputs)
    typical = int(np.median(counts[counts > 0])) if counts.any() else 0
    return typical if typical <= _FEW else 0


def _check(run: Run) -> None:
    """Raise `SettingError` where texts don't fall into classes that exclude each other."""
    if run.task.name != "text-classification":
        raise SettingError(
            _("The strategy contrastive is for texts that have a label each, not for {task}.").format(
                task=run.task.name
            ),
            _("Use --strategy full, or last-n where time is short."),
        )
    if run.task.model_dump()["multi_label"]:
        raise SettingError(
            _("The strategy contrastive needs one label a text, and here a text can have several."),
            _("Use --strategy full, or probe where labels are few."),
        )
    if run.recipe.unfreeze or not run.recipe.head_start:
        raise SettingError(
            _("The strategy contrastive begins with a fitted head and lets all layers learn from the first step."),
            _("Leave unfreeze and head_start at their defaults."),
        )
