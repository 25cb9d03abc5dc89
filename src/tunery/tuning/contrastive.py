"""Tunes an encoder on groups of labelled texts: texts of one class draw together, those of others apart.

A handful of labels pulls an encoder far away from what it knew. The model that is measured and kept is therefore
halfway between the base model and what was learned, with a head fitted there, which answers better than either end
(Wortsman et al. 2022). Learning itself goes on from its own weights.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import get_scheduler

from tunery import progress
from tunery.i18n import _
from tunery.models import memory
from tunery.models.batching import batches_by_length, pad
from tunery.models.network import Network
from tunery.tasks.base import Encoding
from tunery.tuning import checkpoints, history
from tunery.tuning.dropout import quick
from tunery.tuning.grouping import batch_count, grouped_batches
from tunery.tuning.history import Point
from tunery.tuning.linear import fit_linear
from tunery.tuning.optimizer import parameter_groups
from tunery.types import Example

if TYPE_CHECKING:
    from tunery.tuning.run import Run

_TEMPERATURE = 0.07
"""What similarities are divided by (Khosla et al. 2020)."""
_PER_CLASS = 4
"""Texts of one class in a group."""
_GROUPS = 16
"""Groups in a batch; two may be of one class."""
_TOKENS = 512
"""Tokens, with padding, that go through the network at a time; a batch is put together from several such parts."""
_WIDTH = 768
"""Width of the base models that learning rates are stated for."""
_STRENGTH = 30.0
"""Inverse strength of the head's penalty, in the middle of what the probe tries."""
_WEIGHTS = "model.safetensors"
_STATE = "trainer_state.json"
"""Written last: a checkpoint that has it whole is whole."""


def contrastive_loss(vectors: Tensor, labels: Tensor, temperature: float = _TEMPERATURE) -> Tensor:
    """Return the supervised contrastive loss (Khosla et al. 2020, the form with the sum outside the logarithm).

    Args:
        vectors: Rows x features, of length 1.
        labels: Rows; texts with the same label belong together.
        temperature: What similarities are divided by.

    Returns:
        The mean over the rows that have a partner in the batch; 0 where none has.
    """
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    similar = (vectors @ vectors.T / temperature).masked_fill(itself, float("-inf"))
    partners = (labels[:, None] == labels[None, :]) & ~itself
    counts = partners.sum(dim=1)
    shares = (similar.logsumexp(dim=1, keepdim=True) - similar).masked_fill(~partners, 0.0)
    return (shares.sum(dim=1) / counts.clamp_min(1)).sum() / (counts > 0).sum().clamp_min(1)


@contextmanager
def halfway(parameters: list[Tensor], start: list[Tensor]) -> Iterator[None]:
    """Let parameters lie between where they began and where they are, within the block."""
    learned = [one.detach().clone() for one in parameters]
    with torch.no_grad():
        torch._foreach_lerp_(parameters, start, 0.5)
    try:
        yield
    finally:
        with torch.no_grad():
            torch._foreach_copy_(parameters, learned)


def in_words(label: str) -> str | None:
    """Return a label as words, ``card_arrival`` as "card arrival"; None where it is a number or a code."""
    words = re.sub(r"[\W_]+", " ", label).strip()
    if re.search(r"\d", words) or not re.search(r"[^\W\d_]{3}|[\u3400-\u9fff]{2}", words):
        return None
    return words


