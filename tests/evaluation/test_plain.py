from __future__ import annotations

from typing import Any

import pytest
from sklearn.metrics import classification_report

from tunery.data.dataset import Split
from tunery.evaluation import evaluate
from tunery.i18n import use_language
from tunery.tasks import Task
from tunery.types import Example, Prediction, Span


def test_the_table_has_scikit_learns_columns_and_numbers(
    words: Any, complaints: tuple[Split, Split], task: Task
) -> None:
    test = complaints[1]
    gold, given = [str(row.target) for row in test], [p.label for p in words.predict(list(test))]
    theirs = classification_report(gold, given, digits=3, zero_division=0).splitlines()
    ours = [line.split() for line in str(evaluate(words, test, task)).splitlines()]
    for line in theirs[2:]:
        cells = line.split()
        if cells:  # Behind scikit-learn's columns comes the interval.
            assert any(mine[: len(cells)] == cells for mine in ours), line


def test_the_first_lines_say_what_how_good_and_on_how_much(fixed: Any, task: Task) -> None:
    rows = [Example(str(number), "ab"[number % 2]) for number in range(200)]
    predictor = fixed(
        ("a", "b"), [Prediction("ab"[(number // 2) % 2 if number < 40 else number % 2]) for number in range(200)]
    )
    majority, probe = (
        fixed(("a",), [Prediction("a")] * 200),
        fixed(("a", "b"), [Prediction("ab"[(number // 2) % 2]) for number in range(200)]),
    )
    report = evaluate(predictor, Split("test", rows), task, baselines={"majority": majority, "probe": probe})
    first, _, summary, *_ = str(report).splitlines()
    assert first == "Fixed: text-classification on 200 rows of test"
    low, high = report.intervals["macro_f1"]
    assert summary == (
        f"Macro F1 0.900 (95% interval {low:.3f} to {high:.3f}) on 200 rows of test. "
        "Majority answer 0.333 → Linear probe on the frozen base 0.500 → this model 0.900."
    )


def test_both_tables_of_entities_are_there(names: Any, medical: tuple[Split, Split], entities: Task) -> None:
    text = str(evaluate(names, medical[1], entities))
    assert "By token (each word counts, O included)" in text
    assert "By entity (strict: boundaries and label must both be right)" in text
    assert "B-disease" in text
    assert "Temperature fitted on dev: 1.250." in text
    assert " were too long to be read at once; they were read in overlapping windows." in text


def test_an_error_in_a_long_text_is_shown_where_it_is(fixed: Any, entities: Task) -> None:
    text = "word " * 100 + "Paris " + "word " * 100
    rows = [Example(text, (Span(500, 505, "PER"),))]
    shown = str(evaluate(fixed(("PER", "LOC"), [Prediction((Span(500, 505, "LOC", 0.9),))]), rows, entities))
    assert "word Paris word" in shown
    assert "row 1: expected Paris [PER], answered Paris [LOC]" in shown


@pytest.mark.parametrize(
    ("split", "note"),
    [
        ("train", "Not a result: Macro F1 1.000"),
        ("train", "! These are rows of train. A model knows the rows it has learned from"),
        ("dev", "These are rows of dev, by which the model was chosen"),
        ("test", "2 rows are few: trust the intervals, not the numbers."),
    ],
)
def test_a_reader_is_warned_of_numbers_that_flatter(fixed: Any, task: Task, split: str, note: str) -> None:
    rows = Split(split, [Example("x", "a"), Example("y", "b")])
    assert note in str(evaluate(fixed(("a", "b"), [Prediction("a"), Prediction("b")]), rows, task))


def test_text_and_page_exist_in_chinese(words: Any, complaints: tuple[Split, Split], task: Task) -> None:
    report = evaluate(words, complaints[1], task)
    with use_language("zh"):
        lines = str(report).splitlines()
    # The layout is scikit-learn's in every language; the sentences around it are not English.
    assert any(line.split()[:1] == ["accuracy"] for line in lines)
    assert len(lines) == len(str(report).splitlines())
    assert "。 " not in "\n".join(lines)
