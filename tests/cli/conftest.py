"""Two small models, tuned once by the command line itself, that the tests of every command use."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.calls import Answer, Tunery

from tunery.cli.main import run

BASE = "models/multilingual-e5-small-zh-en"
INTENTS = ("card_arrival", "exchange_rate", "pin_blocked")


@pytest.fixture
def tunery(capfd: pytest.CaptureFixture[str]) -> Tunery:
    """Call the command line within this process."""

    def call(*arguments: object) -> Answer:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        return Answer(code, *capfd.readouterr())

    return call


def sample(source: Path, target: Path, sizes: dict[str, int], keep: Callable[[dict[str, object]], bool]) -> Path:
    target.mkdir()
    for split, size in sizes.items():
        with gzip.open(source / f"{split}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = [line for line in file if keep(json.loads(line))]
        (target / f"{split}.jsonl").write_text("".join(rows[:: max(1, len(rows) // size)][:size]), encoding="utf-8")
    return target


@pytest.fixture(scope="session")
def intents(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Banking77, some rows of three classes."""
    folder = tmp_path_factory.mktemp("intents") / "data"
    sizes = {"train": 45, "dev": 15, "test": 30}
    return sample(shared / "data/banking77", folder, sizes, lambda row: row["label"] in INTENTS)


@pytest.fixture(scope="session")
def entities(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chinese medical entities, some short rows."""
    folder = tmp_path_factory.mktemp("entities") / "data"
    sizes = {"train": 40, "dev": 10, "test": 10}
    return sample(shared / "data/zhmed_cMedQANER", folder, sizes, lambda row: len(str(row["tokens"])) < 400)


def tuned(data: Path, task: str, base: Path, output: Path) -> Path:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TUNERY_LANG", "en")
        code = run(
            ["tune", "--data", str(data), "--task", task, "--base", f"file:{base}", "--strategy", "probe",
             "--output", str(output)]
        )  # fmt: skip
    assert code == 0
    return output


@pytest.fixture(scope="session")
def classifier(intents: Path, shared: Path) -> Path:
    """A model of three intents."""
    return tuned(intents, "text-classification", shared / BASE, intents.parent / "model")


@pytest.fixture(scope="session")
def tagger(entities: Path, shared: Path) -> Path:
    """A model of Chinese medical entities."""
    return tuned(entities, "token-classification", shared / BASE, entities.parent / "model")
