"""One execution of a recipe on a data set: from labelled examples to a model folder."""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file, load_model, save_file
from torch import Tensor
from transformers import set_seed

from tunery.data.dataset import Dataset
from tunery.errors import DataError, ModelError, Problem, SettingError
from tunery.i18n import _
from tunery.models import learned
from tunery.models.base import Base, load_base, quiet
from tunery.models.card import model_card
from tunery.models.devices import place
from tunery.models.manifest import NAME, Calibration, Manifest, Origin
from tunery.models.model import PROBE, Answerer, Model
from tunery.models.network import Network
from tunery.sources.cache import put_text
from tunery.tasks.base import LossSettings, Task
from tunery.tasks.scoring import scores_of
from tunery.tuning.calibration import calibrate
from tunery.tuning.curves import draw_curves, save_curves
from tunery.tuning.encoded import Encodings, encode
from tunery.tuning.history import Point
from tunery.tuning.linear import HeadStarts
from tunery.tuning.planning import RunPlan, make_run_plan
from tunery.tuning.recipe import Recipe
from tunery.tuning.speed import Speed, measure_speed
from tunery.tuning.strategies import Strategy, get_class
from tunery.types import Example

Ending = Literal["complete", "patience", "budget", "interrupted", "pruned"]

WORK = ".run"
"""Where a run keeps its checkpoints, inside the output folder; gone when the run is done."""
_RUN = "run.json"
ADAPTER = "adapter"
"""The adapters that a strategy wants kept, in the work folder and in the model folder."""
RESULT = "result.json"
"""What came of one strategy, among an interrupted run's files."""


@dataclass
class Run:
    """Everything a strategy needs.

    Attributes:
        recipe: With every setting decided.
        task: The task, with what it learned from train.
        labels: The data set's labels.
        base: The base model as it was fetched.
        answerer: Answers with the network as it is at the moment.
        train: The windows of train.
        dev: The windows of dev.
        dev_examples: The examples of dev.
        work: Folder for checkpoints.
        started: When the run began, on the monotonic clock.
        probe: Weight and bias of the linear probe on the frozen base, once fitted, and its rows.
        history: The curves.
        steps: How many updates were made.
        ended: Why it ended; the best so far was kept in any case.
        decided: Settings that the recipe left open, as they were decided.
        until: When the time of several runs together is up, on the monotonic clock.
        watch: Told at every measurement which share of the run is done and the score on dev; says whether to stop.
        brief: Whether only the score at the end counts, so that nothing is measured before nor kept for a resume.
        head_starts: What runs on the same windows have in common; None for a run by itself.
    """

    recipe: Recipe
    task: Task
    labels: tuple[str, ...]
    base: Base
    answerer: Answerer
    train: Encodings
    dev: Encodings
    dev_examples: Sequence[Example]
    work: Path
    started: float
    resume: bool = False
    probe: tuple[Tensor, Tensor] | None = None
    probe_rows: int = 0
    history: list[Point] = field(default_factory=list)
    steps: int = 0
    ended: Ending = "complete"
    decided: dict[str, object] = field(default_factory=dict)
    until: float | None = None
    watch: Callable[[float, float], bool] | None = None
    brief: bool = False
    head_starts: HeadStarts | None = None

    @property
    def network(self) -> Network:
        """The network that learns."""
        return self.answerer.network

    @property
    def seconds_left(self) -> float | None:
        """What is left of the budget, where there is one."""
        budget = self.recipe.budget
        ends = [end for end in (self.until, None if budget is None else self.started + budget) if end is not None]
        return min(ends) - time.monotonic() if ends else None

    @cached_property
    def speed(self) -> Speed:
        """How fast this machine is with this base model; measured when it is first asked for."""
        return measure_speed(self)

    @property
    def loss_settings(self) -> LossSettings:
        """How errors are weighed, with class weights worked out from train."""
        weights = None
        if self.recipe.class_weights == "balanced":
            weights = _balanced(self.task.class_counts(self.train, self.network.outputs))
        gamma = self.recipe.focal_gamma if self.recipe.loss == "focal" else 0.0
        return LossSettings(self.recipe.label_smoothing, weights, gamma)

    def again(self, strategy: Strategy, work: Path) -> Run:
        """Return this run with another strategy, a folder of its own, and the base model as it was fetched."""
        set_seed(self.recipe.seed)
        base = load_base(self.base.uri, self.task, self.labels, self.recipe.dropout)
        place(base.network.model)
        return replace(
            self,
            recipe=self.recipe.model_copy(update={"strategy": strategy}),
            base=base,
            answerer=Answerer(base.network, base.tokenizer, self.task, self.labels, base.limit),
            work=work,
            probe=None,
            history=[],
            decided={},
        )

    def write_result(self, folder: Path) -> None:
        """Keep the network as it is and what is known of the run, for `take_over`; ``result.json`` comes last."""
        with quiet():
            self.network.model.save_pretrained(folder / "model")
        _save_probe(self, folder)
        values = {
            "score": self.dev_scores()[self.task.metric],
            "strategy": {"name": self.recipe.strategy.name, **self.recipe.strategy.model_dump()},
            "probe_rows": self.probe_rows, "steps": self.steps, "ended": self.ended, "decided": self.decided,
            "history": [asdict(point) for point in self.history],
        }  # fmt: skip
        put_text(json.dumps(values), folder / RESULT)

    def take_over(self, folder: Path) -> None:
        """Become the run that was kept in ``folder``."""
        values = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        strategy = dict(values["strategy"])
        self.decided = {**values["decided"], "strategy": get_class(str(strategy.pop("name"))).model_validate(strategy)}
        self.probe_rows, self.steps, self.ended = values["probe_rows"], values["steps"], values["ended"]
        self.history = [Point(**point) for point in values["history"]]
        load_model(self.network.model, folder / "model" / "model.safetensors")
        if (folder / PROBE).is_file():
            probe = load_file(folder / PROBE)
            self.probe = (probe["weight"], probe["bias"])

    def dev_scores(self) -> dict[str, float]:
        """Measure the network as it is on dev."""
        logits = dict(self.network.logits(self.dev))
        predictions = list(self.answerer.decode(self.dev_examples, self.dev, logits))
        return scores_of(self.task, self.answerer.labels, self.dev_examples, predictions)


