"""Entities: tags to spans and back, valid sequences, and counts as the field counts them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tunery.tasks import get
from tunery.tasks.base import Encoding
from tunery.tasks.tally import metrics
from tunery.types import Example, Prediction, Span

LABELS = ("LOC", "PER")
TASK = get("token-classification", words="whitespace")
TAGS = TASK.outputs(LABELS)


def decode(text: str, logits: np.ndarray) -> Prediction:
    words = np.arange(len(logits), dtype=np.int32)
    encoding = Encoding(0, np.zeros(len(logits), np.int32), positions=words, words=words)
    return TASK.decode(Example(text), [(encoding, logits.astype(np.float32))], LABELS, 0.5)


def valid(path: tuple[int, ...]) -> bool:
    tags = [TAGS[number] for number in path]
    return all(
        not tag.startswith("I-") or (i > 0 and tags[i - 1] in (f"B-{tag[2:]}", tag)) for i, tag in enumerate(tags)
    )


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.just(5)), elements=st.floats(-5, 5, width=32)))
def test_decoding_takes_the_most_probable_valid_sequence(logits: np.ndarray) -> None:
    text = " ".join("abcd"[: len(logits)])
    spans = decode(text, logits).spans
    scores = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    paths = (path for path in itertools.product(range(5), repeat=len(logits)) if valid(path))
    best = max(sum(scores[word, tag] for word, tag in enumerate(path)) for path in paths)
    tags = [TAGS.index("O")] * len(logits)
    for span in spans:
        for word in range(span.start // 2, (span.end + 1) // 2):
            tags[word] = TAGS.index(("B-" if word == span.start // 2 else "I-") + span.label)
    assert sum(scores[word, tag] for word, tag in enumerate(tags)) == pytest.approx(best, abs=1e-4)


def test_a_span_is_as_sure_as_its_least_sure_word() -> None:
    logits = np.log(np.array([[0.9, 0.025, 0.025, 0.025, 0.025], [0.1, 0.6, 0.1, 0.1, 0.1]]))
    (span,) = decode("New York", logits).spans
    assert (span.start, span.end, span.label) == (0, 8, "LOC")
    assert span.score == pytest.approx(0.6, abs=1e-3)


def test_a_word_in_two_windows_is_judged_where_it_has_more_around_it() -> None:
    def window(first: int, last: int, tag: int) -> tuple[Encoding, np.ndarray]:
        words = np.arange(first, last, dtype=np.int32)
        logits = np.full((last - first, 5), -4, dtype=np.float32)
        logits[:, tag] = 4
        return Encoding(0, np.zeros(last - first, np.int32), positions=words - first, words=words), logits

    text = "a b c d e f"
    prediction = TASK.decode(Example(text), [window(0, 4, 0), window(2, 6, 4)], LABELS, 0.5)
    assert [span.start for span in prediction.spans] == [0, 2, 4]  # c keeps the first window's answer, d the second's
    assert prediction.windows == 2


def test_counts_agree_with_scikit_learn_on_tokens_and_seqeval_on_entities() -> None:
    from seqeval.metrics.v1 import precision_recall_fscore_support as seqeval_scores
    from seqeval.scheme import IOB2
    from sklearn.metrics import precision_recall_fscore_support as sklearn_scores

    generator = np.random.default_rng(0)

    def random_spans(words: int) -> tuple[Span, ...]:
        spans, word = [], 0
        while word < words:
            length = int(generator.integers(1, 4))
            if generator.random() < 0.4 and word + length <= words:
                spans.append(Span(2 * word, 2 * (word + length) - 1, LABELS[int(generator.integers(2))]))
            word += length
        return tuple(spans)

    def tags(spans: tuple[Span, ...], words: int) -> list[str]:
        result = ["O"] * words
        for span in spans:
            for word in range(span.start // 2, (span.end + 1) // 2):
                result[word] = ("B-" if word == span.start // 2 else "I-") + span.label
        return result

    sizes = [int(size) for size in generator.integers(1, 15, 60)]
    gold = [random_spans(size) for size in sizes]
    given_spans = [
        random_spans(size) if generator.random() < 0.5 else spans for size, spans in zip(sizes, gold, strict=True)
    ]
    examples = [Example(" ".join("x" * size), spans) for size, spans in zip(sizes, gold, strict=True)]
    found = metrics(TASK.tallies(examples, [Prediction(spans) for spans in given_spans], LABELS))
    gold_tags = [tags(spans, size) for spans, size in zip(gold, sizes, strict=True)]
    their_tags = [tags(spans, size) for spans, size in zip(given_spans, sizes, strict=True)]
    flat_gold, flat_theirs = list(itertools.chain(*gold_tags)), list(itertools.chain(*their_tags))
    for average in ("micro", "macro", "weighted"):
        precision, recall, f1, _ = sklearn_scores(flat_gold, flat_theirs, average=average, zero_division=0)
        assert found[f"{average}_precision"][0] == pytest.approx(precision)
        assert found[f"{average}_recall"][0] == pytest.approx(recall)
        assert found[f"{average}_f1"][0] == pytest.approx(f1)
    precision, recall, f1, _ = seqeval_scores(gold_tags, their_tags, average="micro", scheme=IOB2)
    assert found["entity_precision"][0] == pytest.approx(precision)
    assert found["entity_recall"][0] == pytest.approx(recall)
    assert found["entity_f1"][0] == pytest.approx(f1)


def test_neighbouring_entities_of_one_kind_stay_two() -> None:
    example = Example("Ann Bob", (Span(0, 3, "PER"), Span(4, 7, "PER")))
    joined = Prediction((Span(0, 7, "PER"),))
    found = metrics(TASK.tallies([example], [joined], LABELS))
    assert found["entity_f1"][0] == 0.0
    assert found["accuracy"][0] == 0.5


def test_the_confusion_goes_by_kind_and_counts_words() -> None:
    example = Example("Ann saw Rome", (Span(0, 3, "PER"), Span(8, 12, "LOC")))
    confusion = TASK.confusion([example], [Prediction((Span(0, 3, "LOC"), Span(8, 12, "LOC")))], LABELS)
    assert confusion is not None
    assert confusion.labels == ("LOC", "PER", "O")
    assert confusion.counts.tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]


def test_a_decision_is_right_only_with_both_boundaries_and_the_label() -> None:
    example = Example("New York", (Span(0, 8, "LOC"),))
    decisions = TASK.decisions([example], [Prediction((Span(0, 3, "LOC", 0.7),))])
    assert [(d.right, d.confidence, d.expected, d.answered) for d in decisions] == [
        (False, 0.7, "New York [LOC]", "New [LOC]")
    ]
