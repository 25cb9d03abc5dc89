"""``tunery.json``: what a model folder says of itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tunery import __version__
from tunery.errors import ModelError
from tunery.i18n import _
from tunery.settings import describe
from tunery.tasks.base import Task
from tunery.types import Prediction

NAME = "tunery.json"
FORMAT = 1


class Origin(BaseModel):
    """Where a base model or data set came from: a source URI with its revision, and the revision by itself."""

    model_config = ConfigDict(frozen=True)

    source: str
    revision: str = ""


class Calibration(BaseModel):
    """How raw scores became probabilities.

    Attributes:
        temperature: What logits were divided by (Guo et al. 2017), fitted on dev; already part of the weights.
        threshold: For several labels at once, the probability from which one is given, chosen on dev.
    """

    model_config = ConfigDict(frozen=True)

    temperature: float = 1.0
    threshold: float = 0.5


class Abstention(BaseModel):
    """From which score on answers are given; below it the model abstains.

    Attributes:
        threshold: The score.
        accuracy: The share of answers on dev that is right, of those that are given.
        answered: The share of dev that is answered.
        refused: The share of texts without a right label that is not answered; None where none were at hand.
        rows: How many rows of dev it was chosen on.
    """

    model_config = ConfigDict(frozen=True)

    threshold: float
    accuracy: float
    answered: float
    refused: float | None = None
    rows: int = 0


class Measured(BaseModel):
    """What one way of running a model was found to do on dev, beside torch.

    Attributes:
        agreement: The share of labels (of a text, of a word) that are the same.
        metric: The task's score on dev.
        distance: The largest difference of a label's probability, in the worst of 99 rows of 100.
        texts_per_second: How fast it is on this machine, at the lengths of dev, with many texts at once.
        alone_per_second: The same with one text at a time.
        megabytes: The size of its files.
        failed: Why it may not be used; empty where it may.
    """

    model_config = ConfigDict(frozen=True)

    agreement: float
    metric: float
    distance: float
    texts_per_second: float
    alone_per_second: float = 0.0
    megabytes: float
    failed: tuple[str, ...] = ()


class Export(BaseModel):
    """How a model was made ready for serving.

    Attributes:
        runtime: What runs it.
        body: What the weights of its layers are; empty for torch.
        neck: The same of what stands between them and the last linear layer; None where nothing does.
        adapted: Whether the body is the base model with room for adapters, and the model's own lies beside it.
        pad_id: The token that fills up short windows.
        unknown_id: The token for a word that the tokenizer drops.
        processor: The machine that this was measured on.
        measured: What was tried, by its name.
    """

    model_config = ConfigDict(frozen=True)

    runtime: Literal["torch", "onnx", "onnx-int8"]
    body: str = ""
    neck: str | None = None
    adapted: bool = False
    pad_id: int = 0
    unknown_id: int = 0
    processor: str = ""
    measured: dict[str, Measured] = Field(default_factory=dict)


class Manifest(BaseModel):
    """Everything about a model that its weights don't say."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    task: dict[str, Any]
    labels: tuple[str, ...]
    limit: int
    base: Origin
    data: Origin
    fingerprint: str
    rows: dict[str, int]
    recipe: dict[str, Any]
    metrics: dict[str, float]
    """Scores on dev."""
    calibration: Calibration = Calibration()
    abstention: Abstention | None = None
    export: Export | None = None
    majority: Any = None
    """The answer that is right most often in train, as `Prediction` holds it."""
    probe_rows: int = 0
    """How many train rows the linear probe of the "before" was fitted on; 0 where there is none."""
    seconds: float = 0.0
    steps: int = 0
    """How many updates were made; 0 where nothing learned by gradient descent."""
    ended: Literal["complete", "patience", "budget", "interrupted", "pruned"] = "complete"
    """Why the run ended: all steps done, no longer getting better, out of time, or stopped by its owner or a search."""
    versions: dict[str, str] = Field(default_factory=dict)
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def the_task(self) -> Task:
        """Return the task with the settings it had."""
        from tunery import tasks

        return tasks.get(str(self.task["name"]), **{k: v for k, v in self.task.items() if k != "name"})

    def majority_prediction(self) -> Prediction:
        """Return the answer that is right most often in train."""
        value = self.majority
        if isinstance(value, str):
            return Prediction(value)
        return Prediction(tuple(str(label) for label in value or ()))

    def write(self, folder: Path) -> None:
        """Write ``tunery.json`` into ``folder``, whole or not at all: a crash leaves the one that was there."""
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=2)
        part = folder / f".{NAME}.part"
        try:
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(folder / NAME)
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read ``tunery.json`` from ``folder``.

        Raises:
            ModelError: There is none, or it says what this version of Tunery doesn't understand.
        """
        path = folder / NAME
        if not path.is_file():
            raise ModelError(
                _("{folder} is not a model: it holds no {name}.").format(folder=folder, name=NAME),
                _("Give the folder that tunery tune wrote (its --output)."),
            )
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            manifest = cls.model_validate(values)
        except ValidationError as error:
            raise ModelError(
                _("{path} can't be understood: {reason}").format(path=path, reason=describe(error))
            ) from None
        except (ValueError, OSError) as error:
            raise ModelError(_("{path} can't be read: {reason}").format(path=path, reason=error)) from None
        if manifest.format > FORMAT:
            raise ModelError(
                _("{path} was written by a newer Tunery (format {found}; this is {version}, format {known}).").format(
                    path=path, found=manifest.format, version=__version__, known=FORMAT
                ),
                _("Update with: pip install -U tunery"),
            )
        return manifest
