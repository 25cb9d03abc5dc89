"""A tuned model: a predictor that is a folder."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunery.i18n import _
from tunery.models.answering import Answering
from tunery.models.base import build_network, load_base, load_config, load_tokenizer, require_tune
from tunery.models.manifest import Manifest
from tunery.tasks.base import Task
from tunery.tasks.encoding import encoder_for
from tunery.types import Input, Prediction, Predictor

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from tunery.models.network import Network

PROBE = "probe.safetensors"
"""The linear model on the frozen base, in the model folder."""


class Answerer(Answering):
    """Answers inputs with a network that torch runs.

    Args:
        network: The model.
        tokenizer: Its tokenizer.
        task: Its task, prepared.
        labels: The data set's labels, in the order of the outputs.
        limit: The longest window in tokens.
        threshold: For several labels at once, the probability from which one is given.
    """

    def __init__(
        self, network: Network, tokenizer: PreTrainedTokenizerBase, task: Task, labels: Sequence[str], limit: int,
        threshold: float = 0.5,
    ) -> None:  # fmt: skip
        super().__init__(network, encoder_for(tokenizer, limit), task, labels, threshold)
        self.network = network
        self.tokenizer = tokenizer


class Model(Answerer):
    """A tuned model. Made by `tunery.tune` or `Model.load`; everything about it is in its folder."""

    def __init__(self, folder: Path, manifest: Manifest, network: Network, tokenizer: PreTrainedTokenizerBase) -> None:
        super().__init__(
            network, tokenizer, manifest.the_task(), manifest.labels, manifest.limit, manifest.calibration.threshold
        )
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def load(cls, folder: str | Path) -> Model:
        """Load a model from its folder, onto a GPU where there is one.

        Raises:
            ModelError: The folder holds no model, or one that can't be used.
        """
        require_tune(_("Loading a model"))
        from tunery.models.devices import place

        path = Path(folder)
        manifest = Manifest.read(path)
        task = manifest.the_task()
        tokenizer = load_tokenizer(path)
        network = build_network(path, load_config(path), task, tokenizer, fresh=False)
        place(network.model)
        return cls(path, manifest, network, tokenizer)

    @property
    def temperature(self) -> float:
        """What the logits were divided by so that scores are probabilities."""
        return self.manifest.calibration.temperature

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def baselines(self) -> dict[str, Predictor]:
        """Return what there was before tuning: the majority answer, and a linear probe on the frozen base."""
        found: dict[str, Predictor] = {"majority": Constant(self.labels, self.manifest.majority_prediction())}
        if self.manifest.probe_rows:
            found["probe"] = FrozenProbe(self)
        return found

    def __repr__(self) -> str:
        scores = ", ".join(f"dev {name} {value:.4f}" for name, value in list(self.manifest.metrics.items())[:1])
        return f"Model({str(self.folder)!r}, {self.task.name}, {len(self.labels)} labels, {scores})"

    def _repr_html_(self) -> str:
        rows = {
            _("Task"): self.task.name,
            _("Base model"): self.manifest.base.source,
            _("Labels"): str(len(self.labels)),
            _("Folder"): str(self.folder),
            **{_("dev {metric}").format(metric=name): f"{value:.4f}" for name, value in self.manifest.metrics.items()},
        }
        cells = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in rows.items())
        return f"<table>{cells}</table>"


class Constant:
    """A predictor that gives everything the same answer."""

    def __init__(self, labels: Sequence[str], answer: Prediction) -> None:
        self.labels = tuple(labels)
        self._answer = answer

    def predict(self, inputs: Sequence[Input]) -> list[Prediction]:
        """Return the answer once for each input."""
        return [self._answer] * len(inputs)


class FrozenProbe:
    """The linear model on the frozen base that a tuned model is held against; the base is fetched when it is asked."""

    def __init__(self, model: Model) -> None:
        self.labels = model.labels
        self._model = model
        self._answerer: Answerer | None = None

    def predict(self, inputs: Sequence[Input]) -> list[Prediction]:
        """Return one prediction for each input.

        Raises:
            TuneryError: The base model can't be had any more.
        """
        if self._answerer is None:
            self._answerer = self._load()
        return self._answerer.predict(inputs)

    def _load(self) -> Answerer:
        from safetensors.torch import load_file

        from tunery.models.devices import place

        manifest, task = self._model.manifest, self._model.task
        base = load_base(manifest.base.source, task, manifest.labels)
        values = load_file(self._model.folder / PROBE)
        base.network.set_linear(values["weight"], values["bias"])
        place(base.network.model, self._model.network.device)
        return Answerer(base.network, base.tokenizer, task, manifest.labels, manifest.limit)