def fit(data: Dataset, recipe: Recipe, output: Path | None, *, resume: bool = False) -> Model:
    """Carry out ``recipe`` on ``data``.

    Args:
        data: Train is learned from, dev is chosen by; test is not touched.
        recipe: What to do.
        output: Folder for the model; None for a new temporary one.
        resume: Go on with the run that was interrupted in ``output``.

    Raises:
        DataError: Train or dev is missing or can't be learned from.
        ModelError: ``output`` holds something else, or the base model can't be used.
        SettingError: ``output`` holds an interrupted run of another recipe or other data.
        SourceError: The base model can't be had.
    """
    check_data(data)
    folder = output or Path(tempfile.mkdtemp(prefix="tunery-"))
    if resume and (folder / NAME).is_file():
        return Model.load(folder)
    work = open_work(folder, WORK, recipe, data, resume=resume)
    run = begin(data, recipe, work, resume=resume)
    run.recipe.strategy.fit(run)
    return finish(run, data, folder)


def plan(data: Dataset, recipe: Recipe) -> RunPlan:
    """Return what `fit` would do with ``recipe`` and ``data`` on this machine, and how long it would take.

    Raises:
        DataError: Train or dev is missing or can't be learned from.
        ModelError: The base model can't be used.
        SourceError: The base model can't be had.
    """
    check_data(data)
    with tempfile.TemporaryDirectory(prefix="tunery-") as folder:
        return make_run_plan(begin(data, recipe, Path(folder), resume=False))


def check_data(data: Dataset) -> None:
    """Raise `DataError` where train or dev is missing, or nothing can be learned."""
    problems = [
        Problem("error", "missing-split", _("The data has no {split} split.").format(split=name),
                _("Load it with tunery.load_data, which makes the splits that are missing."))
        for name in ("train", "dev")
        if not data.get(name)
    ]  # fmt: skip
    if not problems and not data.labels:
        problems.append(
            Problem(
                "error", "no-labels", _("No row of train has a label."), _("Label some rows first."), data["train"].file
            )
        )  # fmt: skip
    if problems:
        raise DataError(problems)


def open_work(folder: Path, name: str, recipe: Recipe, data: Dataset, *, resume: bool) -> Path:
    """Return the folder for checkpoints, after making sure that nothing would be overwritten.

    Args:
        folder: Where the result will lie.
        name: The name of the folder for checkpoints, inside it.
        recipe: What will be done; a run that is resumed must have had the same.
        data: The data, likewise.
        resume: Whether to go on with what was interrupted.
    """
    if folder.exists() and not folder.is_dir():
        raise ModelError(
            _("{folder} is a file.").format(folder=folder), _("Give --output the name of a folder for the model.")
        )
    if (folder / NAME).is_file():
        raise ModelError(
            _("{folder} holds a model already.").format(folder=folder),
            _("Give --output another name, or remove the folder first."),
        )
    work = folder.resolve() / name
    stamp = {"recipe": recipe.to_dict(), "data": data.fingerprint}
    written = _read_stamp(work)
    if written is not None and not resume:
        raise ModelError(
            _("{folder} holds a run that was interrupted.").format(folder=folder),
            _("Go on with it by --resume, or remove the folder to begin again."),
        )
    if written is not None and written != stamp:
        raise SettingError(
            _("The run interrupted in {folder} had {what}.").format(folder=folder, what=_difference(written, stamp)),
            _("Resume it with the settings and data it had, or give --output another name."),
        )
    if written is None and folder.exists() and any(folder.iterdir()):
        raise ModelError(
            _("{folder} holds other files.").format(folder=folder), _("Give --output a new or an empty folder.")
        )
    work.mkdir(parents=True, exist_ok=True)
    put_text(json.dumps(stamp, ensure_ascii=False, indent=2), work / _RUN)
    return work


