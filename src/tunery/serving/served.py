"""A model as a server holds it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tunery.errors import ModelError, TuneryError
from tunery.i18n import _
from tunery.models.exported import FOLDER, HEAD
from tunery.models.manifest import NAME, Abstention, Manifest
from tunery.serving.engines import Engines, Part
from tunery.tasks.base import Task
from tunery.tasks.encoding import TextEncoder
from tunery.types import Example


@dataclass(frozen=True, eq=False)
class Served:
    """One version of a model, ready to answer.

    Attributes:
        version: The folder's name and what the model is, for example ``banking-3f2a91c0``.
        folder: Where it lies.
        manifest: What it says of itself.
        task: Its task, with the settings it had.
        encoder: Its tokenizer.
        part: What runs it.
    """

    version: str
    folder: Path
    manifest: Manifest
    task: Task
    encoder: TextEncoder
    part: Part

    @property
    def labels(self) -> tuple[str, ...]:
        """The data set's labels."""
        return self.manifest.labels

    @property
    def threshold(self) -> float:
        """For several labels at once, the probability from which one is given."""
        return self.manifest.calibration.threshold

    @property
    def abstention(self) -> Abstention | None:
        """From which score on its answers are to be relied on."""
        return self.manifest.abstention

    @property
    def threshold_of_abstention(self) -> float | None:
        """The score below which it abstains; None where that was not chosen."""
        return None if self.manifest.abstention is None else self.manifest.abstention.threshold

    @cached_property
    def spans(self) -> bool:
        """Whether it answers with spans."""
        return self.task.reads.target == "spans"


def load(folder: Path, engines: Engines) -> Served:
    """Load the model in ``folder`` and let it answer once, so that a model that can't is found before it is used.

    Raises:
        ModelError: The folder holds no model, or one that can't be used.
        MissingExtraError: What it needs is not installed.
    """
    try:
        return _load(folder, engines)
    except TuneryError:
        raise
    except Exception as error:  # Each library that reads one of its files has errors of its own for a broken one.
        raise _broken(folder, error) from error


def _load(folder: Path, engines: Engines) -> Served:
    manifest = Manifest.read(folder)
    part = engines.part(folder, manifest)
    task = manifest.the_task()
    served = Served(version_of(folder), folder, manifest, task, engines.encoder(folder, manifest), part)
    _try(served)
    return served


def version_of(folder: Path) -> str:
    """Return a name for what ``folder`` holds; it changes with the model, and with its export."""
    digest = hashlib.sha256()
    for path in (folder / NAME, folder / FOLDER / HEAD):
        if path.is_file():
            digest.update(path.read_bytes())
    return f"{folder.resolve().name}-{digest.hexdigest()[:8]}"


def _try(served: Served) -> None:
    example = Example("1")
    encodings = served.task.encode([example], served.encoder, served.labels)
    logits = served.part.engine.run([(served.part, encoding) for encoding in encodings])
    served.task.decode(example, list(zip(encodings, logits, strict=True)), served.labels, served.threshold)


def _broken(folder: Path, error: Exception) -> ModelError:
    return ModelError(
        _("The model in {folder} can't answer: {reason}").format(folder=folder, reason=error),
        _("Its files don't fit together. Export it again with: tunery export {folder}").format(folder=folder),
    )