class ContrastiveTuner:
    """Tunes the encoder epoch by epoch; after each, the head is fitted anew and measured on dev.

    Args:
        run: The run; its network holds the best on dev when `tune` returns.
        epochs: How often train is gone through, where the recipe has no number.
        learning_rate: The highest learning rate, where the recipe has none.
    """

    def __init__(self, run: Run, epochs: float, learning_rate: float) -> None:
        self._run = run
        self._windows = [*run.train, *_names(run)]
        self._labels = np.concatenate([window.labels for window in self._windows]).astype(np.int64)
        recipe = run.recipe
        self._groups = _GROUPS if recipe.batch_size is None else max(2, recipe.batch_size // _PER_CLASS)
        per_epoch = batch_count(self._labels, self._groups, _PER_CLASS)
        self._steps = recipe.max_steps or max(1, round((recipe.epochs or epochs) * per_epoch))
        self._per_epoch = per_epoch
        self._rate = recipe.learning_rate or learning_rate * _WIDTH / run.network.width
        self._optimizer = _optimizer(run, self._rate)
        self._schedule = get_scheduler(
            "constant_with_warmup" if recipe.schedule == "constant" else recipe.schedule,
            self._optimizer, math.ceil(recipe.warmup * self._steps), self._steps,
        )  # fmt: skip
        self._learning: list[Tensor] = [one for one in run.network.model.parameters() if one.requires_grad]
        self._start = [one.detach().clone() for one in self._learning]
        self._batches: list[list[int]] = []
        """Those of the next epoch."""
        self._step = 0
        self._best = float("-inf")
        self._best_weights = run.work / "best"

    def tune(self) -> None:
        """Learn until the steps are made, dev gets no better, the time is up or Ctrl-C is pressed."""
        run = self._run
        checkpoint = checkpoints.last_complete(run.work) if run.resume else None
        if checkpoint is None:
            self._measure()
        else:
            self._go_on(checkpoint)
        memory.keep_freed()
        try:
            with quick(run.network.model), progress.bar(_("Tuning"), self._steps) as bar:
                bar.advance(self._step)
                while self._step < self._steps and run.ended == "complete":
                    self._epoch(bar)
        except KeyboardInterrupt:
            run.ended = "interrupted"
        run.steps = self._step
        # A budget becomes the number of steps that it came down to.
        steps = self._step if run.ended == "budget" else self._steps
        run.decided = {"learning_rate": self._rate, "budget": None, "epochs": None, "max_steps": steps}
        run.network.model.load_state_dict(load_file(self._best_weights / _WEIGHTS))

    def _epoch(self, bar: progress.Bar) -> None:
        network, losses = self._run.network, []
        for batch in self._batches[: self._steps - self._step]:
            network.model.train()
            for module in network.frozen_modules():
                nn.Module.eval(module)
            losses.append(self._update(batch))
            self._step += 1
            bar.advance()
            left = self._run.seconds_left
            if left is not None and left <= 0:
                self._run.ended = "budget"
                break
        self._tell(Point(self._step / self._per_epoch, loss=float(np.mean(losses))))
        self._measure()
        bar.say(f"loss {np.mean(losses):.3f} dev {self._run.task.metric} {self._best:.4f}")
        self._stop_when_nothing_helps()
        self._keep()

    def _update(self, batch: Sequence[int]) -> float:
        vectors = encode(self._run.network, [self._windows[number] for number in batch])
        loss = contrastive_loss(vectors, torch.from_numpy(self._labels[batch]).to(vectors.device))
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        if self._run.recipe.gradient_clipping:
            nn.utils.clip_grad_norm_(self._run.network.model.parameters(), self._run.recipe.gradient_clipping)
        self._optimizer.step()
        self._schedule.step()
        return float(loss.detach())

    def _measure(self) -> None:
        """Measure halfway, with a head fitted there, keep what is the best so far, and lay out the next epoch."""
        run = self._run
        with halfway(self._learning, self._start):
            features = self._features()
            if self._step:
                run.network.set_linear(*self._fitted_head(features))
            scores = run.dev_scores()
            if scores[run.task.metric] > self._best:
                self._best = scores[run.task.metric]
                _save(run.network, self._best_weights)
        self._tell(Point(self._step / self._per_epoch, scores=scores))
        seed = (run.recipe.seed, self._step // self._per_epoch)
        self._batches = grouped_batches(self._labels, features, self._groups, _PER_CLASS, seed)

    def _features(self) -> NDArray[np.float32]:
        """Return what the last linear layer is given for each text (texts x features)."""
        found = dict(self._run.network.features(self._windows))
        return np.concatenate([found[number] for number in range(len(found))])

    def _tell(self, point: Point) -> None:
        self._run.history.append(point)
        history.show(self._run.history, self._run.task.metric)

    def _fitted_head(self, features: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
        run = self._run
        return fit_linear(
            run.task, torch.from_numpy(features), torch.from_numpy(self._labels), outputs=run.network.outputs,
            strength=_STRENGTH, settings=run.loss_settings, biased=run.network.biased,
        )  # fmt: skip

    def _stop_when_nothing_helps(self) -> None:
        measured = [point.scores[self._run.task.metric] for point in self._run.history if point.scores]
        patience = self._run.recipe.patience
        if patience and len(measured) - 1 - measured.index(max(measured)) >= patience and self._step < self._steps:
            self._run.ended = "patience"

    def _keep(self) -> None:
        """Write a checkpoint: killed from here on, the run goes on with the next epoch, to the same bits."""
        run, folder = self._run, self._run.work / f"checkpoint-{self._step}"
        folder.mkdir(exist_ok=True)
        _save(run.network, folder)
        checkpoints.save_optimizer(self._optimizer, self._schedule.state_dict(), folder)
        checkpoints.save_random_state(folder)
        curves = [(point.epoch, point.loss, point.scores) for point in run.history]
        state = {
            "step": self._step, "best": self._best, "ended": run.ended, "curves": curves, "batches": self._batches
        }  # fmt: skip
        (folder / _STATE).write_text(json.dumps(state), encoding="utf-8")
        for older in run.work.glob("checkpoint-*"):
            if older != folder:
                shutil.rmtree(older)

    def _go_on(self, folder: Path) -> None:
        run, state = self._run, json.loads((folder / _STATE).read_text(encoding="utf-8"))
        run.network.model.load_state_dict(load_file(folder / _WEIGHTS))
        schedule = checkpoints.load_optimizer(self._optimizer, folder)
        self._schedule.load_state_dict({**self._schedule.state_dict(), **schedule})
        checkpoints.load_random_state(folder)
        self._step, self._best, run.ended = state["step"], state["best"], state["ended"]
        self._batches = state["batches"]
        run.history = [Point(epoch, loss, scores) for epoch, loss, scores in state["curves"]]


def encode(network: Network, windows: Sequence[Encoding]) -> Tensor:
    """Return what the last linear layer is given for each window (windows x features), scaled to length 1.

    The windows go through the network in parts of like length, so that hardly any padding is computed.
    """
    seen: list[Tensor] = []
    order: list[int] = []
    hook = network.linear.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    try:
        for part in batches_by_length([len(window) for window in windows], _TOKENS):
            network.model(**pad([windows[number] for number in part], network.pad_id, network.device))
            order += part
    finally:
        hook.remove()
    return normalize(torch.cat(seen), dim=1)[torch.from_numpy(np.argsort(order)).to(network.device)]


def _names(run: Run) -> list[Encoding]:
    """Return the labels themselves as texts: where they are words, they say what a class means."""
    texts = {label: in_words(label) for label in run.labels}
    examples = [Example(words, label) for label, words in texts.items() if words is not None]
    return run.task.encode(examples, run.answerer.encoder, run.labels)


def _optimizer(run: Run, rate: float) -> torch.optim.Optimizer:
    model = run.network.model
    decaying = [name for name, parameter in model.named_parameters() if parameter.dim() > 1]
    groups = parameter_groups(run.network, run.recipe, rate, decaying)
    if run.recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=0.9)
    return torch.optim.AdamW(groups, fused=True)


def _save(network: Network, folder: Path) -> None:
    """Write the weights, whole or not at all."""
    folder.mkdir(exist_ok=True)
    part = folder / f"{_WEIGHTS}.part"
    save_file({name: value.contiguous() for name, value in network.model.state_dict().items()}, part)
    part.replace(folder / _WEIGHTS)
