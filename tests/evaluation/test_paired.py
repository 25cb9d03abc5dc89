from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunery.data.dataset import Split
from tunery.errors import DataError
from tunery.evaluation import Comparison, compare, evaluate
from tunery.tasks import Task
from tunery.types import Example, Prediction


def answers(rows: Split, accuracy: float, seed: int) -> list[Prediction]:
    """Answers of which about ``accuracy`` are right."""
    generator = np.random.default_rng(seed)
    labels = sorted({str(row.target) for row in rows})
    return [
        Prediction(str(row.target) if hit else labels[int(generator.integers(len(labels)))])
        for row, hit in zip(rows, generator.random(len(rows)) < accuracy, strict=True)
    ]


@pytest.fixture(scope="session")
def improved(fixed: Any, intents: tuple[Split, Split]) -> Comparison:
    """Two predictors of which the second is right seven times in a hundred more."""
    from tunery import tasks

    test = intents[1]
    one, other = (fixed((), answers(test, accuracy, seed)) for accuracy, seed in ((0.85, 1), (0.92, 2)))
    return compare(one, other, test, tasks.get("text-classification"), names=("old", "new"))


def test_a_real_improvement_is_called_one(improved: Comparison) -> None:
    assert improved.better == "new"
    low, high = improved.main.interval
    assert 0 < low < improved.main.difference < high
    assert improved.main.p_value < 0.001
    assert improved.verdict == (
        f"new is better than old by {100 * improved.main.difference:.1f} points of Macro F1 "
        f"(95% interval {100 * low:.1f} to {100 * high:.1f}, p < 0.001) on 3080 rows of test."
    )


def test_the_order_of_the_two_changes_the_sign_only(fixed: Any, intents: tuple[Split, Split], task: Task) -> None:
    test = intents[1][:400]
    one, other = fixed((), answers(test, 0.7, 1)), fixed((), answers(test, 0.9, 2))
    forth, back = compare(one, other, test, task), compare(other, one, test, task)
    assert forth.main.difference == -back.main.difference
    assert forth.main.interval == pytest.approx(tuple(-end for end in reversed(back.main.interval)))
    assert (forth.better, back.better) == ("B", "A")
    assert back.verdict.startswith("A is better than B by ")


def test_a_predictor_is_never_better_than_itself(words: Any, complaints: tuple[Split, Split], task: Task) -> None:
    comparison = compare(words, words, complaints[1], task)
    assert comparison.better is None
    assert all(item.difference == 0 and item.p_value == 1.0 for item in comparison.metrics.values())
    assert comparison.verdict == (
        "No difference beyond chance at this size of test: Macro F1 on 91 rows of test, B minus A is +0.0 points "
        "(95% interval +0.0 to +0.0, p = 1.000)."
    )


def test_both_are_measured_as_in_their_reports(names: Any, medical: tuple[Split, Split], entities: Task) -> None:
    class Careful:
        """Leaves out what it is not sure of."""

        labels = names.labels

        def predict(self, inputs: list[Any]) -> list[Prediction]:
            return [Prediction(tuple(s for s in p.spans if (s.score or 0) > 0.6)) for p in names.predict(inputs)]

    comparison = compare(names, Careful(), medical[1], entities)
    one, other = (evaluate(each, medical[1], entities) for each in (names, Careful()))
    for metric, item in comparison.metrics.items():
        assert (item.first, item.second) == (one.metrics[metric], other.metrics[metric])
    for label, item in comparison.per_label.items():
        assert item.first == one.entities[label].f1
        assert item.support == one.entities[label].support
    assert sum(comparison.agreement.model_dump().values()) == len(medical[1])


def test_among_many_labels_p_allows_for_their_number(improved: Comparison) -> None:
    assert len(improved.per_label) == 77
    assert improved.trials == 77 * 50
    assert all(item.p_holm >= item.p_value for item in improved.per_label.values())
    # The smallest p that can come out must survive the correction, or no label could ever be called better.
    assert 77 / (improved.trials + 1) < 0.05


def test_rows_that_only_one_got_right_are_shown(improved: Comparison) -> None:
    assert len(improved.first_right) == len(improved.second_right) == 10
    assert all(row.first == row.expected != row.second for row in improved.first_right)
    assert all(row.second == row.expected != row.first for row in improved.second_right)
    text = str(improved)
    assert "Only old is right" in text
    assert f"line {improved.second_right[0].line}: " in text


def test_a_comparison_comes_back_from_its_json(improved: Comparison, tmp_path: Path) -> None:
    improved.to_json(tmp_path / "comparison.json")
    values = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert values["better"] == "new"
    assert values["verdict"] == improved.verdict
    assert Comparison.from_dict(values) == improved


def test_rows_without_a_right_answer_are_refused(words: Any, task: Task) -> None:
    with pytest.raises(DataError, match="1 of 1 rows have no right answer to measure against"):
        compare(words, words, [Example("x")], task)


def test_text_and_repr_say_it_on_one_line(improved: Comparison) -> None:
    assert improved.verdict in str(improved).splitlines()
    assert repr(improved).startswith("Comparison(macro_f1 0.")
