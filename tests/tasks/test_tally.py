"""Scores are what scikit-learn and seqeval would give for the same answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.v1 import precision_recall_fscore_support as seqeval_scores
from seqeval.scheme import IOB2
from sklearn.metrics import accuracy_score, classification_report, precision_recall_fscore_support

from tunery import tasks
from tunery.tasks.tally import Tally, label_scores, metrics, scores
from tunery.types import Example, Prediction, Span

LABELS = ("a", "b", "c", "d")
TAGS = ("O", "B-x", "I-x", "B-y", "I-y")
label_pairs = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=40)
label_sets = st.lists(
    st.tuples(st.sets(st.sampled_from(LABELS)), st.sets(st.sampled_from(LABELS))), min_size=1, max_size=30
)
sentences = st.lists(
    st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), min_size=1, max_size=12), min_size=1, max_size=12
)


def classified(pairs: Sequence[tuple[object, object]]) -> dict[str, Tally]:
    examples = [Example("text", gold) for gold, _ in pairs]  # type: ignore[arg-type]
    predictions = [Prediction(given) for _, given in pairs]  # type: ignore[arg-type]
    return tasks.get("text-classification").tallies(examples, predictions, LABELS)


def mended(tags: Sequence[str]) -> list[str]:
    """IOB2 in which every I- continues an entity of its kind."""
    result: list[str] = []
    for tag in tags:
        goes_on = bool(result) and tag.startswith("I-") and result[-1] != "O" and result[-1][2:] == tag[2:]
        result.append(tag if tag == "O" or tag.startswith("B-") or goes_on else f"B-{tag[2:]}")
    return result


def spans_of(tags: Sequence[str]) -> tuple[Span, ...]:
    """Spans over words that are one letter and one space each."""
    found: list[Span] = []
    for word, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append(Span(2 * word, 2 * word + 1, tag[2:]))
        elif tag.startswith("I-"):
            found[-1] = Span(found[-1].start, 2 * word + 1, tag[2:])
    return tuple(found)


def tagged(gold: Sequence[Sequence[str]], given: Sequence[Sequence[str]]) -> dict[str, Tally]:
    examples = [
        Example(" ".join("w" * len(tags)), spans_of(tags), words=tuple((2 * i, 2 * i + 1) for i in range(len(tags))))
        for tags in gold
    ]
    return tasks.get("token-classification").tallies(
        examples, [Prediction(spans_of(tags)) for tags in given], ("x", "y")
    )


def assert_averages_agree(tally: Tally, gold: object, given: object) -> None:
    found = scores(tally)
    for average in ("micro", "macro", "weighted"):
        expected = precision_recall_fscore_support(gold, given, average=average, zero_division=0)
        for kind, value in zip(("precision", "recall", "f1"), expected[:3], strict=True):
            assert found[f"{average}_{kind}"][0] == pytest.approx(value), (average, kind)


@given(label_pairs)
def test_scores_of_single_labels_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    gold, given = zip(*pairs, strict=True)
    tally = classified(pairs)[""]
    assert_averages_agree(tally, gold, given)
    assert scores(tally)["accuracy"][0] == pytest.approx(accuracy_score(gold, given))


@given(label_pairs)
def test_the_table_by_label_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    gold, given = zip(*pairs, strict=True)
    tally = classified(pairs)[""]
    found = label_scores(tally)
    report = classification_report(gold, given, labels=LABELS, output_dict=True, zero_division=0)
    for column, label in enumerate(LABELS):
        assert found["precision"][0, column] == pytest.approx(report[label]["precision"])
        assert found["recall"][0, column] == pytest.approx(report[label]["recall"])
        assert found["f1"][0, column] == pytest.approx(report[label]["f1-score"])
        assert tally.support[column] == report[label]["support"]


@given(label_sets)
def test_scores_of_label_sets_are_those_of_scikit_learn(pairs: list[tuple[set[str], set[str]]]) -> None:
    tally = classified([(tuple(sorted(gold)), tuple(sorted(given))) for gold, given in pairs])[""]
    gold, given = ([[label in labels for label in LABELS] for labels in side] for side in zip(*pairs, strict=True))
    gold, given = np.asarray(gold, dtype=int), np.asarray(given, dtype=int)
    # scikit-learn counts every column of a matrix in the macro average, ours only those that occur.
    occur = (gold.any(axis=0) | given.any(axis=0)).nonzero()[0]
    if len(occur) > 1:
        assert_averages_agree(tally, gold[:, occur], given[:, occur])
    assert scores(tally)["accuracy"][0] == pytest.approx(accuracy_score(gold, given))


@given(label_pairs, st.data())
def test_weighing_rows_is_the_same_as_repeating_them(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(pairs), max_size=len(pairs)).filter(any))
    repeated = [pair for pair, weight in zip(pairs, weights, strict=True) for _ in range(weight)]
    weighed = metrics(classified(pairs), np.asarray([weights]))
    for name, values in metrics(classified(repeated)).items():
        assert weighed[name][0] == pytest.approx(values[0]), name


@given(sentences)
def test_token_scores_are_those_of_scikit_learn_with_outside_as_a_label(
    rows: list[list[tuple[str, str]]],
) -> None:
    gold, given = ([mended([pair[side] for pair in row]) for row in rows] for side in (0, 1))
    tally = tagged(gold, given)[""]
    flat_gold, flat_given = ([tag for row in side for tag in row] for side in (gold, given))
    assert_averages_agree(tally, flat_gold, flat_given)
    assert scores(tally)["accuracy"][0] == pytest.approx(accuracy_score(flat_gold, flat_given))


@given(sentences)
def test_entity_scores_are_those_of_seqeval_in_strict_mode(rows: list[list[tuple[str, str]]]) -> None:
    gold, given = ([mended([pair[side] for pair in row]) for row in rows] for side in (0, 1))
    tally = tagged(gold, given)["entity"]
    if not any(tag != "O" for row in gold + given for tag in row):
        assert not metrics({"entity": tally})["entity_f1"][0]
        return  # seqeval can't score texts without any entity.
    found = scores(tally)
    for average in ("micro", "macro", "weighted"):
        expected = seqeval_scores(gold, given, average=average, scheme=IOB2, zero_division=0)
        for kind, value in zip(("precision", "recall", "f1"), expected[:3], strict=True):
            assert found[f"{average}_{kind}"][0] == pytest.approx(value), (average, kind)


def test_named_tallies_give_their_micro_average_with_the_name_in_front() -> None:
    found = metrics(tagged([["B-x", "I-x", "O"]], [["B-x", "O", "B-y"]]))
    assert found["entity_f1"][0] == 0.0
    assert found["accuracy"][0] == pytest.approx(1 / 3)
    assert {name for name in found if name.startswith("entity_")} == {"entity_precision", "entity_recall", "entity_f1"}


def test_a_row_of_each_kind_can_be_taken_out() -> None:
    tally = classified([("a", "a"), ("a", "b"), ("c", "c")])[""]
    assert scores(tally.take(np.asarray([0, 2])))["accuracy"][0] == 1.0
    assert len(tally.take(np.asarray([1]))) == 1
