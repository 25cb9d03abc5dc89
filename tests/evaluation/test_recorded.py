from __future__ import annotations

import gzip
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunery.data.dataset import Split
from tunery.errors import DataError, ModelError
from tunery.evaluation import evaluate
from tunery.evaluation.recorded import RecordedAnswers
from tunery.tasks import Task
from tunery.types import Example, Prediction, Span


def written(folder: Path, *lines: object) -> Path:
    path = folder / "answers.jsonl"
    path.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines), "utf-8"
    )
    return path


def test_answers_of_every_kind_are_read(tmp_path: Path) -> None:
    recorded = RecordedAnswers.from_file(
        written(
            tmp_path,
            {"text": "好", "label": "good", "score": 0.9, "scores": {"good": 0.9, "bad": 0.1}},
            {"id": 7, "text": "x", "labels": ["b", "a"], "scores": {"a": 0.8, "b": 0.7}},
            {"text": "EU", "spans": [{"start": 0, "end": 2, "label": "ORG", "score": 1, "text": "EU"}], "windows": 2},
        )
    )
    assert recorded.predict(["好", Example("other", id="7"), Example("EU")]) == [
        Prediction("good", 0.9, {"good": 0.9, "bad": 0.1}),
        Prediction(("a", "b"), None, {"a": 0.8, "b": 0.7}),
        Prediction((Span(0, 2, "ORG", 1.0),), None, {}, 2),
    ]
    assert recorded.labels == ("ORG", "a", "b", "good")
    assert recorded.name == "answers.jsonl"


def test_what_a_predictor_answered_is_measured_again_as_it_was(
    words: Any, complaints: tuple[Split, Split], task: Task, tmp_path: Path
) -> None:
    test = complaints[1]
    path = tmp_path / "answers.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for row, answer in zip(test, words.predict(list(test)), strict=True):
            print(json.dumps({"text": row.text, "label": answer.target, "score": answer.score}), file=file)
    again, before = evaluate(RecordedAnswers.from_file(path, words.labels), test, task), evaluate(words, test, task)
    assert again.metrics == before.metrics
    assert again.calibration == before.calibration


def test_inputs_without_a_recorded_answer_are_counted_and_the_first_is_shown() -> None:
    recorded = RecordedAnswers(("a",), {"known": Prediction("a")}, "rules")
    with pytest.raises(ModelError) as caught:
        recorded.predict(["known", "new", Example("newer")])
    assert str(caught.value) == (
        "rules has no answer for 2 of 3 inputs; the first is row 2: 'new'. "
        "Record an answer for every row that is measured; texts must be the same to the last character."
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "This line is not JSON"),
        ("[1]", "This line is JSON, but not an object with names and values"),
        ('{"label": "a"}', "This line has neither id nor text"),
        ('{"text": "x"}', "A line needs exactly one of label, labels and spans; found: -"),
        ('{"text": "x", "label": "a", "spans": []}', "found: label, spans"),
        ('{"text": "x", "label": " "}', "A label is not a text: ' '"),
        ('{"text": "x", "label": 5}', "A label is not a text: 5"),
        ('{"text": "x", "labels": "a"}', "labels is not a list: 'a'"),
        ('{"text": "x", "label": "a", "score": 1.5}', "A score is not a number from 0 to 1: 1.5"),
        ('{"text": "x", "label": "a", "score": true}', "A score is not a number from 0 to 1: True"),
        ('{"text": "x", "label": "a", "score": NaN}', "line"),
        ('{"text": "x", "label": "a", "scores": []}', "scores is not an object with labels and numbers"),
        ('{"text": "x", "spans": [3]}', "A span is not an object with start, end and label: 3"),
        ('{"text": "x", "spans": [{"start": 0, "end": 2, "label": "a"}]}', "are not places in the text: 0, 2"),
        ('{"text": "x", "spans": [{"start": 0, "end": true, "label": "a"}]}', "are not places in the text: 0, True"),
        ('{"text": "x", "label": "a", "windows": 0}', "windows is not a number from 1: 0"),
        ('{"text": "ok", "label": "other"}', "An earlier line has another answer to the same input: 'ok'"),
    ],
)
def test_a_line_that_cant_be_used_is_named_with_its_number(tmp_path: Path, line: str, message: str) -> None:
    path = written(tmp_path, {"text": "ok", "label": "a"}, "", line)
    with pytest.raises(DataError) as caught:
        RecordedAnswers.from_file(path)
    assert str(caught.value).startswith(f"{path}:3: ")
    assert message in str(caught.value)


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        RecordedAnswers.from_file(written(tmp_path, "{", {"text": "ok", "label": "a"}, "[]"))
    assert [problem.line for problem in caught.value.problems] == [1, 3]


def test_a_missing_file_is_an_ordinary_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="can't be read"):
        RecordedAnswers.from_file(tmp_path / "none.jsonl")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=200))
def test_no_bytes_make_reading_crash(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(data)
    with suppress(DataError):
        RecordedAnswers.from_file(path)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["text", "label", "labels", "spans", "start", "end", "score", "id"]), inner
            )
        ),
        max_leaves=12,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
def test_no_json_makes_reading_crash(tmp_path: Path, value: object) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps(value), "utf-8")
    with suppress(DataError):
        RecordedAnswers.from_file(path)
