"""Token classification: labelled spans of a text, found word by word.

Words are tagged in IOB2 (Ramshaw and Marcus 1995, as used by CoNLL-2002): ``B-x`` begins an entity of kind x, ``I-x``
goes on with it, ``O`` is outside. The head has one output for each tag; its answer for a word is read at the word's
first sub-token. Decoding takes the most probable sequence of tags in which every ``I-x`` follows ``B-x`` or ``I-x``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from tunery.data.dataset import Schema
from tunery.i18n import N_
from tunery.tasks import loss
from tunery.tasks.base import Confusion, Decision, Encoding, Logits, LossSettings, Task
from tunery.tasks.encoding import Ids, TextEncoder, WordPieces, word_windows
from tunery.tasks.tally import Counts, Tally
from tunery.tasks.words import WordRule, choose_rule, split_words
from tunery.types import Example, Offsets, Prediction, Span

if TYPE_CHECKING:
    from torch import Tensor

OUTSIDE = "O"


@dataclass(frozen=True, slots=True)
class WordScores:
    """How probable each label is for each word of a text.

    Attributes:
        words: The words, as offsets.
        probabilities: Words x labels, in the order of the data set's labels, and outside last.
    """

    words: tuple[Offsets, ...]
    probabilities: NDArray[np.float64]


class TokenClassification(Task):
    """Finds the stretches of a text that have a label: names, places, diseases."""

    name: ClassVar[str] = "token-classification"
    reads: ClassVar[Schema] = Schema(target="spans")
    auto_class: ClassVar[str] = "AutoModelForTokenClassification"
    metric: ClassVar[str] = "entity_f1"

    words: WordRule | None = Field(
        default=None, description=N_("How raw text is split into words. Default: the way the training data was.")
    )

    context: int = Field(
        default=0, ge=0, le=8,
        description=N_("How many sentences of the same document are read before and after each, as far as they fit."),
    )  # fmt: skip

    @property
    @override
    def reach(self) -> int:
        return self.context

    @override
    def prepare(self, examples: Sequence[Example]) -> TokenClassification:
        return self if self.words else self.model_copy(update={"words": choose_rule(examples)})

    @override
    def outputs(self, labels: Sequence[str]) -> tuple[str, ...]:
        return (*(f"{prefix}-{label}" for label in labels for prefix in ("B", "I")), OUTSIDE)

    @override
    def configure(self, labels: Sequence[str]) -> dict[str, Any]:
        tags = self.outputs(labels)
        return {"id2label": dict(enumerate(tags)), "label2id": {tag: index for index, tag in enumerate(tags)}}

    @override
    def encode(self, examples: Sequence[Example], encoder: TextEncoder, labels: Sequence[str]) -> list[Encoding]:
        index = {tag: number for number, tag in enumerate(self.outputs(labels))}
        room = self._room(encoder)
        result: list[Encoding] = []
        offsets = [self.words_of(example) for example in examples]
        sentences = _pieces(examples, offsets, encoder)
        for row, pieces in enumerate(sentences):
            gold = _gold(examples[row], offsets[row], index)
            before, after = _around(examples, [one.ids for one in sentences], row, self.context, room)
            windows = word_windows(pieces.starts, len(pieces.ids), room, self.overlap)
            for first, last in windows:
                start = int(pieces.starts[first]) if last > first else 0
                stop = int(pieces.starts[last]) if last < len(pieces.starts) else len(pieces.ids)
                result.append(
                    Encoding(
                        row,
                        encoder.window(np.concatenate([before, pieces.ids[start:stop], after])),
                        positions=pieces.starts[first:last] - start + len(encoder.prefix) + len(before),
                        words=np.arange(first, last, dtype=np.int32),
                        labels=gold[first:last] if gold is not None else np.zeros(0, np.int32),
                        weight=1.0 / len(windows),
                    )
                )
        return result

    @override
    def encode_to_learn(
        self, examples: Sequence[Example], encoder: TextEncoder, labels: Sequence[str]
    ) -> list[Encoding]:
        if not self.context:
            return self.encode(examples, encoder, labels)
        index = {tag: number for number, tag in enumerate(self.outputs(labels))}
        alone = self.model_copy(update={"context": 0})
        offsets = [self.words_of(example) for example in examples]
        sentences = _pieces(examples, offsets, encoder)
        lengths = [len(pieces.ids) for pieces in sentences]
        result: list[Encoding] = []
        for first, last in _passages(examples, lengths, 2 * self.context + 1, self._room(encoder)):
            if last - first == 1:  # It may be longer than a window.
                windows = alone.encode(examples[first:last], encoder, labels)
                result += [replace(window, row=first) for window in windows]
            else:
                tags = [_gold(examples[row], offsets[row], index) for row in range(first, last)]
                result.append(_passage(first, sentences[first:last], tags, encoder))
        return result

    def _room(self, encoder: TextEncoder) -> int:
        """Return how many tokens of text fit into a window."""
        return min(encoder.room, self.max_length - encoder.limit + encoder.room) if self.max_length else encoder.room

    @override
    def loss(self, logits: Tensor, batch: Mapping[str, Tensor], settings: LossSettings) -> Tensor:
        return loss.one_of(logits, batch["labels"], settings)

    @override
    def class_counts(self, encodings: Sequence[Encoding], outputs: int) -> NDArray[np.int64]:
        labels = np.concatenate([encoding.labels for encoding in encodings])
        return np.bincount(labels[labels >= 0].astype(np.int64), minlength=outputs)

    @override
    def decode(
        self, example: Example, windows: Sequence[tuple[Encoding, Logits]], labels: Sequence[str], threshold: float
    ) -> Prediction:
        del threshold
        offsets = self.words_of(example)
        if not offsets:
            return Prediction((), None, {}, len(windows))
        logits = _merge(windows, len(offsets))
        log_probabilities = logits - _log_sum_exp(logits)
        tags = _best_path(log_probabilities, len(labels))
        spans = list(_spans(tags, np.exp(log_probabilities), offsets, labels))
        sure = min((span.score for span in spans if span.score is not None), default=None)
        return Prediction(tuple(spans), sure, {}, len(windows))

    def word_scores(
        self, example: Example, windows: Sequence[tuple[Encoding, Logits]], labels: Sequence[str]
    ) -> WordScores:
        """Return how probable each label is for each word, whether it begins a span there or goes on with it.

        Args:
            example: The example.
            windows: Its encodings with their logits.
            labels: The data set's labels.
        """
        offsets = self.words_of(example)
        if not offsets:
            return WordScores((), np.zeros((0, len(labels) + 1)))
        logits = _merge(windows, len(offsets))
        tags = np.exp(logits - _log_sum_exp(logits))
        both = tags[:, :-1].reshape(len(offsets), len(labels), 2).sum(axis=2)
        return WordScores(offsets, np.concatenate([both, tags[:, -1:]], axis=1))

    @override
    def tallies(
        self, examples: Sequence[Example], predictions: Sequence[Prediction], labels: Sequence[str]
    ) -> dict[str, Tally]:
        tags = self.outputs(labels)
        index = {tag: number for number, tag in enumerate(tags)}
        gold_tags, given_tags = [], []
        for example, prediction in zip(examples, predictions, strict=True):
            words = self.words_of(example)
            gold_tags.append(_tags(_entities(example.target), words, index))
            given_tags.append(_tags(prediction.spans, words, index))
        return {
            "": _tag_tally(tags, gold_tags, given_tags),
            "entity": _entity_tally(labels, [_entities(example.target) for example in examples], predictions),
        }

    @override
    def confusion(
        self, examples: Sequence[Example], predictions: Sequence[Prediction], labels: Sequence[str]
    ) -> Confusion | None:
        names = (*labels, OUTSIDE)
        index = {tag: number for number, tag in enumerate(self.outputs(labels))}
        counts = np.zeros((len(names), len(names)), dtype=np.int64)
        for example, prediction in zip(examples, predictions, strict=True):
            words = self.words_of(example)
            gold = _tags(_entities(example.target), words, index)
            given = _tags(prediction.spans, words, index)
            # Two tags for every label, then O: halving a tag's number gives its label's.
            np.add.at(counts, (gold // 2, given // 2), 1)
        return Confusion(names, counts)

    @override
    def decisions(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Decision]:
        result: list[Decision] = []
        for row, (example, prediction) in enumerate(zip(examples, predictions, strict=True)):
            gold = _entities(example.target)
            for span in prediction.spans:
                if span.score is not None:
                    expected = "; ".join(_show(example.text, other) for other in gold if _overlap(span, other))
                    right = any(span == other for other in gold)
                    result.append(Decision(row, span.score, right, expected or OUTSIDE, _show(example.text, span)))
        return result

    @override
    def majority(self, examples: Sequence[Example]) -> Prediction:
        del examples  # Most words belong to no entity in any real text.
        return Prediction(())

    def words_of(self, example: Example) -> tuple[Offsets, ...]:
        """Return the words that are labelled, as offsets: the annotators' own, or those of raw text."""
        return example.words if example.words is not None else split_words(example.text, self.words or "punctuation")


