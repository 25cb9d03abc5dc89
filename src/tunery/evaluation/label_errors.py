"""Which given labels are likely wrong, by what models say that did not learn from them.

Confident learning (Northcutt, Jiang and Chuang 2021, https://arxiv.org/abs/1911.00068) as cleanlab has it. A model's
answers for rows that it learned from are of no use here: it learned the errors too. What serves are those of other
models (`tunery.tuning.cross_validation`), and those of a tuned model for rows that are new to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunery.data.dataset import labels_of
from tunery.errors import MissingExtraError, ModelError
from tunery.evaluation.tables import shorten, table
from tunery.i18n import _
from tunery.tasks.tally import Floats
from tunery.tasks.token_classification import WordScores
from tunery.types import Example, Prediction, Span, Target

_SHOWN = 20
_TEXT_WIDTH = 60


@dataclass(frozen=True, slots=True)
class LabelError:
    """A row whose target is likely wrong.

    Attributes:
        index: The row's number, counted from 0.
        given: Its target.
        suggested: What the model would give it; for spans what is wrong may be less than the whole difference.
        score: How improbable what is given is, from 0 to 1: what ranks the rows.
        reason: What speaks against it, in the language in force.
        likely: Whether it is among as many rows as confident learning takes to be wrong.
    """

    index: int
    given: Target
    suggested: Target
    score: float
    reason: str
    likely: bool = True


@dataclass(frozen=True)
class LabelErrors:
    """Rows by how likely their targets are wrong, the likeliest first.

    Attributes:
        rows: The rows.
        checked: How many rows were looked at.
        examples: All rows, for the texts.
    """

    rows: tuple[LabelError, ...]
    checked: int
    examples: Sequence[Example] = field(default=(), repr=False, compare=False)

    @property
    def likely(self) -> int:
        """How many rows are taken to be wrong."""
        return sum(row.likely for row in self.rows)

    def to_dict(self) -> dict[str, object]:
        """Return everything but the texts as plain values for JSON."""
        return {"checked": self.checked, "likely": self.likely, "rows": [asdict(row) for row in self.rows]}

    def __str__(self) -> str:
        head = _("{likely} of {checked} labels are likely wrong.").format(likely=self.likely, checked=self.checked)
        rows = [[_("row"), _("score"), _("reason"), _("text")]]
        rows += [
            [
                str(row.index + 1),
                f"{row.score:.2f}",
                row.reason,
                shorten(" ".join(self.examples[row.index].text.split()), _TEXT_WIDTH) if self.examples else "",
            ]
            for row in self.rows[:_SHOWN]
        ]
        return "\n".join([head, *(["", *table(rows)] if self.rows else [])])


def find(
    examples: Sequence[Example],
    predictions: Sequence[Prediction],
    labels: Sequence[str],
    words: Sequence[WordScores] | None = None,
    *,
    count: int | None = None,
) -> LabelErrors:
    """Rank rows by how likely their targets are wrong.

    Tried on banking77's questions of 20 intents with 5% of 600 labels exchanged at random (MiniLM, five folds, two
    seeds): of the first 5% of rows 93% and 97% were exchanged ones, and of those taken to be wrong 92% and 96%. Spans
    are harder: on 400 sentences of BC5CDR, a span left out or mislabelled in every twentieth, 30% of the first tenth of
    rows were such, and of those taken to be wrong 19%: look at the first ones first.

    Args:
        examples: Labelled rows.
        predictions: Answers to them from models that did not learn from them; for labels with the probability of each.
        labels: All labels.
        words: For spans, how probable each label is for each word.
        count: How many rows to return, whether they are taken to be wrong or not; by default those that are.

    Raises:
        MissingExtraError: cleanlab is not installed.
        ModelError: The answers have no probabilities of labels, or a row has a label that is none of ``labels``.
    """
    require()
    unknown = set(labels_of(examples)) - set(labels)
    if unknown:
        raise ModelError(
            _("The model doesn't know the label {label!r}.").format(label=min(unknown)[:40]),
            _("Cross-validation learns the labels of the rows: tunery.label_errors(rows, base)."),
        )
    if words is not None:
        ranked = _spans(examples, predictions, labels, words)
    else:
        if any(set(labels) - set(prediction.scores) for prediction in predictions):
            raise ModelError(
                _("The answers don't say how probable each label is."),
                _("Use a tuned model, or cross-validation: tunery.label_errors(rows, base)."),
            )
        several = any(isinstance(example.target, tuple) for example in examples)
        ranked = (_several if several else _one)(examples, _probabilities(predictions, labels), labels)
    ranked.sort(key=lambda row: (-row.score, row.index))
    kept = [row for row in ranked if row.likely] if count is None else ranked[:count]
    return LabelErrors(tuple(kept), len(examples), examples)


def require() -> None:
    """Raise `MissingExtraError` unless cleanlab is installed."""
    from importlib.util import find_spec

    if find_spec("cleanlab") is None:
        raise MissingExtraError("review", _("Looking for label errors"))


def _probabilities(predictions: Sequence[Prediction], labels: Sequence[str]) -> Floats:
    return np.array([[prediction.scores[label] for label in labels] for prediction in predictions]).reshape(
        len(predictions), len(labels)
    )


def _one(examples: Sequence[Example], probabilities: Floats, labels: Sequence[str]) -> list[LabelError]:
    number = {label: place for place, label in enumerate(labels)}
    given = np.array([number[str(example.target)] for example in examples], dtype=np.int64)
    found: list[LabelError] = []
    for row, likely in enumerate(_issues(given, probabilities)):
        own = float(probabilities[row, given[row]])
        others = probabilities[row].copy()
        others[given[row]] = -1.0
        best = int(others.argmax())
        reason = _("{suggested} is given a probability of {other:.0%}, {given} one of {own:.0%}.").format(
            suggested=labels[best], other=probabilities[row, best], given=labels[given[row]], own=own
        )
        found.append(
            LabelError(row, labels[given[row]], labels[best], 1.0 - own, reason, likely and bool(others[best] > own))
        )
    return found


def _several(examples: Sequence[Example], probabilities: Floats, labels: Sequence[str]) -> list[LabelError]:
    """Look at each label by itself, given or not given; a row is as suspicious as its most suspicious label."""
    given = np.array([[label in (example.target or ()) for label in labels] for example in examples], dtype=bool)
    given = given.reshape(len(examples), len(labels))
    own = np.where(given, probabilities, 1.0 - probabilities)
    likely = _issues_by_label(given, probabilities) & (own < 0.5)
    found: list[LabelError] = []
    for row, example in enumerate(examples):
        worst = int(own[row].argmin())
        wrong = likely[row] if likely[row].any() else np.arange(len(labels)) == worst
        suggested = tuple(sorted(label for place, label in enumerate(labels) if given[row, place] != wrong[place]))
        template = (
            _("{label} is given, and has a probability of {probability:.0%}.")
            if given[row, worst]
            else _("{label} is not given, and has a probability of {probability:.0%}.")
        )
        reason = template.format(label=labels[worst], probability=probabilities[row, worst])
        target = tuple(str(label) for label in example.target or ())
        found.append(LabelError(row, target, suggested, float(1.0 - own[row, worst]), reason, bool(likely[row].any())))
    return found


def _spans(
    examples: Sequence[Example], predictions: Sequence[Prediction], labels: Sequence[str], words: Sequence[WordScores]
) -> list[LabelError]:
    """Look at each word's label; a text is as suspicious as its most suspicious word."""
    names = (*labels, _("no span"))
    given = [_of_words(example, scores, labels) for example, scores in zip(examples, words, strict=True)]
    likely = _likely_words(given, words)
    found: list[LabelError] = []
    for row, (example, prediction) in enumerate(zip(examples, predictions, strict=True)):
        if not len(given[row]):
            continue
        own = words[row].probabilities[np.arange(len(given[row])), given[row]]
        worst = int(own.argmin())
        start, end = words[row].words[worst]
        best = int(words[row].probabilities[worst].argmax())
        reason = _("{word}: {suggested} has a probability of {other:.0%}, {given} one of {own:.0%}.").format(
            word=example.text[start:end],
            suggested=names[best],
            other=words[row].probabilities[worst, best],
            given=names[given[row][worst]],
            own=own[worst],
        )
        target = tuple(span for span in example.target or () if isinstance(span, Span))
        suggested = tuple(Span(span.start, span.end, span.label) for span in prediction.spans)
        different = suggested != target
        found.append(LabelError(row, target, suggested, float(1 - own[worst]), reason, row in likely and different))
    return found


