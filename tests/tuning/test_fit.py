"""Runs: what they leave behind, how they stop, and how they go on."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from safetensors.torch import load_file

import tunery
from tunery.data.dataset import Dataset, Schema, Split
from tunery.errors import DataError, ModelError, SettingError
from tunery.tuning.recipe import Recipe
from tunery.tuning.run import begin
from tunery.types import Example, Span


def banking(shared: Path, train: int = 400, dev: int = 80) -> Dataset:
    def read(name: str, count: int) -> Split:
        with gzip.open(shared / "data" / "banking77" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        kept = [
            row
            for row in rows
            if row["label"] in ("card_arrival", "exchange_rate", "lost_or_stolen_card", "top_up_failed")
        ]
        return Split(name, [Example(row["text"], row["label"]) for row in kept[:: max(1, len(kept) // count)][:count]])

    return Dataset({"train": read("train", train), "dev": read("dev", dev)}, Schema("label"), "file:banking77")


def emotions(shared: Path) -> Dataset:
    def read(name: str, count: int) -> Split:
        with gzip.open(shared / "data" / "goemotions" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = [json.loads(next(file)) for _ in range(count)]
        return Split(name, [Example(row["text"], tuple(sorted(row["labels"]))) for row in rows])

    return Dataset({"train": read("train", 300), "dev": read("dev", 100)}, Schema("label"), "file:goemotions")


def diseases(shared: Path) -> Dataset:
    def read(name: str, count: int) -> Split:
        with gzip.open(shared / "data" / "zhmed_cMedQANER" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = [json.loads(next(file)) for _ in range(count)]
        return Split(name, [_characters(row["tokens"], row["tags"]) for row in rows])

    return Dataset({"train": read("train", 60), "dev": read("dev", 20)}, Schema("spans"), "file:cMedQANER")


def _characters(tokens: list[str], tags: list[str]) -> Example:
    spans: list[Span] = []
    for place, tag in enumerate(tags):
        if tag.startswith("B-"):
            spans.append(Span(place, place + 1, tag[2:]))
        elif tag.startswith("I-") and spans and spans[-1].end == place:
            spans[-1] = Span(spans[-1].start, place + 1, spans[-1].label)
    return Example("".join(tokens), tuple(spans), words=tuple((i, i + 1) for i in range(len(tokens))))


@pytest.mark.parametrize("strategy", ["probe", "head", "last-n", "full"])
def test_every_strategy_learns_and_leaves_the_rest_as_it_was(
    strategy: str, shared: Path, tiny_base: str, tmp_path: Path
) -> None:
    data = banking(shared, train=200)
    # Without a head start, which is so good here that training may not beat it and the start would be kept.
    settings: dict[str, object] = {"head_start": strategy == "probe", "max_steps": 30, "learning_rate": 1e-3}
    if strategy == "last-n":
        settings["layers"] = 1
    model = tunery.tune(data, tiny_base, strategy=strategy, output=tmp_path / "model", **settings)
    assert model.manifest.metrics["accuracy"] > 0.8
    before, after = (
        load_file(Path(tiny_base[5:]) / "model.safetensors"),
        load_file(tmp_path / "model" / "model.safetensors"),
    )
    changed = {
        name
        for name, value in before.items()
        if not name.startswith("pooler") and not value.equal(after[f"bert.{name}"])
    }
    assert any("layer.0" in name or "embeddings" in name for name in changed) == (strategy == "full")
    assert any("layer.1" in name for name in changed) == (strategy in ("full", "last-n"))


def test_several_labels_and_chinese_entities_are_learned_too(
    shared: Path, tiny_base: str, tiny_chinese_base: str, tmp_path: Path
) -> None:
    emotional = tunery.tune(emotions(shared), tiny_base, strategy="probe", output=tmp_path / "emotions")
    assert emotional.task.model_dump()["multi_label"]
    assert all(prediction.labels for prediction in emotional.predict(["I love this!", "so sad"]))
    medical = tunery.tune(
        diseases(shared), tiny_chinese_base, strategy="full", max_steps=10, output=tmp_path / "medical"
    )
    assert medical.task.model_dump()["words"] == "characters"
    text = "便秘两个多月不清楚"
    assert all(0 <= span.start < span.end <= len(text) for span in medical.predict([text])[0].spans)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "learning_rate": 0.05, "schedule": "cosine"},
        {"schedule": "constant", "label_smoothing": 0.1, "class_weights": "balanced", "dropout": 0.2},
        {"loss": "focal", "focal_gamma": 1.5, "class_weights": "balanced"},
        {"gradient_clipping": 0, "weight_decay": 0, "batch_size": 8, "head_start": False, "warmup": 0},
    ],
)
def test_every_way_to_learn_runs(settings: dict[str, object], shared: Path, tiny_base: str, tmp_path: Path) -> None:
    data = banking(shared, train=48, dev=24)
    model = tunery.tune(data, tiny_base, strategy="head", max_steps=6, output=tmp_path / "model", **settings)
    written = model.manifest.recipe
    assert {name: written[name] for name in settings} == settings
    assert written["learning_rate"] > 0
    assert written["batch_tokens"] > 0


@pytest.mark.parametrize(("warmup", "epochs"), [(0.0, 2), (0.1, 5 + 2)])
def test_early_stopping_ends_a_run_that_gets_no_better_once_the_rate_has_risen(
    warmup: float, epochs: int, shared: Path, tiny_base: str, tmp_path: Path
) -> None:
    data = banking(shared, train=48, dev=24)
    model = tunery.tune(
        data,
        tiny_base,
        strategy="head",
        epochs=50,
        patience=2,
        warmup=warmup,
        learning_rate=1e-9,
        batch_size=16,
        batch_tokens=9999,
        output=tmp_path / "m",
    )
    assert model.manifest.ended == "patience"
    assert model.manifest.steps == epochs * 3  # Three batches an epoch; none was better than the start.


@pytest.mark.parametrize(("strategy", "share"), [("full", 0.2), ("last-n", 0.2), ("lora", 0.2), ("head", 1.0)])
def test_layers_learn_beneath_a_head_that_is_less_sure_than_the_probe(
    strategy: str, share: float, shared: Path, tiny_base: str, tmp_path: Path
) -> None:
    data = banking(shared, train=48, dev=24)
    settings = {"base": tiny_base, "strategy": strategy, "max_steps": 1, "warmup": 0, "learning_rate": 1e-12}
    run = begin(data, Recipe.of(None, data.schema, settings), tmp_path, resume=False)
    run.brief = True  # What there was before is not kept, so it can't be taken again.
    run.recipe.strategy.fit(run)
    assert run.probe is not None
    weight, bias = run.probe
    assert run.network.linear.weight.allclose(share * weight, rtol=1e-4)
    assert run.network.linear.bias.allclose(share * bias, rtol=1e-4)


def test_training_that_does_harm_leaves_what_there_was_before(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    data = banking(shared, train=96)
    probe = tunery.tune(data, tiny_base, strategy="probe", output=tmp_path / "probe")
    harmed = tunery.tune(
        data,
        tiny_base,
        strategy="full",
        learning_rate=0.5,
        max_steps=4,
        warmup=0,
        gradient_clipping=0,
        output=tmp_path / "m",
    )
    assert harmed.manifest.metrics["accuracy"] == probe.manifest.metrics["accuracy"]


def test_the_same_recipe_and_seed_give_the_same_metrics(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    data = banking(shared, train=120)
    first = tunery.tune(data, tiny_base, strategy="full", max_steps=8, output=tmp_path / "first")
    second = tunery.tune(data, recipe=tmp_path / "first" / "recipe.yaml", output=tmp_path / "second")
    assert second.manifest.metrics == first.manifest.metrics
    ours, theirs = (
        load_file(tmp_path / "first" / "model.safetensors"),
        load_file(tmp_path / "second" / "model.safetensors"),
    )
    assert all(ours[name].equal(theirs[name]) for name in ours)


def test_a_budget_ends_in_time_and_its_recipe_says_the_steps(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    model = tunery.tune(
        banking(shared), tiny_base, strategy="full", epochs=1000, patience=0, budget="8s", output=tmp_path / "m"
    )
    assert model.manifest.recipe["max_steps"] < 1000 * 10
    assert "budget" not in model.manifest.recipe
    assert model.manifest.metrics["accuracy"] > 0.8


_RUN = """
    import sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    import tunery
    from test_fit import banking
    tunery.tune(banking(Path({shared!r}), train=96), {base!r}, measure_every=0.5, patience=0,
                batch_tokens=256, output={output!r}, resume={resume}, **{settings!r})
