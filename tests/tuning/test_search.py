"""A search: the defaults first, short runs of all trials, whole ones of the best, and the best one's recipe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from tests.tuning.test_fit import banking

import tunery
from tunery.errors import ModelError, SettingError
from tunery.i18n import use_language
from tunery.tuning import strategies
from tunery.tuning.recipe import Recipe
from tunery.tuning.search_pictures import draw_importances, draw_trials
from tunery.tuning.search_result import Outcome, Search, Trial, best_of
from tunery.tuning.space import Searched, changed, dimensions
from tunery.tuning.study import Study

TRIALS = 4
SETTINGS: dict[str, object] = {"strategy": "last-n", "layers": 1, "max_steps": 40, "warmup": 0.1, "head_start": False}
DECIDED = {"learning_rate": 1e-4, "batch_tokens": 512, "dropout": 0.1}


@pytest.fixture(scope="module")
def found(shared: Path, tiny_base: str, tmp_path_factory: pytest.TempPathFactory) -> Search:
    """A whole search, which most tests look at."""
    output = tmp_path_factory.mktemp("search") / "found"
    return tunery.search(banking(shared, 80, 30), tiny_base, trials=TRIALS, output=output, **SETTINGS)


def recipe(**settings: object) -> Recipe:
    return Recipe.of(None, None, {"base": "file:base", "task": "text-classification", **settings})


def start(shared: Path, base: str, output: Path) -> subprocess.Popen[bytes]:
    """Search in a process of its own."""
    code = textwrap.dedent(
        f"""
        from pathlib import Path
        from tests.tuning.test_fit import banking
        from tests.tuning.test_search import SETTINGS, TRIALS
        import tunery
        data = banking(Path({str(shared)!r}), 80, 30)
        tunery.search(data, {base!r}, trials=TRIALS, output={str(output)!r}, **SETTINGS)
        """
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with output.with_suffix(".log").open("wb") as log:
        return subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=log)


def wait_for(process: subprocess.Popen[bytes], output: Path, pattern: str) -> None:
    while not list(output.glob(pattern)):
        assert process.poll() is None, output.with_suffix(".log").read_text(encoding="utf-8")
        time.sleep(0.02)


def test_the_first_trial_has_the_defaults_and_is_made_whole(found: Search) -> None:
    first = found.trials[0]
    assert (first.number, first.outcome.share) == (1, 1.0)
    defaults = {"layer_decay": 1.0, "weight_decay": 0.01, "dropout": 0.1, "label_smoothing": 0.0, "batch_tokens": 256}
    # Strategies state their learning rates for a width of 768, and this base model has half of that.
    assert first.settings == {"learning_rate": 2e-4, **defaults}


def test_all_have_a_short_run_and_the_best_of_them_a_whole_one(found: Search) -> None:
    assert [trial.number for trial in found.trials] == list(range(1, TRIALS + 1))
    shorts = [trial.short for trial in found.trials if trial.short is not None]
    assert [short.share for short in shorts] == [0.1] * TRIALS
    others = sorted(found.trials[1:], key=lambda trial: -trial.short.score if trial.short else 0.0)
    assert others[0].whole
    assert [trial.whole for trial in others] == sorted((trial.whole for trial in others), reverse=True)
    assert all(trial.outcome.share == 1.0 for trial in found.trials if trial.kept)
    assert all(trial.outcome.share >= 0.5 for trial in found.trials if trial.whole)


def test_where_short_runs_say_nothing_trials_have_whole_ones(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    harmful = {**SETTINGS, "head_start": True, "learning_rate": 0.1}  # The head is good before, and nothing is after.
    found = tunery.search(banking(shared, 80, 30), tiny_base, trials=3, output=tmp_path / "found", **harmful)
    assert len(found.trials) > 1
    assert all(trial.whole for trial in found.trials)
    assert [trial.number for trial in found.trials if trial.short is not None] == [1]


def test_the_first_trial_is_what_a_run_with_the_defaults_is(
    found: Search, shared: Path, tiny_base: str, tmp_path: Path
) -> None:
    plain = tunery.tune(banking(shared, 80, 30), tiny_base, output=tmp_path / "plain", **SETTINGS)
    assert plain.manifest.metrics[found.metric] == pytest.approx(found.trials[0].outcome.score)


def test_the_best_recipe_gives_the_best_score_again(
    found: Search, shared: Path, tiny_base: str, tmp_path: Path
) -> None:
    again = tunery.tune(banking(shared, 80, 30), recipe=found.folder / "recipe.yaml", output=tmp_path / "again")
    assert again.manifest.metrics == found.model.manifest.metrics
    assert again.manifest.metrics[found.metric] == pytest.approx(found.winner.outcome.score)


def test_what_it_leaves_is_a_model_and_what_was_tried(found: Search) -> None:
    left = {path.name for path in found.folder.iterdir()}
    assert left == {"model", "recipe.yaml", "trials.json", "study.jsonl", "parallel.png", "importance.png"}
    assert tunery.load_model(found.folder / "model").labels == found.model.labels
    assert json.loads((found.folder / "trials.json").read_text()) == found.to_dict()
    for name in ("parallel.png", "importance.png"):
        assert (found.folder / name).read_bytes().startswith(b"\x89PNG")
    again = Search.load(found.folder)
    assert (again.trials, again.best, str(again)) == (found.trials, found.best, str(found))


def test_a_finished_search_is_loaded_or_left_alone(found: Search, shared: Path, tiny_base: str) -> None:
    data = banking(shared, 80, 30)
    same = tunery.search(data, tiny_base, output=found.folder, resume=True, **SETTINGS)
    assert same.trials == found.trials
    with pytest.raises(ModelError, match=r"holds a search already.*Give --output another name"):
        tunery.search(data, tiny_base, output=found.folder, **SETTINGS)


@pytest.mark.long
@pytest.mark.parametrize("pattern", [".search/short/*.safetensors", ".search/trial-1/checkpoint-*"])
def test_killed_and_resumed_it_makes_the_trials_it_would_have_made(
    found: Search, shared: Path, tiny_base: str, tmp_path: Path, pattern: str
) -> None:
    output = tmp_path / "killed"
    process = start(shared, tiny_base, output)
    wait_for(process, output, pattern)
    process.kill()
    process.wait()
    data = banking(shared, 80, 30)
    with pytest.raises(ModelError, match="holds a run that was interrupted"):
        tunery.search(data, tiny_base, trials=TRIALS, output=output, **SETTINGS)
    with pytest.raises(SettingError, match=r"had other settings \(seed\)"):
        tunery.search(data, tiny_base, trials=TRIALS, output=output, resume=True, seed=7, **SETTINGS)
    resumed = tunery.search(data, tiny_base, trials=TRIALS, output=output, resume=True, **SETTINGS)
    assert [trial.settings for trial in resumed.trials] == [trial.settings for trial in found.trials]
    # How many whole runs there are depends on how long each took.
    for one, other in zip(resumed.trials, found.trials, strict=True):
        assert one.short is not None
        assert other.short is not None
        assert one.short.score == other.short.score
        if one.whole and other.whole:
            assert (one.outcome.score, one.outcome.ended) == (other.outcome.score, other.outcome.ended)


@pytest.mark.long
def test_ctrl_c_keeps_the_best_so_far(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    output = tmp_path / "stopped"
    process = start(shared, tiny_base, output)
    wait_for(process, output, ".search/short/*.safetensors")
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0, output.with_suffix(".log").read_text(encoding="utf-8")
    stopped = Search.load(output)
    assert 1 <= len(stopped.trials) < TRIALS
    assert stopped.model.manifest.metrics[stopped.metric] > 0


def drawn(path: Path, seed: int, ends: range) -> list[dict[str, float | int]]:
    """Draw trials and let them end with made-up scores."""
    study = Study(path, dimensions(recipe(strategy="full"), DECIDED), seed)
    for number in ends:
        trial = study.interrupted() or study.begin()
        score = -abs(study.settings(trial)["warmup"] - 0.05)
        if number < ends[-1]:
            study.note_short(trial, Outcome(score, 0.1, 1.0, "pruned"))
            study.end(trial, score)
    return [study.settings(trial), *(trial.settings for trial in study.trials())]


def test_the_same_seed_tries_the_same_settings_resumed_or_not(tmp_path: Path) -> None:
    whole = drawn(tmp_path / "whole", 1, range(10))
    drawn(tmp_path / "broken", 1, range(4))
    with (tmp_path / "broken").open("ab") as journal:
        journal.write(b'{"op_code":')  # Killed while it wrote.
    (tmp_path / "broken.lock").touch()
    assert drawn(tmp_path / "broken", 1, range(3, 10)) == whole
    assert drawn(tmp_path / "other", 2, range(10))[2:] != whole[2:]


def test_no_trial_starts_when_the_time_is_up(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    settings = {**SETTINGS, "max_steps": None, "epochs": 200.0}
    short = tunery.search(
        banking(shared, 80, 30), tiny_base, trials=3, budget="3s", output=tmp_path / "short", **settings
    )
    assert len(short.trials) < 3
    assert short.model.manifest.recipe.get("budget") is None


def test_what_was_given_is_not_searched(found: Search) -> None:
    names = {"learning_rate", "layer_decay", "warmup", "batch_tokens", "weight_decay", "dropout", "label_smoothing"}
    assert {one.name for one in dimensions(recipe(strategy="full"), DECIDED)} == names
    fixed = recipe(strategy="full", warmup=0.1, learning_rate=1e-3)
    assert {one.name for one in dimensions(fixed, DECIDED)} == names - {"warmup", "learning_rate"}
    again = Recipe.of(fixed, None, {})
    assert dimensions(again, DECIDED) == dimensions(fixed, DECIDED)
    assert all(set(trial.settings) == names - {"warmup"} for trial in found.trials)


def test_settings_of_the_strategy_are_searched_with_those_of_the_recipe() -> None:
    found = {one.name: one for one in dimensions(recipe(strategy="lora"), DECIDED)}
    assert (found["rank"].low, found["rank"].high, found["rank"].whole) == (4, 32, True)
    assert (found["learning_rate"].low, found["learning_rate"].high) == pytest.approx((2e-5, 5e-4))
    assert (found["batch_tokens"].low, found["batch_tokens"].high) == (256, 1024)
    other = changed(recipe(strategy="lora"), {"rank": 16, "warmup": 0.05})
    assert other.strategy.model_dump()["rank"] == 16
    assert other.warmup == 0.05


@pytest.mark.parametrize("part", [Recipe, *map(strategies.get_class, strategies.available())])
def test_every_range_lies_within_what_the_setting_may_be(part: type[Recipe]) -> None:
    for name, declared in part.model_fields.items():
        for searched in (one for one in declared.metadata if isinstance(one, Searched)):
            ends = (searched.low, searched.high)
            for value in (512 * end for end in ends) if searched.relative else ends:
                part.__pydantic_validator__.validate_assignment(part.model_construct(), name, value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rat": 1e-4}, "There is no setting learning_rat. Did you mean learning_rate?"),
        ({"trials": 0}, r"trials: must be at least 1 \(found 0\)."),
        ({"strategy": "probe"}, "The strategy probe can't be searched.*Use one of: full, head, last-n, lora"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], message: str, shared: Path, tiny_base: str) -> None:
    with pytest.raises(SettingError, match=message):
        tunery.search(banking(shared, train=8), tiny_base, **settings)  # type: ignore[arg-type]


def test_nothing_left_to_search_is_said(shared: Path, tiny_base: str) -> None:
    fixed = {one.name: one.rounded(one.default) for one in dimensions(recipe(strategy="full"), DECIDED)}
    with pytest.raises(SettingError, match=r"Every setting that could be searched is fixed.*learning_rate"):
        tunery.search(banking(shared, train=8), tiny_base, strategy="full", **fixed)  # type: ignore[arg-type]


def trials() -> tuple[Trial, ...]:
    def one(number: int, rate: float, score: float, ended: str) -> Trial:
        short = Outcome(score, 0.1, 6.0, "pruned")
        whole = Outcome(score, 1.0, 60.0, "complete")
        return Trial(number, {"learning_rate": rate}, whole if ended == "complete" else short, short)

    return (one(1, 1e-4, 0.8, "complete"), one(2, 2e-4, 0.9, "pruned"), one(3, 3e-4, 0.85, "complete"))


def test_the_best_is_one_there_is_a_model_of() -> None:
    assert best_of(trials()).number == 3


def test_it_says_what_was_gained_and_that_part_of_it_is_luck(found: Search) -> None:
    won = Search(found.best, found.model, trials(), "macro_f1", found.folder)
    assert "The best is trial 3: dev macro_f1 0.8500, +0.0500 against the defaults." in str(won)
    assert "partly luck" in str(won)
    assert "short run only" in str(won)
    lost = Search(found.best, found.model, trials()[:2], "macro_f1", found.folder)
    assert "No trial is better on dev than the defaults (macro_f1 0.8000)." in str(lost)
    with use_language("zh"):
        assert "只有短运行" in str(won)
    assert "<pre" in won._repr_html_()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pictures_are_drawn_in_both_languages(language: str, tmp_path: Path) -> None:
    rates = dimensions(recipe(strategy="head"), DECIDED)[:1]
    with use_language(language):
        draw_trials(trials(), rates, "macro_f1", tmp_path / "parallel.png")
        draw_importances({"learning_rate": 0.75, "warmup": 0.25}, tmp_path / "importance.png")
        draw_importances({}, tmp_path / "none.png")
    assert len(list(tmp_path.glob("*.png"))) == 3
