"""What pages show."""

from __future__ import annotations

import ast
import json
import shlex
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tunery.app.actions.reports import OfLength
from tunery.app.differing import differences
from tunery.app.studio.views import calling, confusion, curves, recipes, slices, weights
from tunery.errors import SettingError
from tunery.evaluation.report import ConfusionTable


def test_words_are_weighed_by_the_strongest_of_them() -> None:
    found = weights.weighed("not good", [(0, 3, -2.0), (4, 8, 1.0)])

    assert [(one.text, one.weight) for one in found] == [("not", -1.0), (" ", 0.0), ("good", 0.5)]
    assert "".join(one.text for one in found) == "not good"


def test_a_text_without_any_weight_is_shown_all_the_same() -> None:
    assert [one.weight for one in weights.weighed("so so", [(0, 2, 0.0), (3, 5, 0.0)])] == [0.0, 0.0, 0.0]


def test_the_grid_holds_every_cell_that_is_not_empty() -> None:
    table = ConfusionTable(labels=("a", "b", "c"), counts=((8, 2, 0), (0, 5, 0), (1, 0, 0)))

    found = confusion.grid(table)

    assert {(one.expected, one.answered, one.count) for one in found.cells} == {
        ("a", "a", 8), ("a", "b", 2), ("b", "b", 5), ("c", "a", 1)
    }  # fmt: skip
    assert next(one.share for one in found.cells if one.answered == "b" and one.expected == "a") == 0.2
    assert found.left_out == 0


def test_of_many_labels_those_with_most_mistakes_are_shown_in_their_order() -> None:
    table = ConfusionTable(labels=("a", "b", "c"), counts=((9, 0, 2), (0, 5, 0), (3, 0, 1)))

    found = confusion.grid(table, most=2)

    assert found.labels == ("a", "c")
    assert found.left_out == 1
    assert {(one.row, one.column) for one in found.cells} == {(0, 0), (0, 1), (1, 0), (1, 1)}


@given(lengths=st.dictionaries(st.integers(0, 5000), st.integers(1, 60), max_size=80), many=st.integers(1, 7))
def test_slices_hold_all_rows_and_no_length_twice(lengths: dict[int, int], many: int) -> None:
    rows = [OfLength(length, count, count // 2) for length, count in sorted(lengths.items())]

    found = slices.by_length(rows, many)

    assert sum(one.rows for one in found) == sum(lengths.values())
    assert sum(one.right for one in found) == sum(count // 2 for count in lengths.values())
    assert len(found) <= many
    assert all(one.low <= one.high for one in found)
    assert all(before.high < after.low for before, after in pairwise(found))
    assert all(one.interval[0] <= one.share <= one.interval[1] for one in found)


def test_slices_have_about_equally_many_rows() -> None:
    found = slices.by_length([OfLength(length, 1, int(length < 50)) for length in range(100)])

    assert [one.rows for one in found] == [20] * 5
    assert [one.share for one in found] == [1.0, 1.0, 0.5, 0.0, 0.0]


def test_few_rows_are_one_slice_and_none_are_none() -> None:
    assert len(slices.by_length([OfLength(3, 1, 1), OfLength(9, 1, 0)])) == 1
    assert slices.by_length([]) == []


def test_wilson_agrees_with_the_published_example() -> None:
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
    low, high = slices.wilson(81, 263)

    assert low == pytest.approx(0.2553, abs=5e-5)
    assert high == pytest.approx(0.3662, abs=5e-5)


NASTY = 'it\'s "odd" \\ and 好'


def test_the_shell_command_is_one_and_holds_the_text() -> None:
    words = shlex.split(calling.curl("http://127.0.0.1:8701/", "intents", NASTY).replace("\\\n", ""))

    assert words[:2] == ["curl", "http://127.0.0.1:8701/v1/predict/intents"]
    assert f"Authorization: Bearer {calling.KEY}" in words
    assert json.loads(words[-1]) == {"inputs": [NASTY]}


def test_the_python_program_is_one_and_holds_the_text() -> None:
    program = ast.parse(calling.python("http://127.0.0.1:8701", "intents", NASTY))

    texts = [node.value for node in ast.walk(program) if isinstance(node, ast.Constant)]
    assert {NASTY, "intents", "http://127.0.0.1:8701", calling.KEY} <= set(texts)


def test_a_recipe_is_composed_without_what_is_left_alone() -> None:
    recipe = recipes.compose(
        "file:/x", ("text-classification", {"max_length": 128, "overlap": 64}), ("lora", {"rank": 4}),
        {"epochs": 2.0, "seed": 42, "learning_rate": None, "optimizer": "adamw"},
    )  # fmt: skip

    assert recipe == {
        "base": "file:/x",
        "task": {"name": "text-classification", "max_length": 128},
        "strategy": {"name": "lora", "rank": 4},
        "epochs": 2.0,
    }


def test_a_recipe_that_cannot_be_is_refused() -> None:
    with pytest.raises(SettingError, match="epochs"):
        recipes.compose("file:/x", ("text-classification", {}), ("full", {}), {"epochs": -1.0})


def test_recipes_are_compared_setting_by_setting() -> None:
    first = {"base": "file:/x", "strategy": {"name": "lora", "rank": 4}, "epochs": 2.0}
    second = {"base": "file:/x", "strategy": {"name": "full"}, "epochs": 4.0}

    found = differences([first, second])

    assert [(one.setting, one.values) for one in found] == [
        ("strategy", ("lora", "full")), ("lora.rank", ("4", "")), ("epochs", ("2", "4"))
    ]  # fmt: skip


def test_every_strategy_is_offered_once() -> None:
    names = recipes.strategy_names()

    assert names[0] == "auto"
    assert len(set(names)) == len(names)


def test_what_learning_is_set_by_is_declared_once() -> None:
    declared = recipes.learning_settings()

    assert "base" not in declared.model_fields
    assert {"epochs", "seed", "patience"} <= set(declared.model_fields)
    assert declared().model_dump()["seed"] == 42
    with pytest.raises(ValidationError):
        declared(epochs=0)


def test_curves_know_their_best_point_and_long_ones_get_short() -> None:
    found = curves.read({"loss": [[0, 1.0]], "dev": [[1, 0.5], [2, 0.9], [3, 0.9]], "metric": "accuracy"})

    assert found.best == [2, 0.9]
    assert curves.read({}).best is None
    points = curves.thinned([[float(x), 1.0] for x in range(1000)], most=100)
    assert len(points) == 100
    assert points[0] == [4.5, 1.0]