def _around(examples: Sequence[Example], sentences: Sequence[Ids], row: int, reach: int, room: int) -> tuple[Ids, Ids]:
    """Return the tokens of the sentences around one, as many as fit beside it; its nearest come first.

    Each side gets half of the room, and what the other leaves.
    """
    before = _neighbours(examples, sentences, range(row - 1, row - 1 - reach, -1), row)[::-1]
    after = _neighbours(examples, sentences, range(row + 1, row + 1 + reach), row)
    left, right = (np.concatenate([np.zeros(0, np.int32), *part]) for part in (before, after))
    spare = max(0, room - len(sentences[row]))
    keep = min(len(left), max(spare // 2, spare - len(right)))
    return left[len(left) - keep :], right[: min(len(right), spare - keep)]


def _passages(examples: Sequence[Example], lengths: Sequence[int], most: int, room: int) -> Iterator[tuple[int, int]]:
    """Yield where passages begin and end: at most ``most`` rows of one document that follow each other and fit."""
    first = tokens = 0
    for row, example in enumerate(examples):
        same = example.document is not None and example.document == examples[first].document
        if row > first and not (same and row - first < most and tokens + lengths[row] <= room):
            yield first, row
            first, tokens = row, 0
        tokens += lengths[row]
    if examples:
        yield first, len(examples)


def _passage(
    row: int, sentences: Sequence[WordPieces], gold: Sequence[NDArray[np.int32] | None], encoder: TextEncoder
) -> Encoding:
    """Return a window of several sentences, all of whose labels are learned.

    Args:
        row: The first one's row.
        sentences: Their sub-tokens.
        gold: Their tags; a sentence without is only read.
        encoder: Gives the special tokens.
    """
    before = len(encoder.prefix) + np.cumsum([0, *(len(one.ids) for one in sentences[:-1])], dtype=np.int32)
    tags = [
        np.full(len(one.starts), loss.IGNORED, np.int32) if known is None else known
        for one, known in zip(sentences, gold, strict=True)
    ]
    learned = sum(known is not None and len(known) > 0 for known in gold)
    return Encoding(
        row,
        encoder.window(np.concatenate([one.ids for one in sentences])),
        positions=np.concatenate([one.starts + shift for one, shift in zip(sentences, before, strict=True)]),
        words=np.concatenate([np.arange(len(one.starts), dtype=np.int32) for one in sentences]),
        labels=np.concatenate(tags) if learned else np.zeros(0, np.int32),
        weight=float(learned),
    )


def _neighbours(examples: Sequence[Example], sentences: Sequence[Ids], rows: range, row: int) -> list[Ids]:
    document = examples[row].document
    found: list[Ids] = []
    for other in rows:
        if document is None or not 0 <= other < len(examples) or examples[other].document != document:
            break
        found.append(sentences[other])
    return found


def _pieces(
    examples: Sequence[Example], offsets: Sequence[Sequence[Offsets]], encoder: TextEncoder
) -> list[WordPieces]:
    """Return the sub-tokens of each example's words."""
    words = [[example.text[a:b] for a, b in row] for example, row in zip(examples, offsets, strict=True)]
    spaced = [[_after_space(example.text, a) for a, _ in row] for example, row in zip(examples, offsets, strict=True)]
    return list(encoder.words(words, spaced))


def _after_space(text: str, start: int) -> bool:
    return start == 0 or text[start - 1].isspace()


def _entities(target: object) -> tuple[Span, ...]:
    return cast("tuple[Span, ...]", target or ())


def _show(text: str, span: Span) -> str:
    return f"{text[span.start : span.end]} [{span.label}]"


def _overlap(first: Span, second: Span) -> bool:
    return first.start < second.end and second.start < first.end


def _tags(spans: Iterable[Span], words: Sequence[Offsets], index: Mapping[str, int]) -> NDArray[np.int32]:
    """Return the number of each word's tag: a word belongs to the first span that it shares a character with."""
    tags = np.full(len(words), index[OUTSIDE], dtype=np.int32)
    ends = np.asarray([end for _, end in words], dtype=np.int64)
    taken = 0
    for span in sorted(spans):
        word = max(taken, int(np.searchsorted(ends, span.start, side="right")))
        prefix = "B"
        while word < len(words) and words[word][0] < span.end:
            tags[word] = index.get(f"{prefix}-{span.label}", loss.IGNORED)
            prefix = "I"
            word += 1
        taken = word
    return tags


def _gold(example: Example, words: Sequence[Offsets], index: Mapping[str, int]) -> NDArray[np.int32] | None:
    return None if example.target is None else _tags(_entities(example.target), words, index)


def _merge(windows: Sequence[tuple[Encoding, Logits]], count: int) -> NDArray[np.float64]:
    """Return words x tags, each word's logits from the window in which it has most text on both sides."""
    if len(windows) == 1:
        return windows[0][1].astype(np.float64)
    merged = np.zeros((count, windows[0][1].shape[1]), dtype=np.float64)
    context = np.full(count, -1, dtype=np.int64)
    for encoding, logits in windows:
        inside = np.arange(len(encoding.words))
        sides = np.minimum(inside, inside[::-1])
        better = sides > context[encoding.words]
        words = encoding.words[better]
        merged[words] = logits[better]
        context[words] = sides[better]
    return merged


def _log_sum_exp(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    top = logits.max(axis=-1, keepdims=True)
    return np.asarray(top + np.log(np.exp(logits - top).sum(axis=-1, keepdims=True)))


def _best_path(scores: NDArray[np.float64], labels: int) -> NDArray[np.int64]:
    """Return the best sequence of tags in which ``I-x`` only follows ``B-x`` or ``I-x``.

    Args:
        scores: Words x tags, log-probabilities; tags are ``B-0, I-0, B-1, I-1, ..., O``.
        labels: How many labels there are.
    """
    best = scores.argmax(axis=1)
    before = np.concatenate([[2 * labels], best[:-1]])
    inside = (best % 2 == 1) & (best < 2 * labels)
    if not (inside & (before // 2 != best // 2)).any():
        return np.asarray(best)  # The best tag of each word taken alone is already a valid sequence.
    return _viterbi(scores, labels)


def _viterbi(scores: NDArray[np.float64], labels: int) -> NDArray[np.int64]:
    """Viterbi's algorithm; an ``I-x`` has two possible predecessors, every other tag any."""
    count, tags = scores.shape
    begins, insides = np.arange(labels) * 2, np.arange(labels) * 2 + 1
    back = np.zeros((count, tags), dtype=np.int64)
    total = scores[0].copy()
    total[insides] = -np.inf
    for word in range(1, count):
        back[word] = total.argmax()
        reached = np.full(tags, total.max())
        goes_on = total[insides] > total[begins]
        back[word, insides] = np.where(goes_on, insides, begins)
        reached[insides] = np.maximum(total[insides], total[begins])
        total = reached + scores[word]
    path = np.zeros(count, dtype=np.int64)
    path[-1] = total.argmax()
    for word in range(count - 1, 0, -1):
        path[word - 1] = back[word, path[word]]
    return path


def _spans(
    tags: NDArray[np.int64], probabilities: NDArray[np.float64], words: Sequence[Offsets], labels: Sequence[str]
) -> Iterable[Span]:
    """Yield the spans of a valid tag sequence; a span is as sure as its least sure word."""
    word = 0
    while word < len(tags):
        if tags[word] == 2 * len(labels):
            word += 1
            continue
        first = word
        word += 1
        while word < len(tags) and tags[word] == 2 * (tags[first] // 2) + 1:
            word += 1
        inside = np.arange(first, word)
        score = float(probabilities[inside, tags[inside]].min())
        yield Span(words[first][0], words[word - 1][1], labels[int(tags[first]) // 2], score)


def _tag_tally(tags: Sequence[str], gold: Sequence[NDArray[np.int32]], given: Sequence[NDArray[np.int32]]) -> Tally:
    hits, wrong, missed = (np.zeros((len(gold), len(tags)), dtype=np.int32) for _ in range(3))
    for row, (expected, answered) in enumerate(zip(gold, given, strict=True)):
        right = expected == answered
        np.add.at(hits[row], expected[right], 1)
        np.add.at(wrong[row], answered[~right], 1)
        np.add.at(missed[row], expected[~right], 1)
    decisions = np.asarray([len(row) for row in gold], dtype=np.int32)
    return Tally(tuple(tags), hits, wrong, missed, hits.sum(axis=1, dtype=np.int32), decisions)


def _entity_tally(labels: Sequence[str], gold: Sequence[Sequence[Span]], predictions: Sequence[Prediction]) -> Tally:
    index = {label: number for number, label in enumerate(labels)}
    hits, wrong, missed = (np.zeros((len(gold), len(labels)), dtype=np.int32) for _ in range(3))

    def count(into: Counts, row: int, spans: Iterable[Span]) -> None:
        for span in spans:
            into[row, index[span.label]] += 1

    for row, (expected, prediction) in enumerate(zip(gold, predictions, strict=True)):
        right, answered = set(expected), set(prediction.spans)
        count(hits, row, right & answered)
        count(wrong, row, answered - right)
        count(missed, row, right - answered)
    exact = ((wrong.sum(axis=1) + missed.sum(axis=1)) == 0).astype(np.int32)
    return Tally(tuple(labels), hits, wrong, missed, exact, np.ones(len(gold), dtype=np.int32))
