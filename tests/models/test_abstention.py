"""From which score on answers are given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.errors import ModelError
from tunery.models.export.abstention import choose_threshold, scored
from tunery.types import Example, Prediction, Span


def test_the_lowest_score_is_taken_from_which_on_answers_are_right_often_enough() -> None:
    scores = np.linspace(0.5, 1.0, 1000)
    right = [score > 0.7 or place % 2 == 0 for place, score in enumerate(scores)]
    found = choose_threshold(scores.tolist(), right, 0.95)
    answered = [hit for score, hit in zip(scores, right, strict=True) if score >= found.threshold]
    assert found.accuracy == pytest.approx(np.mean(answered))
    assert found.answered == pytest.approx(len(answered) / 1000)
    assert 0.95 < found.accuracy < 0.97  # A little more than was asked for, so that it holds on other texts.
    assert 0.65 < found.threshold < 0.7
    assert found.refused is None
    assert found.rows == 1000


def test_where_all_are_right_often_enough_all_are_answered() -> None:
    found = choose_threshold([0.3, 0.9, 0.8] * 100, [True] * 300, 0.95)
    assert (found.threshold, found.accuracy, found.answered) == (0.0, 1.0, 1.0)


def test_a_handful_of_right_answers_shows_nothing() -> None:
    with pytest.raises(ModelError) as caught:
        choose_threshold([0.9] * 20, [True] * 20, 0.95)
    assert str(caught.value) == (
        "20 rows of dev don't show that 95.0% of answers can be right: of the surest 20, 100.0% are, which shows 88.1% "
        "at 95% confidence. Ask for less with --accuracy, or give more labelled rows with --data."
    )
    assert choose_threshold([0.9] * 60, [True] * 60, 0.95).answered == 1.0


def test_equal_scores_are_answered_together() -> None:
    scores, right = [0.9] * 200 + [0.5] * 100, [True] * 200 + [True, False] * 50
    found = choose_threshold(scores, right, 0.95)
    assert found.answered == pytest.approx(2 / 3)
    assert found.threshold == pytest.approx(0.7)


def test_texts_that_no_label_fits_move_the_threshold_between_the_two_kinds() -> None:
    found = choose_threshold([0.9, 0.8, 0.7, 0.4], [True, True, False, True], None, [0.5, 0.6, 0.2, 0.75])
    assert found.threshold == pytest.approx(0.65)
    assert (found.answered, found.refused) == (0.75, 0.75)
    assert found.accuracy == pytest.approx(2 / 3)


def test_texts_that_no_label_fits_never_cost_the_accuracy_asked_for() -> None:
    scores, right = [0.9] * 200 + [0.5] * 100, [True] * 200 + [False] * 100
    found = choose_threshold(scores, right, 0.95, [0.1, 0.2])
    assert found.accuracy == 1.0
    assert found.threshold == pytest.approx(0.7)
    assert found.refused == 1.0


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80),
    st.lists(st.floats(0, 1), max_size=20),
    st.sampled_from([None, 0.3, 0.6]),
)
def test_what_is_said_of_a_threshold_is_what_it_does(
    rows: list[tuple[float, bool]], strange: list[float], accuracy: float | None
) -> None:
    scores, right = [score for score, _hit in rows], [hit for _score, hit in rows]
    try:
        found = choose_threshold(scores, right, accuracy, strange)
    except ModelError:
        assert accuracy is not None
        return
    answered = [hit for score, hit in rows if score >= found.threshold]
    assert found.answered == pytest.approx(len(answered) / len(rows))
    assert found.accuracy == pytest.approx(np.mean(answered))
    assert accuracy is None or found.accuracy >= accuracy
    assert (found.refused is None) == (not strange)
    if strange:
        assert found.refused == pytest.approx(np.mean([score < found.threshold for score in strange]))


def test_an_answer_is_right_as_a_whole() -> None:
    spans = (Span(0, 3, "PER"), Span(8, 11, "PER"))
    examples = [Example("a", "x"), Example("b", ("x", "y")), Example("Ann met Bob", spans), Example("nobody", ())]
    predictions = [
        Prediction("x", 0.9), Prediction(("x",), 0.8), Prediction(spans[:1], 0.7), Prediction((), None),
    ]  # fmt: skip
    assert scored(examples, predictions) == ([0.9, 0.8, 0.7], [True, False, False])
    assert scored([examples[2]], [Prediction(spans, 0.6)]) == ([0.6], [True])


def test_without_scores_there_is_nothing_to_choose_by() -> None:
    with pytest.raises(ModelError, match="No answer on dev has a score"):
        choose_threshold([], [], 0.9)
