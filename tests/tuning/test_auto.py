"""``auto``: plans by data and time, says so, keeps the best, and goes on after an interruption."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.tuning.test_fit import banking, diseases

import tunery
from tunery.data.dataset import Dataset, Split
from tunery.i18n import use_language
from tunery.types import Example


def names(plan: tunery.RunPlan) -> list[str]:
    return [stage.strategy.name for stage in plan.stages]


def test_it_is_the_default_and_its_plan_says_time_memory_and_why(shared: Path, tiny_base: str) -> None:
    plan = tunery.plan(banking(shared, train=200), tiny_base)
    assert names(plan)[0] == "probe"
    assert names(plan)[-1] == "full"
    assert plan.seconds > 0
    assert plan.memory > 10**7
    words = str(plan)
    assert "a usable model in seconds" in words
    assert "200 examples" in words
    assert "no limit" in words
    with use_language("zh"):
        assert "预计时间" in str(plan)
    assert json.loads(json.dumps(plan.to_dict()))["stages"][0]["strategy"] == "probe"
    assert "<pre" in plan._repr_html_()


def test_a_short_budget_lets_less_of_the_base_model_learn(shared: Path, tiny_base: str) -> None:
    data = banking(shared, train=400)
    whole = tunery.plan(data, tiny_base, strategy="full").stages[0].strategy
    assert names(tunery.plan(data, tiny_base, budget=3600)) == ["probe", whole.name]
    assert names(tunery.plan(data, tiny_base, budget=0.001)) == ["probe"]


def test_few_texts_a_label_are_compared_with_each_other(shared: Path, tiny_base: str) -> None:
    plan = tunery.plan(banking(shared, train=80), tiny_base)
    assert names(plan) == ["probe", "contrastive", "full"]
    assert re.search(r"only about \d+ examples\s+a label", str(plan))
    assert names(tunery.plan(banking(shared, train=80), tiny_base, unfreeze=0.5)) == ["probe", "full"]


def test_texts_are_not_compared_where_that_takes_the_time_of_what_lets_most_learn(shared: Path, tiny_base: str) -> None:
    data = banking(shared, train=80)
    compared = tunery.plan(data, tiny_base).stages[1]
    assert compared.strategy.name == "contrastive"
    assert names(tunery.plan(data, tiny_base, budget=0.9 * compared.seconds)) == ["probe", "full"]


def test_words_are_not_read_by_a_probe_where_there_is_time_for_more(shared: Path, tiny_chinese_base: str) -> None:
    assert names(tunery.plan(diseases(shared), tiny_chinese_base)) == ["full"]


def test_a_strategy_that_was_asked_for_is_planned_as_it_is(shared: Path, tiny_base: str) -> None:
    plan = tunery.plan(banking(shared, train=100), tiny_base, strategy="last-n", layers=1)
    assert plan.to_dict()["stages"][0]["layers"] == 1  # type: ignore[index]
    assert plan.stages[0].why == "as asked for"


@pytest.mark.long
def test_the_best_on_dev_is_kept_and_its_recipe_gives_it_again(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    data = banking(shared, train=120)
    model = tunery.tune(data, tiny_base, max_steps=6, output=tmp_path / "auto")
    chosen = model.manifest.recipe["strategy"]["name"]
    assert chosen in ("probe", "contrastive", "full")
    metric = model.task.metric
    for name in ("probe", "contrastive", "full"):
        single = tunery.tune(data, tiny_base, strategy=name, max_steps=6, output=tmp_path / name)
        assert model.manifest.metrics[metric] >= single.manifest.metrics[metric] - 1e-9
        if name == chosen:
            assert model.manifest.metrics == single.manifest.metrics
    again = tunery.tune(data, recipe=tmp_path / "auto" / "recipe.yaml", output=tmp_path / "again")
    assert again.manifest.metrics == model.manifest.metrics
    assert not (tmp_path / "auto" / ".run").exists()
    assert set(model.baselines()) == {"majority", "probe"}


def test_nothing_more_is_tried_once_dev_is_perfect(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    rows = [Example(text, label) for text, label in [("my card", "card"), ("the rate", "rate")] for _ in range(30)]
    rows = [Example(f"{row.text} {number}", row.target) for number, row in enumerate(rows)]
    data = Dataset({"train": Split("train", rows), "dev": Split("dev", rows[::4])}, banking(shared, 8).schema)
    model = tunery.tune(data, tiny_base, output=tmp_path / "model")
    assert model.manifest.recipe["strategy"]["name"] == "probe"
    assert model.manifest.steps == 0


@pytest.mark.long
def test_it_goes_on_with_the_strategy_it_was_interrupted_in(
    shared: Path, tiny_base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunery.tuning.strategies.full import Full

    data = banking(shared, train=120)
    whole = tunery.tune(data, tiny_base, max_steps=6, output=tmp_path / "whole")

    class CrashError(Exception):
        pass

    def crash(*_: object) -> None:
        raise CrashError

    with monkeypatch.context() as patched:
        patched.setattr(Full, "fit", crash)
        with pytest.raises(CrashError):
            tunery.tune(data, tiny_base, max_steps=6, output=tmp_path / "broken")
    assert (tmp_path / "broken" / ".run" / "probe" / "result.json").is_file()
    resumed = tunery.tune(data, tiny_base, max_steps=6, output=tmp_path / "broken", resume=True)
    assert resumed.manifest.metrics == whole.manifest.metrics
    assert resumed.manifest.recipe == whole.manifest.recipe
