"""Text classification: one label for a text, or any number of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from tunery.data.dataset import Schema
from tunery.errors import SettingError
from tunery.i18n import N_, _
from tunery.tasks import loss
from tunery.tasks.base import Confusion, Decision, Encoding, Logits, LossSettings, Task
from tunery.tasks.encoding import TextEncoder, text_windows
from tunery.tasks.tally import Tally
from tunery.types import Example, Prediction

if TYPE_CHECKING:
    from torch import Tensor


class TextClassification(Task):
    """Predicts the class of a text, or all the classes it belongs to."""

    name: ClassVar[str] = "text-classification"
    reads: ClassVar[Schema] = Schema(target="label")
    auto_class: ClassVar[str] = "AutoModelForSequenceClassification"
    metric: ClassVar[str] = "macro_f1"

    pooling: Literal["auto", "mean", "first"] = Field(
        default="auto",
        description=N_(
            "How a text becomes one vector: the mean of its tokens, or what the architecture makes of its first token. "
            "Default: the mean wherever the architecture allows it."
        ),
    )
    multi_label: bool | None = Field(
        default=None, description=N_("Whether a text can have several labels at once. Default: as in the data.")
    )
    at_least_one: bool | None = Field(
        default=None, description=N_("Whether every text has at least one of several labels. Default: as in the data.")
    )

    @override
    def prepare(self, examples: Sequence[Example]) -> TextClassification:
        several = self.multi_label
        if several is None:
            several = any(isinstance(example.target, tuple) for example in examples)
        if not several and any(len(_labels(example.target)) != 1 for example in examples if example.target is not None):
            raise SettingError(
                _("multi_label is off, and some texts have several labels or none."),
                _("Leave the setting out, or give every text one label."),
            )
        least = self.at_least_one
        if least is None:
            least = not several or all(example.target for example in examples)
        return self.model_copy(update={"multi_label": several, "at_least_one": least})

    @override
    def outputs(self, labels: Sequence[str]) -> tuple[str, ...]:
        return tuple(labels)

    @override
    def configure(self, labels: Sequence[str]) -> dict[str, Any]:
        kind = "multi_label_classification" if self.multi_label else "single_label_classification"
        return {
            "id2label": dict(enumerate(labels)),
            "label2id": {label: index for index, label in enumerate(labels)},
            "problem_type": kind,
        }

    @override
    def encode(self, examples: Sequence[Example], encoder: TextEncoder, labels: Sequence[str]) -> list[Encoding]:
        index = {label: number for number, label in enumerate(labels)}
        room = min(encoder.room, self.max_length - encoder.limit + encoder.room) if self.max_length else encoder.room
        result: list[Encoding] = []
        for row, ids in enumerate(encoder.texts([example.text for example in examples])):
            gold = self._gold(examples[row], index)
            windows = text_windows(len(ids), room, self.overlap)
            for start, stop in windows:
                weight = 1.0 if len(windows) == 1 else (stop - start) / sum(b - a for a, b in windows)
                result.append(Encoding(row, encoder.window(ids[start:stop]), labels=gold, weight=weight))
        return result

    @override
    def loss(self, logits: Tensor, batch: Mapping[str, Tensor], settings: LossSettings) -> Tensor:
        return (loss.any_of if self.multi_label else loss.one_of)(logits, batch["labels"], settings)

    @override
    def class_counts(self, encodings: Sequence[Encoding], outputs: int) -> NDArray[np.int64]:
        if self.multi_label:
            return np.asarray(np.sum([encoding.labels for encoding in encodings], axis=0), dtype=np.int64)
        labels = np.concatenate([encoding.labels for encoding in encodings])
        return np.bincount(labels[labels >= 0].astype(np.int64), minlength=outputs)

    @override
    def decode(
        self, example: Example, windows: Sequence[tuple[Encoding, Logits]], labels: Sequence[str], threshold: float
    ) -> Prediction:
        del example
        weights = np.asarray([encoding.weight for encoding, _ in windows], dtype=np.float64)
        logits = np.average([logits[0].astype(np.float64) for _, logits in windows], axis=0, weights=weights)
        probabilities = 1.0 / (1.0 + np.exp(-logits)) if self.multi_label else _softmax(logits)
        order = np.argsort(-probabilities, kind="stable")
        scores = {labels[i]: float(probabilities[i]) for i in order}
        best = labels[order[0]]
        if not self.multi_label:
            return Prediction(best, scores[best], scores, len(windows))
        chosen = tuple(sorted(label for label, score in scores.items() if score >= threshold))
        if not chosen and self.at_least_one:
            chosen = (best,)
        # How sure the whole set is: as sure as its least sure decision, taken or not taken.
        sure = min(score if label in chosen else 1.0 - score for label, score in scores.items())
        return Prediction(chosen, sure, scores, len(windows))

    @override
    def tallies(
        self, examples: Sequence[Example], predictions: Sequence[Prediction], labels: Sequence[str]
    ) -> dict[str, Tally]:
        index = {label: number for number, label in enumerate(labels)}
        gold = _hot([_labels(example.target) for example in examples], index)
        given = _hot([prediction.labels for prediction in predictions], index)
        tally = Tally(
            labels=tuple(labels),
            true_positives=(gold & given).astype(np.int32),
            false_positives=(~gold & given).astype(np.int32),
            false_negatives=(gold & ~given).astype(np.int32),
            correct=(gold == given).all(axis=1).astype(np.int32),
            decisions=np.ones(len(examples), dtype=np.int32),
        )
        return {"": tally}

    @override
    def confusion(
        self, examples: Sequence[Example], predictions: Sequence[Prediction], labels: Sequence[str]
    ) -> Confusion | None:
        if any(not isinstance(example.target, str) for example in examples):
            return None
        index = {label: number for number, label in enumerate(labels)}
        counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
        for example, prediction in zip(examples, predictions, strict=True):
            counts[index[str(example.target)], index[prediction.label]] += 1
        return Confusion(tuple(labels), counts)

    @override
    def decisions(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Decision]:
        result: list[Decision] = []
        for row, (example, prediction) in enumerate(zip(examples, predictions, strict=True)):
            expected = _labels(example.target)
            if isinstance(prediction.target, str):
                if prediction.score is not None:
                    right = (prediction.target,) == expected
                    result.append(Decision(row, prediction.score, right, ", ".join(expected), prediction.target))
                continue
            result.extend(
                Decision(row, prediction.scores[label], label in expected, ", ".join(expected), label)
                for label in prediction.labels
                if label in prediction.scores
            )
        return result

    @override
    def majority(self, examples: Sequence[Example]) -> Prediction:
        counts = Counter(example.target for example in examples if isinstance(example.target, str | tuple))
        answer, count = max(counts.items(), key=lambda item: (item[1], str(item[0])))
        return Prediction(answer, count / len(examples))

    def _gold(self, example: Example, index: Mapping[str, int]) -> NDArray[np.generic]:
        if example.target is None:
            return np.zeros(0, np.int32)
        if not self.multi_label:
            (label,) = _labels(example.target)
            return np.asarray([index.get(label, loss.IGNORED)], dtype=np.int32)
        hot = np.zeros(len(index), dtype=np.float32)
        hot[[index[label] for label in _labels(example.target) if label in index]] = 1.0
        return hot


def _labels(target: object) -> tuple[str, ...]:
    return (target,) if isinstance(target, str) else tuple(str(label) for label in target or ())  # type: ignore[attr-defined]


def _hot(rows: Sequence[Sequence[str]], index: Mapping[str, int]) -> NDArray[np.bool_]:
    result = np.zeros((len(rows), len(index)), dtype=bool)
    for row, labels in enumerate(rows):
        result[row, [index[label] for label in labels]] = True
    return result


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    exponentials = np.exp(logits - logits.max())
    return np.asarray(exponentials / exponentials.sum())
