"""What happens between the steps of a run: order, measurements, early stopping, budget, progress."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from typing_extensions import override

from tunery import progress
from tunery.i18n import _
from tunery.tuning import history
from tunery.tuning.batches import TokenBudgetSampler

if TYPE_CHECKING:
    from tunery.tuning.run import Run
    from tunery.tuning.schedule import Plan

_ALMOST = 1e-6
"""Epochs are fractions; this much short of a whole one is a whole one."""


class BatchOrder(TrainerCallback):
    """Gives every epoch its own order, the same again after a resume."""

    def __init__(self, sampler: TokenBudgetSampler) -> None:
        self._sampler = sampler

    @override
    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._sampler.set_epoch(int((state.epoch or 0.0) + _ALMOST))


@dataclass(frozen=True)
class Start:
    """The model before training.

    Attributes:
        scores: Its scores on dev.
        folder: Where its weights are kept.
        seconds: How long measuring took.
        reached: How long the run had been going on by then.
    """

    scores: dict[str, float]
    folder: Path
    seconds: float
    reached: float


class Measurements(TrainerCallback):
    """Begins with what there was before training, and measures after the last step wherever the interval ends."""

    def __init__(self, plan: Plan, start: Start | None, run: Run) -> None:
        self._plan = plan
        self._start = start
        self._metric = run.task.metric
        self._keeps = not run.brief

    @override
    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._start is not None:
            scores = {f"eval_{name}": value for name, value in self._start.scores.items()}
            state.log_history.append({**scores, "epoch": 0.0, "step": 0, "seconds": self._start.reached})
            state.best_metric = self._start.scores[self._metric]
            state.best_model_checkpoint = str(self._start.folder)

    @override
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.global_step >= self._plan.steps:
            control.should_evaluate = True
            control.should_save = self._keeps


class Patience(TrainerCallback):
    """Stops when dev has not become better for a while; worked out from the curves, so a resume knows it too.

    What was measured while the learning rate still rose doesn't count: dev may go down first, because a head that was
    fitted to the base model has to follow what the layers learn.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    @override
    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        patience, metric = self._run.recipe.patience, f"eval_{self._run.task.metric}"
        found = [(entry["step"], entry[metric]) for entry in state.log_history if metric in entry]
        scores = [score for _step, score in found]
        rising = sum(step <= args.warmup_steps for step, _score in found)
        waited = len(found) - max(rising, scores.index(max(scores)) + 1)
        if patience and waited >= patience and state.global_step < state.max_steps:
            control.should_training_stop = True
            self._run.ended = "patience"


class Watch(TrainerCallback):
    """Asks whoever watches several runs whether this one is worth going on with."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @override
    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl,
        metrics: dict[str, float] | None = None, **_: Any,
    ) -> None:  # fmt: skip
        watch, metric = self._run.watch, f"eval_{self._run.task.metric}"
        if watch is None or metrics is None:
            return
        stop = watch(state.global_step / state.max_steps, metrics[metric])
        if stop and state.global_step < state.max_steps and self._run.ended == "complete":
            control.should_training_stop = True
            self._run.ended = "pruned"


class Budget(TrainerCallback):
    """Stops when the time is up, after a last measurement, however slow the machine has become."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @override
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        left = self._run.seconds_left
        if left is not None and left <= 0:
            control.should_evaluate = True
            control.should_save = True
            control.should_training_stop = True
            self._run.ended = "budget"


class Progress(TrainerCallback):
    """Shows the loss, the score on dev and the time left."""

    def __init__(self, steps: int, metric: str) -> None:
        self._metric = metric
        self._bar = progress.Bar(_("Tuning"), steps)
        self._loss = ""
        self._score = ""

    def tell(self, words: str) -> None:
        """Show a line that stays."""
        self._bar.tell(words)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()

    @override
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._bar.advance(state.global_step - self._bar.done)

    @override
    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl,
        logs: dict[str, float] | None = None, **_: Any,
    ) -> None:  # fmt: skip
        values = logs or {}
        if "loss" in values:
            self._loss = f"loss {values['loss']:.3f}"
        if (score := values.get(f"eval_{self._metric}")) is not None:
            self._score = f"dev {self._metric} {score:.4f}"
        self._bar.say(f"{self._loss} {self._score}".strip())
        history.show(list(history.points_of(state.log_history)), self._metric)
