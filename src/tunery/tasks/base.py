"""What every task is: its settings, and how its answers are encoded, learned, decoded and counted.

A task is a pydantic model. Its fields are the task's settings and are declared nowhere else: the command line, recipes
and documentation are derived from them. Its methods are called by `tunery.models`, `tunery.tuning` and
`tunery.evaluation`, which know no task by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from tunery.data.dataset import Schema
from tunery.i18n import N_
from tunery.tasks.tally import Tally
from tunery.types import Example, Prediction

if TYPE_CHECKING:
    from torch import Tensor

    from tunery.tasks.encoding import TextEncoder

Logits = NDArray[np.float32]


@dataclass(slots=True)
class Encoding:
    """One window of one example, ready for a batch.

    Attributes:
        row: Which example it belongs to.
        input_ids: Token ids with the special tokens around them.
        positions: The tokens whose outputs count (first sub-tokens of words); empty where the whole window counts.
        words: For each position, which word of the example it stands for.
        labels: What is to be learned, in the task's own form; empty where it is not known.
        weight: The window's share in its example; a window of several examples has their number.
        hidden: What the lowest layers of a network gave for it (tokens x width), where that has been kept.
    """

    row: int
    input_ids: NDArray[np.int32]
    positions: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    words: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    labels: NDArray[np.generic] = field(default_factory=lambda: np.zeros(0, np.int32))
    weight: float = 1.0
    hidden: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.input_ids)


@dataclass(frozen=True, slots=True)
class LossSettings:
    """How errors are weighed while learning.

    Attributes:
        label_smoothing: The share of probability spread over all labels.
        class_weights: One weight for each output of the head, or None for equal weights.
        focal_gamma: How much less weighs what is answered rightly already (Lin et al. 2017); 0 for cross-entropy.
    """

    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] | None = None
    focal_gamma: float = 0.0


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each right label (rows) was answered with each label (columns)."""

    labels: tuple[str, ...]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer with a probability, and whether it was right: what calibration is measured on."""

    row: int
    confidence: float
    right: bool
    expected: str
    answered: str


class Task(BaseModel, ABC):
    """A kind of prediction. Subclasses live in a module of `tunery.tasks` named like the task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    """The name that the transformers library uses, for example ``token-classification``."""
    reads: ClassVar[Schema]
    """What it needs from a row."""
    auto_class: ClassVar[str]
    """The transformers class that loads a base model with this task's head."""
    metric: ClassVar[str]
    """The score that early stopping and the choice of the best model go by; larger is better."""

    max_length: int | None = Field(
        default=None, ge=16,
        description=N_(
            "Longest window in tokens; longer texts are read in overlapping windows. Default: the base model's limit."
        ),
    )  # fmt: skip
    overlap: int = Field(default=64, ge=0, description=N_("How many tokens neighbouring windows of a long text share."))

    # -- labels and head -------------------------------------------------------------------------------------------

    @abstractmethod
    def outputs(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Return the names of the head's outputs for a data set's ``labels`` (entities: ``B-x``, ``I-x``, ``O``)."""

    @abstractmethod
    def prepare(self, examples: Sequence[Example]) -> Task:
        """Return this task with whatever it learns from the training data filled in (how words are split, ...)."""

    @abstractmethod
    def configure(self, labels: Sequence[str]) -> dict[str, Any]:
        """Return what the head needs in the model's configuration: ``id2label``, ``label2id``, ``problem_type``."""

    @property
    def reach(self) -> int:
        """How many rows before and after an example `encode` may look at."""
        return 0

    # -- encoding and learning -------------------------------------------------------------------------------------

    @abstractmethod
    def encode(self, examples: Sequence[Example], encoder: TextEncoder, labels: Sequence[str]) -> list[Encoding]:
        """Return the windows of ``examples`` in order; with labels where the examples have targets."""

    def encode_to_learn(
        self, examples: Sequence[Example], encoder: TextEncoder, labels: Sequence[str]
    ) -> list[Encoding]:
        """Return the windows to learn from, each label in one of them; by default those that `encode` returns.

        A window may hold several examples; its row is then the first one's.
        """
        return self.encode(examples, encoder, labels)

    @abstractmethod
    def loss(self, logits: Tensor, batch: Mapping[str, Tensor], settings: LossSettings) -> Tensor:
        """Return the mean loss of a batch; ``logits`` are the head's outputs as the model gives them."""

    @abstractmethod
    def class_counts(self, encodings: Sequence[Encoding], outputs: int) -> NDArray[np.int64]:
        """Return how often each output of the head is to be learned; class weights come from it."""

    # -- answers ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def decode(
        self, example: Example, windows: Sequence[tuple[Encoding, Logits]], labels: Sequence[str], threshold: float
    ) -> Prediction:
        """Return the answer for an example from the logits of its windows.

        Args:
            example: The example.
            windows: Its encodings with their logits: positions x outputs, or 1 x outputs.
            labels: The data set's labels.
            threshold: For several labels at once, the probability from which one is given.
        """

    # -- counting --------------------------------------------------------------------------------------------------

    @abstractmethod
    def tallies(
        self, examples: Sequence[Example], predictions: Sequence[Prediction], labels: Sequence[str]
    ) -> dict[str, Tally]:
        """Return the counts that scores come from.

        The first, under the empty name, gives ``accuracy``, ``micro_f1`` and so on and the table by label; a further
        one gives its micro scores with its name in front: ``entity`` gives ``entity_precision``, ``entity_f1``, ...
        """

    @abstractmethod
    def confusion(
        self, examples: Sequence[Example], predictions: Sequence[Prediction], labels: Sequence[str]
    ) -> Confusion | None:
        """Return what was taken for what; None where the question has no single answer."""

    @abstractmethod
    def decisions(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Decision]:
        """Return every answer that has a probability, in the order of the rows."""

    @abstractmethod
    def majority(self, examples: Sequence[Example]) -> Prediction:
        """Return the answer that is right most often in ``examples`` when the text is not looked at."""
