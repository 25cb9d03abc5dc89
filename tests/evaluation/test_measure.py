from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import classification_report

from tunery.data.dataset import Split
from tunery.errors import DataError, ModelError, SourceError
from tunery.evaluation import Report, evaluate
from tunery.evaluation.calibration import wilson
from tunery.tasks import Task
from tunery.types import Example, Input, Prediction, Span

ROWS = [
    Example("one", "a", line=2),
    Example("two", "b", line=3),
    Example("three", "b", line=5),
    Example("four", "a", line=6),
]
RIGHT = [Prediction("a", 0.9), Prediction("b", 0.8), Prediction("b", 0.7), Prediction("a", 0.6)]


def test_the_table_is_the_one_that_scikit_learn_gives_for_the_same_answers(
    words: Any, complaints: tuple[Split, Split], task: Task
) -> None:
    test = complaints[1]
    report = evaluate(words, test, task)
    gold = [str(row.target) for row in test]
    expected = classification_report(
        gold, [p.label for p in words.predict(list(test))], output_dict=True, zero_division=0
    )
    assert report.metrics["accuracy"] == pytest.approx(expected["accuracy"])
    for average in ("macro", "weighted"):
        assert report.metrics[f"{average}_f1"] == pytest.approx(expected[f"{average} avg"]["f1-score"])
        assert report.metrics[f"{average}_recall"] == pytest.approx(expected[f"{average} avg"]["recall"])
    for label, scores in report.per_label.items():
        assert scores.f1 == pytest.approx(expected[label]["f1-score"])
        assert scores.support == expected[label]["support"]


def test_json_has_what_other_programs_rely_on(words: Any, complaints: tuple[Split, Split], task: Task) -> None:
    values = json.loads(json.dumps(evaluate(words, complaints[1], task).to_dict()))
    assert values["task"] == "text-classification"
    assert values["split"] == "test"
    assert values["rows"] == 91
    assert values["model"] == "words"
    assert {"accuracy", "micro_f1", "macro_f1", "weighted_f1"} <= set(values["metrics"])
    assert set(values["intervals"]) == set(values["metrics"])
    assert all({"precision", "recall", "f1", "support"} <= set(scores) for scores in values["per_label"].values())
    assert values["windowed_rows"] == 0
    assert sum(part["count"] for part in values["calibration"]["bins"]) == 91
    assert values["baselines"]["probe"] == {"metrics": {}, "intervals": {}, "gains": {}, "missing": "not-given"}


def test_entities_are_counted_by_token_and_strictly(names: Any, medical: tuple[Split, Split], entities: Task) -> None:
    report = evaluate(names, medical[1], entities, baselines={"majority": _Nothing()})
    assert {"entity_precision", "entity_recall", "entity_f1"} <= set(report.metrics)
    assert report.per_label["O"].support + sum(s.support for tag, s in report.per_label.items() if tag != "O") == (
        report.decisions
    )
    gold = sum(len(row.target or ()) for row in medical[1])
    assert sum(scores.support for scores in report.entities.values()) == gold
    assert report.windowed_rows == sum(len(row.text) > 200 for row in medical[1]) > 0
    assert report.baselines["majority"].metrics["entity_f1"] == 0.0
    assert report.baselines["majority"].gains["entity_f1"].difference == report.metrics["entity_f1"]
    assert report.calibration is not None
    assert report.calibration.temperature == 1.25


class _Nothing:
    labels = ("disease",)

    def predict(self, inputs: list[Input]) -> list[Prediction]:
        return [Prediction(())] * len(inputs)


def test_every_number_lies_in_its_interval_and_few_rows_make_it_wide(
    words: Any, complaints: tuple[Split, Split], task: Task
) -> None:
    report = evaluate(words, complaints[1], task)
    few = evaluate(words, complaints[1][:30], task)
    for name, (low, high) in report.intervals.items():
        assert 0 <= low <= report.metrics[name] <= high <= 1, name
    low, high = report.intervals["accuracy"]
    expected = wilson(round(91 * report.metrics["accuracy"]), 91)
    assert (low, high) == pytest.approx(expected, abs=0.02)
    assert few.intervals["accuracy"][1] - few.intervals["accuracy"][0] > high - low


