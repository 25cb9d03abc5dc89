"""How long a run is: epochs or steps from the recipe, or what fits the budget at this machine's speed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from tunery.sources.cache import put_text
from tunery.tuning.batches import TokenBudgetSampler, collate

if TYPE_CHECKING:
    from tunery.models.network import Network
    from tunery.tuning.recipe import Recipe
    from tunery.tuning.run import Run
    from tunery.tuning.strategies.base import Strategy

_WIDTH = 768
"""Width of the base models that strategies state their learning rates for; narrower ones bear larger steps."""
_STEPS_PER_EPOCH = 200
"""Batches that an epoch of little data is cut into, down to `_SMALLEST_BATCH`."""
_LARGEST_BATCH = 1024
_SMALLEST_BATCH = 256
_FEWEST_STEPS = 300
"""Updates without which little data is not learned, whatever the number of epochs."""
_MOST_EPOCHS = 30
_SAMPLED = 6
"""Batches timed to learn this machine's speed."""
_MARGIN = 0.93
"""Share of the remaining budget that is planned for: machines slow down."""
_KEPT = "plan.json"
"""The plan, among an interrupted run's files."""


@dataclass(frozen=True)
class Plan:
    """How long a run is.

    Attributes:
        sampler: The batches.
        learning_rate: The highest learning rate.
        batch_tokens: Tokens in a batch, padding included.
        steps: How many updates are made.
        measure_steps: How many updates lie between measurements on dev.
    """

    sampler: TokenBudgetSampler
    learning_rate: float
    batch_tokens: int
    steps: int
    measure_steps: int

    def decided(self, recipe: Recipe) -> dict[str, object]:
        """Return the settings that the recipe left open, as they were decided; a budget becomes a number of steps."""
        found: dict[str, object] = {"learning_rate": self.learning_rate, "batch_tokens": self.batch_tokens}
        if recipe.budget is not None:
            return {**found, "budget": None, "epochs": None, "max_steps": self.steps}
        if recipe.max_steps is None:
            found["epochs"] = round(self.steps / len(self.sampler), 4)
        return found


def make_plan(run: Run, dev_seconds: float) -> Plan:
    """Return the plan for a run; with a budget, after timing a few batches.

    Args:
        run: The run.
        dev_seconds: How long a measurement on dev takes.
    """
    recipe = run.recipe
    sampler = batches(run)
    steps = recipe.max_steps or wanted_steps(run, recipe.strategy, len(sampler))
    if recipe.budget is not None and recipe.max_steps is None:
        steps = _within_budget(run, sampler, steps, dev_seconds)
    measure = max(1, round(recipe.measure_every * len(sampler)))
    return Plan(sampler, learning_rate(run), sampler.max_tokens, steps, min(measure, steps))


def learning_rate(run: Run) -> float:
    """Return the highest learning rate: the recipe's, or the strategy's for a base model of this width."""
    return run.recipe.learning_rate or run.recipe.strategy.learning_rate * _WIDTH / run.network.width


def batches(run: Run) -> TokenBudgetSampler:
    """Return the batches of a run."""
    recipe = run.recipe
    tokens = recipe.batch_tokens or batch_tokens(int(run.train.lengths.sum()))
    return TokenBudgetSampler(run.train.lengths, tokens, recipe.batch_size, recipe.seed)


def batch_tokens(total: int) -> int:
    """Return a good number of tokens for a batch when an epoch has ``total``: little data needs small batches."""
    return int(np.clip(total // _STEPS_PER_EPOCH, _SMALLEST_BATCH, _LARGEST_BATCH))


def wanted_steps(run: Run, strategy: Strategy, per_epoch: int) -> int:
    """Return how many updates a strategy makes when nothing ends it sooner."""
    epochs = run.recipe.epochs
    if epochs is None:
        epochs = usual_epochs(type(strategy), per_epoch)
    return max(1, round(epochs * per_epoch))


def usual_epochs(strategy: type[Strategy], per_epoch: float) -> float:
    """Return how many epochs a strategy takes where the recipe says nothing: more where an epoch has few batches."""
    return max(strategy.epochs, min(_MOST_EPOCHS, _FEWEST_STEPS / per_epoch))


def _within_budget(run: Run, sampler: TokenBudgetSampler, wanted: int, dev_seconds: float) -> int:
    """Return how many of the updates fit the budget; a resumed run keeps to what was planned when it began."""
    kept = run.work / _KEPT
    if run.resume and kept.is_file():
        return int(json.loads(kept.read_text(encoding="utf-8"))["steps"])
    steps = min(wanted, _affordable(run, sampler, (run.seconds_left or 0.0) * _MARGIN, dev_seconds))
    put_text(json.dumps({"steps": steps}), kept)
    return steps


def _affordable(run: Run, sampler: TokenBudgetSampler, seconds: float, dev_seconds: float) -> int:
    """Return how many updates, with the measurements on dev between them, fit into ``seconds``."""
    step = _seconds_per_step(run, sampler)
    per_epoch = step * len(sampler) + dev_seconds / run.recipe.measure_every
    # One measurement at the end and one for calibration come on top.
    return max(1, int((seconds - 2 * dev_seconds) / per_epoch * len(sampler)))


def _seconds_per_step(run: Run, sampler: TokenBudgetSampler) -> float:
    """Time forward and backward of some batches; weights and random state stay as they are."""
    batches = list(sampler)
    batches.sort(key=lambda batch: int(run.train.lengths[batch[0]]))
    chosen = [batches[number] for number in np.linspace(0, len(batches) - 1, _SAMPLED + 1).astype(int)]
    model, settings = run.network.model, run.loss_settings
    model.train()
    times: list[float] = []
    update = optimizer_seconds(run.network, sum(p.numel() for p in model.parameters() if p.requires_grad))
    with torch.random.fork_rng():
        for batch in [chosen[len(chosen) // 2], *chosen]:
            inputs = dict(collate([run.train[number] for number in batch], run.network.pad_id))
            inputs = {name: value.to(run.network.device) for name, value in inputs.items()}
            labels = inputs.pop("labels")
            started = time.perf_counter()
            loss = run.task.loss(run.network.forward(inputs), {"labels": labels}, settings)
            torch.autograd.backward(loss)
            times.append(time.perf_counter() - started + update)
    model.zero_grad(set_to_none=True)
    return float(np.mean(times[1:]))


def optimizer_seconds(network: Network, learning: int) -> float:
    """Return a rough time for one update of ``learning`` weights: it reads and writes each a few times."""
    return learning * (2.0e-9 if network.device.type == "cpu" else 2.0e-11)
