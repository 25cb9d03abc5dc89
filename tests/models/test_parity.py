"""The gate's figures: what is counted as the same, how far apart probabilities are, and what is said of a failure."""

from __future__ import annotations

import numpy as np
import pytest

from tunery import tasks
from tunery.models.export.parity import Answers, agreement, distance, evenly, judge
from tunery.models.manifest import Measured
from tunery.types import Example, Prediction, Span, Target

ONE = tasks.get("text-classification", multi_label=False, at_least_one=True)
SEVERAL = tasks.get("text-classification", multi_label=True, at_least_one=False)
ENTITIES = tasks.get("token-classification", words="punctuation")


def answers(*targets: Target) -> Answers:
    return Answers([Prediction(target) for target in targets], [], [])


def of_texts(*probabilities: list[float]) -> Answers:
    rows = [np.asarray([row], dtype=np.float32) for row in probabilities]
    return Answers([Prediction("a") for _ in rows], [np.asarray([1, 2], np.int32) for _ in rows], rows)


def measured(**changes: float) -> Measured:
    values = {"agreement": 1.0, "metric": 0.9, "distance": 0.0, "megabytes": 90.0} | changes
    return Measured(**{"texts_per_second": 100.0, "alone_per_second": 50.0, **values})


def test_a_text_with_another_label_counts_once() -> None:
    rows = [Example(text) for text in "wxyz"]
    found = agreement(ONE, ("a", "b"), rows, answers("a", "b", "a", "a"), answers("a", "b", "a", "b"))
    assert found == pytest.approx(0.75)


def test_of_several_labels_every_yes_and_no_counts() -> None:
    rows = [Example("x"), Example("y")]
    found = agreement(SEVERAL, ("a", "b", "c"), rows, answers(("a",), ("b", "c")), answers(("a", "b"), ("b",)))
    assert found == pytest.approx(1 - 2 / 6)


def test_of_entities_every_word_counts() -> None:
    rows = [Example("Ann met Bob in Rome")]
    one, other = (Span(0, 3, "PER"), Span(15, 19, "LOC")), (Span(0, 3, "PER"), Span(8, 11, "PER"))
    assert agreement(ENTITIES, ("LOC", "PER"), rows, answers(one), answers(other)) == pytest.approx(3 / 5)
    assert agreement(ENTITIES, ("LOC", "PER"), [Example("")], answers(()), answers(())) == 1.0


def test_the_worst_row_of_a_hundred_is_forgiven_and_the_next_is_not() -> None:
    same = [[0.5, 0.5]] * 198
    one = of_texts(*same, [0.5, 0.5], [0.5, 0.5])
    assert distance(one, of_texts(*same, [0.5, 0.5], [1.0, 0.0])) == pytest.approx(0.0)
    assert distance(one, of_texts(*same[2:], *[[0.8, 0.2]] * 4)) == pytest.approx(0.3)


def test_a_text_read_as_other_tokens_is_as_far_as_can_be() -> None:
    one, other = of_texts([0.5, 0.5]), of_texts([0.5, 0.5])
    other.tokens[0] = np.asarray([1, 3, 2], np.int32)
    assert distance(one, other) == 1.0


def test_rows_are_taken_evenly() -> None:
    assert evenly(range(5), 10) == [0, 1, 2, 3, 4]
    assert evenly(range(101), 3) == [0, 50, 100]


def test_what_passes_has_no_failure() -> None:
    reference = measured()
    assert judge(ONE, measured(agreement=0.996, metric=0.8975, alone_per_second=60.0), reference).failed == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"agreement": 0.9878}, "labels agree in 98.78% of all cases, and 99.5% are asked for"),
        ({"metric": 0.89}, "macro_f1 on dev is 0.8900 instead of 0.9000: 1.0 points, and 0.3 are allowed"),
        ({"metric": 0.91}, "macro_f1 on dev is 0.9100 instead of 0.9000: 1.0 points, and 0.3 are allowed"),
        ({"distance": 0.164}, "probabilities move by up to 0.164 in 99 of 100 rows, and 0.05 is allowed"),
        (
            {"alone_per_second": 45.0},
            "it is not faster than torch here: 45 texts a second one by one (torch 50), 101 in batches (torch 100)",
        ),
    ],
)
def test_each_condition_says_what_was_found(changes: dict[str, float], words: str) -> None:
    reference = measured()
    faster = {"texts_per_second": 101.0, "alone_per_second": 51.0}
    assert judge(ONE, measured(**(faster | changes)), reference).failed == (words,)


def test_twice_as_fast_alone_outweighs_a_little_slower_in_batches_and_not_the_other_way_round() -> None:
    reference = measured()
    assert not judge(ONE, measured(alone_per_second=100.0, texts_per_second=60.0), reference).failed
    assert judge(ONE, measured(alone_per_second=50.0, texts_per_second=99.0), reference).failed


def test_all_failures_are_told_at_once() -> None:
    found = judge(ONE, measured(agreement=0.5, distance=0.9, metric=0.1, alone_per_second=1.0), measured())
    assert len(found.failed) == 4


def test_a_few_rows_show_nothing_but_rounding() -> None:
    changed = measured(distance=0.01, alone_per_second=200.0, texts_per_second=400.0)
    assert judge(ONE, changed, measured(), rows=200).failed == ()
    assert judge(ONE, changed, measured(), rows=15).failed == (
        "answers change, and 15 rows are too few to show how seldom: 200 are needed",
    )
    rounded = measured(distance=0.0001, alone_per_second=200.0, texts_per_second=400.0)
    assert judge(ONE, rounded, measured(), rows=15).failed == ()
