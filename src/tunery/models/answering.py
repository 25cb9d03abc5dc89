"""From inputs to predictions: encode, run, decode, whatever runs the network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from tunery.errors import ModelError
from tunery.i18n import _
from tunery.tasks.base import Encoding, Logits, Task
from tunery.tasks.encoding import TextEncoder
from tunery.tasks.portions import encode_in_portions
from tunery.tasks.token_classification import TokenClassification, WordScores
from tunery.types import Example, Input, Prediction

_CHUNK = 1024
"""Inputs answered at a time: batches of like length need many to choose from, memory and streams few."""


class Scorer(Protocol):
    """Whatever runs a network: torch, or onnxruntime."""

    def logits(self, encodings: Sequence[Encoding]) -> Iterator[tuple[int, Logits]]:
        """Yield each encoding's number and its logits (positions x outputs, or 1 x outputs)."""
        ...


class Answering:
    """A predictor made of a scorer, a tokenizer and a task.

    Args:
        scorer: Runs the network.
        encoder: Its tokenizer.
        task: Its task, prepared.
        labels: The data set's labels, in the order of the outputs.
        threshold: For several labels at once, the probability from which one is given.
    """

    def __init__(
        self, scorer: Scorer, encoder: TextEncoder, task: Task, labels: Sequence[str], threshold: float = 0.5
    ) -> None:
        self.scorer = scorer
        self.encoder = encoder
        self.task = task
        self.labels = tuple(labels)
        self.threshold = threshold

    def predict(self, inputs: Sequence[Input]) -> list[Prediction]:
        """Return one prediction for each input, in the same order."""
        return list(self.stream(inputs))

    def stream(self, inputs: Iterable[Input]) -> Iterator[Prediction]:
        """Yield one prediction for each input, in the same order, holding only some inputs in memory at a time."""
        rows = (Example(item) if isinstance(item, str) else item for item in inputs)
        for examples, encodings in encode_in_portions(self.task, rows, self.encoder, self.labels, _CHUNK):
            yield from self.decode(examples, encodings, dict(self.scorer.logits(encodings)))

    def word_scores(self, examples: Sequence[Example]) -> list[WordScores]:
        """Return for each text how probable each label is for each word; only for tasks that label words.

        Raises:
            ModelError: The task labels texts.
        """
        if not isinstance(self.task, TokenClassification):
            raise ModelError(_("This model labels whole texts, not their words."))
        found: list[WordScores] = []
        for part, encodings in encode_in_portions(self.task, examples, self.encoder, self.labels, _CHUNK):
            logits = dict(self.scorer.logits(encodings))
            for example, own in zip(part, self._by_row(part, encodings, logits), strict=True):
                found.append(self.task.word_scores(example, own, self.labels))
        return found

    def decode(
        self, examples: Sequence[Example], encodings: Sequence[Encoding], logits: dict[int, Logits]
    ) -> Iterator[Prediction]:
        """Yield each example's prediction from its windows' logits."""
        for example, own in zip(examples, self._by_row(examples, encodings, logits), strict=True):
            yield self.task.decode(example, own, self.labels, self.threshold)

    def _by_row(
        self, examples: Sequence[Example], encodings: Sequence[Encoding], logits: dict[int, Logits]
    ) -> list[list[tuple[Encoding, Logits]]]:
        windows: list[list[tuple[Encoding, Logits]]] = [[] for _example in examples]
        for number, encoding in enumerate(encodings):
            windows[encoding.row].append((encoding, logits[number]))
        return windows
