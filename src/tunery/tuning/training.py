"""Learning by gradient descent: transformers' Trainer with our batches, loss, measurements and checkpoints."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainingArguments
from typing_extensions import override

from tunery.i18n import _
from tunery.models import memory
from tunery.models.base import quiet
from tunery.tasks.loss import IGNORED
from tunery.tuning import checkpoints, frozen
from tunery.tuning.batches import Windows, collate
from tunery.tuning.callbacks import BatchOrder, Budget, Measurements, Patience, Progress, Start, Watch
from tunery.tuning.dropout import quick
from tunery.tuning.history import points_of
from tunery.tuning.linear import fit_probe, sample_rows
from tunery.tuning.optimizer import Unfreezing, parameter_groups
from tunery.tuning.rows import RowAdamW, Rows, clip, rows_of
from tunery.tuning.schedule import Plan, make_plan

if TYPE_CHECKING:
    from tunery.tuning.run import Run


_PROBE_ROWS, _PROBE_TOKENS = 4000, 120_000
"""What the probe before tuning is fitted on, at most: more would cost time and change little."""
_PROBE_SHARE = 0.1
"""Share of a budget that it may take."""
_TEMPERATURE = 5.0
"""What the logits of the head start are divided by before layers learn beneath it."""


def train(run: Run) -> None:
    """Tune what may learn of ``run.network`` and leave the best weights found in it.

    Stopped by Ctrl-C it keeps the best so far; resumed it goes on from the last whole checkpoint.
    """
    for parameter in run.network.fixed_parameters():
        parameter.requires_grad = False
    checkpoint = checkpoints.last_complete(run.work) if run.resume else None
    frozen.keep(run)
    start_head(run)
    start = None if checkpoint or run.brief else _measure_start(run)
    soften_head(run)
    plan = make_plan(run, start.seconds if start else 0.0)
    run.decided = plan.decided(run.recipe)
    trainer = _Trainer(run, plan, start)
    memory.keep_freed()
    try:
        with quick(run.network.model), trainer.reading():
            trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    except KeyboardInterrupt:
        run.ended = "interrupted"
        trainer.restore_best()
    finally:
        trainer.progress.close()
        run.steps = trainer.state.global_step
        run.history = list(points_of(trainer.state.log_history))


def start_head(run: Run) -> None:
    """Fit the linear probe on the frozen base: it is the "before" of reports, and a head start for what learns.

    A head that already answers sensibly does not tear up the layers below in its first steps (Kumar et al. 2022).
    """
    budget = run.recipe.budget
    sample = sample_rows(run.train, _PROBE_ROWS, _PROBE_TOKENS)
    weight, bias = fit_probe(run, sample, None if budget is None else budget * _PROBE_SHARE)
    if run.recipe.head_start:
        run.network.set_linear(weight, bias)


def soften_head(run: Run) -> None:
    """Shrink the head start where layers learn beneath it; its answers stay, only less sure.

    A head that was fitted to its optimum has large weights. The least move of the layers is then enough to fit the
    labels, so they learn little (Tomihari & Sato 2024), and a step of the usual size throws the answers about.
    """
    if run.recipe.head_start and run.network.learns_below_head():
        run.network.divide_logits(_TEMPERATURE)


def _measure_start(run: Run) -> Start:
    """Measure the model before anything but its head has learned; it stays the best until training beats it."""
    started = time.monotonic()
    scores = run.dev_scores()
    seconds = time.monotonic() - started
    folder = run.work / "start"
    with quiet():
        run.network.model.save_pretrained(folder)
    return Start(scores, folder, seconds, round(time.monotonic() - run.started, 3))


class _Trainer(Trainer):
    """The library's trainer with Tunery's batches, loss, measurements and checkpoints."""

    def __init__(self, run: Run, plan: Plan, start: Start | None) -> None:
        self._run = run
        self._loss_settings = run.loss_settings
        self._sampler = plan.sampler
        self._windows = Windows(run.train)
        self._frozen = run.network.frozen_modules()
        self._parts = 1
        self._share = 1.0
        self._rows = _rows(run, plan)
        self.progress = Progress(plan.steps, run.task.metric)
        super().__init__(
            model=run.network.model,
            args=_arguments(run, plan),
            train_dataset=self._windows,
            eval_dataset=[None],  # Measured by `evaluate` below, which has the examples.
            callbacks=[
                BatchOrder(plan.sampler),
                Measurements(plan, start, run),
                Patience(run),
                Watch(run),
                Budget(run),
                self.progress,
            ],
        )
        self.model_accepts_loss_kwargs = False
        self.remove_callback(PrinterCallback)
        if run.recipe.unfreeze:
            self.add_callback(Unfreezing(run.network, math.ceil(run.recipe.unfreeze * plan.steps), self._frozen))

    @override
    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        if self.optimizer is None:
            decaying = self.get_decay_parameter_names(self._run.network.model)
            kind, options = self.get_optimizer_cls_and_kwargs(self.args)
            groups = parameter_groups(self._run.network, self._run.recipe, self.args.learning_rate, decaying)
            self.optimizer = kind(groups, **options) if self._rows is None else RowAdamW(groups, self._rows, **options)
        return cast(torch.optim.Optimizer, self.optimizer)

    def reading(self) -> AbstractContextManager[None]:
        """Let the words' vectors be learned as they are read, where that is worth while."""
        return nullcontext() if self._rows is None else self._rows.reading()

    @override
    def _clip_grad_norm(self, model: nn.Module) -> torch.Tensor:
        if self._run.network.device.type != "cpu":
            return cast(torch.Tensor, super()._clip_grad_norm(model))  # type: ignore[no-untyped-call]
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        return clip([*gradients, *(self._rows.gradients if self._rows else ())], self.args.max_grad_norm)

    @override
    def get_train_dataloader(self) -> DataLoader[Any]:
        loader: DataLoader[Any] = DataLoader(
            self._windows,
            batch_sampler=self._sampler,
            collate_fn=functools.partial(collate, pad_id=self._run.network.pad_id),
        )
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    @override
    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Learn from a batch, in as many parts as memory asks for; the gradient is that of the whole batch."""
        while True:
            try:
                return self._in_parts(model, inputs)
            except RuntimeError as error:
                if self._parts >= len(inputs["labels"]) or not memory.ran_out(error):
                    raise
            model.zero_grad()
            if self._rows is not None:
                self._rows.forget()
            memory.give_back()
            self._parts *= 2
            self.progress.tell(
                _("Memory ran out: batches are learned from in {n} parts now, with the same result.").format(
                    n=self._parts
                )
            )

    def _in_parts(self, model: nn.Module, inputs: dict[str, Any]) -> torch.Tensor:
        rows = len(inputs["labels"])
        whole = self._weight(inputs["labels"])
        losses = []
        for chosen in torch.arange(rows).chunk(self._parts):
            part = {name: value[chosen[0] : chosen[-1] + 1] for name, value in inputs.items()}
            self._share = self._weight(part["labels"]) / whole
            losses.append(super().training_step(model, part))
        return torch.stack(losses).sum()

    def _weight(self, labels: torch.Tensor) -> float:
        """Return how much a batch counts in the mean that its loss is."""
        if labels.is_floating_point():
            return float(len(labels))
        known = labels[labels != IGNORED]
        weights = self._loss_settings.class_weights
        return max(
            float(len(known) if weights is None else known.new_tensor(weights, dtype=torch.float32)[known].sum()), 1e-9
        )

    @override
    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:  # fmt: skip
        for module in self._frozen:
            nn.Module.eval(module)
        batch = dict(inputs)
        labels = batch.pop("labels")
        logits = self._run.network.forward(batch, model)
        loss = self._run.task.loss(logits, {"labels": labels}, self._loss_settings) * self._share
        return (loss, logits) if return_outputs else loss

    @override
    def evaluate(self, *_args: object, **_kwargs: object) -> dict[str, float]:
        scores = self._run.dev_scores()
        self._run.network.model.train()
        found = {f"eval_{name}": value for name, value in scores.items()}
        self.log({**found, "seconds": round(time.monotonic() - self._run.started, 3)})
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, found)
        return found

    def restore_best(self) -> None:
        """Put the best weights measured so far back, if anything was measured."""
        if self.state.best_model_checkpoint is not None:
            self._load_best_model()

    @override
    def _save(self, output_dir: str | None = None, state_dict: Mapping[str, Any] | None = None) -> None:
        if self._rows is not None:
            self._rows.catch_up()
        with quiet():
            self._run.network.model.save_pretrained(output_dir or str(self._run.work))

    @override
    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if self.args.should_save:
            checkpoints.save_optimizer(self._plain_optimizer(), self._schedule().state_dict(), Path(output_dir))

    @override
    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            state = checkpoints.load_optimizer(self._plain_optimizer(), Path(checkpoint))
            self._schedule().load_state_dict({**self._schedule().state_dict(), **state})

    @override
    def _save_rng_state(self, output_dir: str) -> None:
        checkpoints.save_random_state(Path(output_dir), self.args.process_index)

    @override
    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            checkpoints.load_random_state(Path(checkpoint), self.args.process_index)

    def _plain_optimizer(self) -> torch.optim.Optimizer:
        # Accelerate wraps the optimiser; its state is the plain one's.
        return cast(torch.optim.Optimizer, getattr(self.optimizer, "optimizer", self.optimizer))

    def _schedule(self) -> torch.optim.lr_scheduler.LRScheduler:
        assert self.lr_scheduler is not None  # noqa: S101 - made before the first step
        return self.lr_scheduler

    @override
    def _save_scaler(self, output_dir: str) -> None:
        """Nothing: bfloat16 and float32 need no gradient scaler."""


def _rows(run: Run, plan: Plan) -> Rows | None:
    """Return the rows of the words' vectors, where learning them one by one is worth while."""
    learning = [parameter for parameter in run.network.model.parameters() if parameter.requires_grad]
    embedding = run.network.model.get_input_embeddings()
    return rows_of(embedding, learning, plan.batch_tokens) if run.recipe.optimizer == "adamw" else None