def _of_words(example: Example, scores: WordScores, labels: Sequence[str]) -> NDArray[np.int64]:
    """Return the number of each word's given label, and that of outside for words in no span."""
    number = {label: place for place, label in enumerate(labels)}
    found = np.full(len(scores.words), len(labels), dtype=np.int64)
    spans = [span for span in example.target or () if isinstance(span, Span)]
    for place, (start, end) in enumerate(scores.words):
        for span in spans:
            if span.start < end and start < span.end:
                found[place] = number[span.label]
                break
    return found


def _issues(given: NDArray[np.int64], probabilities: Floats) -> list[bool]:
    """Return for each row whether it is among as many as confident learning takes to be wrong, by self-confidence."""
    from cleanlab.filter import find_label_issues

    if len(set(given.tolist())) < 2:
        return [False] * len(given)  # With one label there is nothing it could have been.
    found: NDArray[Any] = find_label_issues(given, probabilities, filter_by="low_self_confidence", n_jobs=1)
    return [bool(value) for value in found]


def _issues_by_label(given: NDArray[np.bool_], probabilities: Floats) -> NDArray[np.bool_]:
    from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class

    if not given.size:
        return np.zeros(given.shape, dtype=bool)
    lists = [np.flatnonzero(row).tolist() for row in given]
    found = find_multilabel_issues_per_class(lists, probabilities, n_jobs=1)
    return np.asarray(found, dtype=bool)


def _likely_words(given: Sequence[NDArray[np.int64]], words: Sequence[WordScores]) -> set[int]:
    """Return the rows with a word that confident learning takes to be labelled wrong."""
    from cleanlab.token_classification.filter import find_label_issues

    rows = [row for row, labels in enumerate(given) if len(labels)]
    if len({label for row in rows for label in given[row].tolist()}) < 2:
        return set()
    issues: list[tuple[int, int]] = find_label_issues(
        [given[row].tolist() for row in rows], [words[row].probabilities for row in rows], n_jobs=1
    )
    return {rows[sentence] for sentence, _word in issues}