def _read_stamp(work: Path) -> dict[str, object] | None:
    try:
        values = json.loads((work / _RUN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _difference(written: Mapping[str, object], stamp: Mapping[str, object]) -> str:
    before, now = written.get("recipe"), stamp["recipe"]
    if isinstance(before, dict) and isinstance(now, dict):
        changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
        if changed:
            return _("other settings ({names})").format(names=", ".join(changed))
    return _("other data")


def begin(data: Dataset, recipe: Recipe, work: Path, *, resume: bool) -> Run:
    """Return a run with base model and windows ready, before its strategy has done anything."""
    started = time.monotonic()
    set_seed(recipe.seed)
    task = recipe.task.prepare(data["train"])
    dev = [example for example in data["dev"] if example.target is not None]
    base = load_base(recipe.base, task, data.labels, recipe.dropout)
    place(base.network.model)
    answerer = Answerer(base.network, base.tokenizer, task, data.labels, base.limit)
    return Run(
        recipe=recipe,
        task=task,
        labels=data.labels,
        base=base,
        answerer=answerer,
        train=encode(answerer, data["train"], work / "train.arrow", labelled=True),
        dev=encode(answerer, dev, work / "dev.arrow", labelled=False),
        dev_examples=dev,
        work=work,
        started=started,
        resume=resume,
    )


def _balanced(counts: NDArray[np.int64]) -> tuple[float, ...]:
    """Return weights inversely proportional to the counts' square roots, 1 on average over the examples.

    The square root, because full inverse weights make a model cry wolf: a label a thousand times rarer than another
    would be given on the least suspicion.
    """
    weights = 1.0 / np.sqrt(np.maximum(counts, 1))
    weights *= counts.sum() / max((weights * counts).sum(), 1e-9)
    return tuple(float(weight) for weight in weights)


def finish(run: Run, data: Dataset, folder: Path) -> Model:
    """Calibrate, write the model folder, and return the model; ``tunery.json`` comes last, whole or not at all."""
    calibration, found = calibrate(run.answerer, run.dev_examples, run.dev)
    manifest = _manifest(run, data, calibration, found)
    new = run.work / "model"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    with quiet():
        run.network.model.save_pretrained(new)
        run.base.tokenizer.save_pretrained(new)
    _save_probe(run, new)
    if (run.work / ADAPTER).is_dir():
        shutil.copytree(run.work / ADAPTER, new / ADAPTER)
    learned.save(new, data["train"])
    draw_curves(run.history, run.task.metric, new / "curves.png")
    save_curves(run.history, new / "curves.json")
    (new / "recipe.yaml").write_text(_carried_out(run).to_yaml(), encoding="utf-8")
    (new / "README.md").write_text(model_card(folder.name, manifest), encoding="utf-8")
    manifest.write(new)
    for path in sorted(new.iterdir(), key=lambda path: path.name == NAME):
        path.replace(folder / path.name)
    shutil.rmtree(run.work)
    return Model(folder, manifest, run.network, run.base.tokenizer)


def _save_probe(run: Run, folder: Path) -> None:
    if run.probe is not None:
        weight, bias = run.probe
        save_file({"weight": weight, "bias": bias}, folder / PROBE)


def _carried_out(run: Run) -> Recipe:
    """Return the recipe that gives this model again: every default decided, a budget as the steps it came down to."""
    return run.recipe.model_copy(update={"base": run.base.uri, "task": run.task, **run.decided})


def _manifest(run: Run, data: Dataset, calibration: Calibration, found: dict[str, float]) -> Manifest:
    recipe = _carried_out(run)
    return Manifest(
        task={"name": run.task.name, **run.task.model_dump(mode="json", exclude_none=True)},
        labels=run.labels,
        limit=run.base.limit,
        base=Origin(source=run.base.uri, revision=run.base.revision),
        data=Origin(source=data.source, revision=data.fingerprint),
        fingerprint=data.fingerprint,
        rows={name: len(split) for name, split in data.items()},
        recipe=recipe.to_dict(),
        metrics=_main_first(found, run.task.metric),
        calibration=calibration,
        majority=run.task.majority(data["train"]).target,
        probe_rows=run.probe_rows,
        steps=run.steps,
        ended=run.ended,
        seconds=round(time.monotonic() - run.started, 1),
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in ("tunery", "torch", "transformers", "tokenizers")},
        },
    )


def _main_first(found: dict[str, float], main: str) -> dict[str, float]:
    return {main: found[main], **found}
