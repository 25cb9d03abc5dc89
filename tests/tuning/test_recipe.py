"""A recipe decides a run: from flags, keywords and files alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunery.data.dataset import Schema
from tunery.errors import SettingError
from tunery.tuning.recipe import Recipe
from tunery.tuning.strategies import available, get_class

SPANS = Schema("spans")


def recipe(**settings: object) -> Recipe:
    return Recipe.of(None, SPANS, {"base": "hf:some/base", **settings})


def test_settings_find_their_place_by_name_alone() -> None:
    found = recipe(strategy="last-n", layers=3, max_length=128, learning_rate=1e-4)
    assert found.strategy.name == "last-n"
    assert found.to_dict()["strategy"] == {"name": "last-n", "layers": 3}
    assert found.task.max_length == 128
    assert found.learning_rate == 1e-4


def test_the_data_decides_the_task_where_nothing_else_does() -> None:
    assert recipe().task.name == "token-classification"
    assert Recipe.of(None, Schema("label"), {"base": "x"}).task.name == "text-classification"


def test_a_recipe_survives_its_file(tmp_path: Path) -> None:
    before = recipe(strategy="last-n", layers=1, words="treebank", budget="5m", class_weights="balanced")
    (tmp_path / "recipe.yaml").write_text(before.to_yaml(), encoding="utf-8")
    assert Recipe.of(tmp_path / "recipe.yaml", SPANS, {}) == before


def test_flags_change_single_settings_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("base: hf:a\nstrategy: {name: last-n, layers: 4}\nepochs: 2\n", encoding="utf-8")
    found = Recipe.of(tmp_path / "r.yaml", SPANS, {"epochs": 5, "seed": None})
    assert (found.epochs, found.to_dict()["strategy"]) == (5, {"name": "last-n", "layers": 4})
    other = Recipe.of(tmp_path / "r.yaml", SPANS, {"strategy": "probe"})
    assert other.to_dict()["strategy"] == {"name": "probe"}


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("5m", 300), ("1.5h", 5400), ("2 min", 120), (45, 45)])
def test_a_budget_is_a_time(text: object, seconds: float) -> None:
    assert recipe(budget=text).budget == seconds


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rat": 1}, r"no setting learning_rat. Did you mean learning_rate\?"),
        ({"layers": 2, "strategy": "full"}, "no setting layers"),
        ({"epochs": -1}, "epochs.*-1"),
        ({"budget": "soon"}, "budget.*'soon'"),
        ({"strategy": "ful"}, r"no strategy 'ful'. Did you mean full\?"),
        ({"task": "token-clasification"}, r"no task 'token-clasification'. Did you mean token-classification\?"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_found(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        recipe(**settings)


def test_a_missing_base_model_is_asked_for() -> None:
    with pytest.raises(SettingError, match=r"No base model is named. Give one, for example --base"):
        Recipe.of(None, SPANS, {})


@pytest.mark.parametrize("text", ["- a\n- b\n", "key: [unclosed", ""])
def test_a_file_that_is_no_recipe_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match=r"The recipe .*r\.yaml"):
        Recipe.of(tmp_path / "r.yaml", SPANS, {"base": "x"})
    with pytest.raises(SettingError, match="can't be read"):
        Recipe.of(tmp_path / "missing.yaml", SPANS, {"base": "x"})


def test_every_strategy_has_its_defaults() -> None:
    assert {"auto", "full", "head", "last-n", "probe"} <= set(available())
    assert all(get_class(name).epochs > 0 for name in available())