"""


def start(
    shared: Path, base: str, output: Path, *, resume: bool = False, settings: Mapping[str, object] | None = None
) -> subprocess.Popen[bytes]:
    code = textwrap.dedent(_RUN).format(
        tests=str(Path(__file__).parent), shared=str(shared), base=base, output=str(output), resume=resume,
        settings={"strategy": "full", "epochs": 2, **(settings or {})},
    )  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with output.with_suffix(".log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=log)


def finish(process: subprocess.Popen[bytes], output: Path) -> None:
    assert process.wait() == 0, output.with_suffix(".log").read_text(encoding="utf-8")


def wait_for_checkpoint(process: subprocess.Popen[bytes], output: Path) -> None:
    while not list(output.glob(".run/checkpoint-*/trainer_state.json")):
        assert process.poll() is None, output.with_suffix(".log").read_text(encoding="utf-8")
        time.sleep(0.02)


@pytest.mark.long
def test_a_run_killed_and_resumed_ends_in_the_same_bits(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(start(shared, tiny_base, whole), whole)
    killed = start(shared, tiny_base, broken)
    wait_for_checkpoint(killed, broken)
    killed.kill()
    killed.wait()
    assert not (broken / "tunery.json").exists()
    finish(start(shared, tiny_base, broken, resume=True), broken)
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (broken, whole))
    assert all(ours[name].equal(theirs[name]) for name in ours)
    assert not (broken / ".run").exists()


@pytest.mark.parametrize("kills", [1, pytest.param(5, marks=pytest.mark.long)])
def test_a_run_killed_anywhere_again_and_again_ends_in_the_same_bits(
    kills: int, shared: Path, tiny_base: str, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(start(shared, tiny_base, whole), whole)
    moments = random.Random(0)
    for _kill in range(kills):
        process = start(shared, tiny_base, broken, resume=True)
        beginning = time.monotonic()
        while process.poll() is None and not (broken / ".run" / "train.arrow").exists():
            time.sleep(0.01)
        spent = time.monotonic() - beginning
        time.sleep(moments.uniform(0, 0.5 * spent))
        process.kill()
        process.wait()
    finish(start(shared, tiny_base, broken, resume=True), broken)
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (broken, whole))
    assert all(ours[name].equal(theirs[name]) for name in ours)
    curves = [json.loads((folder / "curves.json").read_text(encoding="utf-8")) for folder in (broken, whole)]
    for points in curves:
        for point in points:
            del point["seconds"]
    assert curves[0] == curves[1]


def test_ctrl_c_keeps_the_best_so_far(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    output = tmp_path / "model"
    process = start(shared, tiny_base, output)
    wait_for_checkpoint(process, output)
    process.send_signal(signal.SIGINT)
    finish(process, output)
    manifest = tunery.load_model(output).manifest
    assert manifest.ended == "interrupted"
    assert manifest.steps < manifest.recipe["epochs"] * 100
    assert manifest.metrics["accuracy"] > 0.5


def test_nothing_that_is_there_is_overwritten(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    data = banking(shared, train=60)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ModelError, match=r"notes holds other files. Give --output a new or an empty folder"):
        tunery.tune(data, tiny_base, strategy="probe", output=tmp_path / "notes")
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["mine.txt"]
    tunery.tune(data, tiny_base, strategy="probe", output=tmp_path / "model")
    with pytest.raises(ModelError, match="holds a model already"):
        tunery.tune(data, tiny_base, strategy="probe", output=tmp_path / "model")


def test_an_interrupted_run_is_neither_lost_nor_mixed_up(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    data = banking(shared, train=60)
    work = tmp_path / "model" / ".run"
    work.mkdir(parents=True)
    recipe = tunery.Recipe.of(None, data.schema, {"base": tiny_base, "strategy": "full"})
    (work / "run.json").write_text(json.dumps({"recipe": recipe.to_dict(), "data": data.fingerprint}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"holds a run that was interrupted. Go on with it by --resume"):
        tunery.tune(data, tiny_base, strategy="full", output=tmp_path / "model")
    with pytest.raises(SettingError, match=r"had other settings \(seed\)"):
        tunery.tune(data, tiny_base, strategy="full", seed=7, output=tmp_path / "model", resume=True)
    with pytest.raises(SettingError, match="had other data"):
        tunery.tune(banking(shared, train=61), tiny_base, strategy="full", output=tmp_path / "model", resume=True)


def test_data_without_a_dev_split_is_refused(shared: Path, tiny_base: str) -> None:
    data = Dataset({"train": banking(shared, train=20)["train"]}, Schema("label"))
    with pytest.raises(DataError, match="no dev split"):
        tunery.tune(data, tiny_base)