def test_the_same_seed_gives_the_same_report(words: Any, complaints: tuple[Split, Split], task: Task) -> None:
    def numbers(seed: int) -> dict[str, object]:
        values = evaluate(words, complaints[1], task, seed=seed, resamples=200).to_dict()
        return {name: value for name, value in values.items() if name not in ("created", "rows_per_second")}

    assert numbers(3) == numbers(3)
    assert numbers(3)["intervals"] != numbers(4)["intervals"]


def test_the_predictor_never_sees_what_is_right(fixed: Any, task: Task) -> None:
    predictor = fixed(("a", "b"), RIGHT)
    evaluate(predictor, ROWS, task)
    assert [item.text for item in predictor.asked] == ["one", "two", "three", "four"]
    assert all(item.target is None for item in predictor.asked)


def test_rows_without_a_right_answer_are_refused_with_the_first_line(fixed: Any, task: Task) -> None:
    rows = Split("test", [ROWS[0], Example("?", None, line=7), Example("?", None, line=9)], "news/test.jsonl")
    with pytest.raises(DataError) as caught:
        evaluate(fixed(("a",), []), rows, task)
    assert str(caught.value) == (
        "news/test.jsonl:7: 2 of 3 rows have no right answer to measure against; the first is row 2. "
        "Label these rows or leave them out."
    )


def test_rows_of_another_task_are_refused(fixed: Any, task: Task, entities: Task) -> None:
    with pytest.raises(DataError, match="4 of 4 rows are labelled for another task than token-classification"):
        evaluate(fixed(("a",), []), ROWS, entities)
    with pytest.raises(DataError, match="1 of 1 rows are labelled for another task than text-classification"):
        evaluate(fixed(("a",), []), [Example("x", (Span(0, 1, "a"),))], task)


def test_nothing_to_measure_is_an_error(fixed: Any, task: Task) -> None:
    with pytest.raises(DataError, match=r"There are no rows to measure on\. Choose a split that has rows\."):
        evaluate(fixed(("a",), []), [], task)


def test_too_few_answers_are_an_error_of_the_predictor(fixed: Any, task: Task) -> None:
    with pytest.raises(ModelError, match="Fixed gave 1 answers for 4 rows"):
        evaluate(fixed(("a",), RIGHT[:1]), ROWS, task)


def test_answers_of_another_task_are_an_error_of_the_predictor(fixed: Any, task: Task) -> None:
    answers = [*RIGHT[:3], Prediction((Span(0, 1, "a"),))]
    with pytest.raises(ModelError, match=r"Fixed doesn't answer the way text-classification needs; .* row 4"):
        evaluate(fixed(("a",), answers), ROWS, task)


def test_labels_that_the_predictor_doesnt_know_count_as_missed_and_are_named(fixed: Any, task: Task) -> None:
    report = evaluate(fixed(("a",), [Prediction("a")] * 4), ROWS, task)
    assert report.unknown_labels == ("b",)
    assert report.per_label["b"].recall == 0.0
    assert report.metrics["accuracy"] == 0.5
    assert "The model can't answer with these labels of the data, so they count as missed: b." in str(report)


def test_answers_outside_the_predictors_labels_are_wrong_not_fatal(fixed: Any, task: Task) -> None:
    report = evaluate(fixed(("a", "b"), [*RIGHT[:3], Prediction("new")]), ROWS, task)
    assert report.per_label["new"].support == 0
    assert report.metrics["accuracy"] == 0.75


def test_one_label_and_sets_of_labels_can_be_measured_on_one_another(fixed: Any, task: Task) -> None:
    answers = [Prediction(("a",)), Prediction(("a", "b")), Prediction(("b",)), Prediction(())]
    report = evaluate(fixed(("a", "b"), answers), ROWS, task)
    assert report.metrics["accuracy"] == 0.5
    assert report.confusion is None