def _arguments(run: Run, plan: Plan) -> TrainingArguments:
    recipe = run.recipe
    gpu = run.network.device.type == "cuda"
    return TrainingArguments(
        output_dir=str(run.work),
        max_steps=plan.steps,
        learning_rate=plan.learning_rate,
        lr_scheduler_type={"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}[recipe.schedule],
        warmup_steps=math.ceil(recipe.warmup * plan.steps),
        optim="sgd" if recipe.optimizer == "sgd" else "adamw_torch_fused",
        optim_args="momentum=0.9" if recipe.optimizer == "sgd" else None,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.gradient_clipping,
        bf16=gpu and torch.cuda.is_bf16_supported(),
        use_cpu=run.network.device.type == "cpu",
        eval_strategy="no" if run.brief else "steps",
        eval_steps=plan.measure_steps,
        save_strategy="no" if run.brief else "steps",
        save_steps=plan.measure_steps,
        save_total_limit=2,
        load_best_model_at_end=not run.brief,
        metric_for_best_model=run.task.metric,
        greater_is_better=True,
        logging_steps=max(1, min(20, plan.steps // 20)),
        disable_tqdm=True,
        report_to=[],
        remove_unused_columns=False,
        dataloader_pin_memory=gpu,
        seed=recipe.seed,
        log_level="error",
    )