def test_without_probabilities_errors_come_in_the_order_of_rows(fixed: Any, task: Task) -> None:
    report = evaluate(
        fixed(("a", "b"), [Prediction("b"), Prediction("b"), Prediction("a"), Prediction("a")]), ROWS, task
    )
    assert report.calibration is None
    assert [(error.row, error.line, error.expected, error.answered) for error in report.errors] == [
        (1, 2, "a", "b"),
        (3, 5, "b", "a"),
    ]
    assert "The predictor gave no probabilities, so calibration can't be measured." in str(report)


def test_the_surest_errors_come_first(words: Any, complaints: tuple[Split, Split], task: Task) -> None:
    report = evaluate(words, complaints[1], task)
    sure = [error.confidence for error in report.errors]
    assert sure == sorted(sure, reverse=True)
    assert len(report.errors) == min(20, report.wrong_rows)
    assert all(error.expected != error.answered for error in report.errors)
    assert all(error.text == complaints[1][error.row - 1].text for error in report.errors)


def test_what_was_only_missed_is_shown_as_sure_as_the_whole_answer(fixed: Any, task: Task, entities: Task) -> None:
    rows = [Example("x", ("a", "b")), Example("y", ("a",)), Example("z", ("b",))]
    given = [
        Prediction(("a",), 0.6, {"a": 0.9, "b": 0.4}),
        Prediction(("a",), 0.9, {"a": 0.9, "b": 0.1}),
        Prediction(("a",), 0.8, {"a": 0.8, "b": 0.2}),
    ]
    report = evaluate(fixed(("a", "b"), given), rows, task)
    assert [(e.row, e.expected, e.answered, e.confidence) for e in report.errors] == [
        (3, "b", "a", 0.8),
        (1, "a, b", "a", 0.6),
    ]
    missed = evaluate(fixed(("a",), [Prediction(())]), [Example("xy", (Span(0, 1, "a"),))], entities)
    assert [(e.expected, e.answered, e.confidence) for e in missed.errors] == [("x [a]", "", None)]


def test_a_baseline_that_fails_costs_its_numbers_and_nothing_else(fixed: Any, task: Task) -> None:
    class Offline:
        labels = ("a",)

        def predict(self, inputs: list[Input]) -> list[Prediction]:
            raise SourceError("The base model is not in the cache.")

    report = evaluate(fixed(("a", "b"), RIGHT), ROWS, task, baselines={"probe": Offline()})
    assert report.baselines["probe"].missing == "The base model is not in the cache."
    assert "Linear probe on the frozen base: not measured: The base model is not in the cache." in str(report)
    assert report.metrics["accuracy"] == 1.0


def test_before_and_after_stand_on_the_same_rows(words: Any, complaints: tuple[Split, Split], task: Task) -> None:
    majority = type(
        "Majority", (), {"labels": words.labels, "predict": lambda self, rows: [Prediction("d")] * len(rows)}
    )()
    report = evaluate(words, complaints[1], task, baselines={"majority": majority, "probe": words})
    assert report.baselines["probe"].metrics == report.metrics
    assert report.baselines["probe"].gains["macro_f1"].interval == (0.0, 0.0)
    low, high = report.baselines["majority"].gains["macro_f1"].interval
    assert 0 < low < report.baselines["majority"].gains["macro_f1"].difference < high


def test_a_report_comes_back_from_its_json(
    words: Any, complaints: tuple[Split, Split], task: Task, tmp_path: Path
) -> None:
    report = evaluate(words, complaints[1], task)
    report.to_json(tmp_path / "new" / "report.json")
    again = Report.from_dict(json.loads((tmp_path / "new" / "report.json").read_text(encoding="utf-8")))
    assert again == report
    assert str(again) == str(report)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["report.json"]
