"""Small exported models, made once for all test processes, and a server that has them."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from tests.serving.rig import Running, serving
from tests.serving.small_server import SmallServer
from tests.serving.small_server import running as small_server

import tunery
from tunery.data.dataset import Dataset, Schema, Split
from tunery.models.model import Model
from tunery.types import Example, Span

INTENTS = ("card_arrival", "exchange_rate", "lost_or_stolen_card", "top_up_failed")
TOPICS = ("age_limit", "cash_withdrawal_charge", "change_pin", "pin_blocked", "verify_my_identity", "terminate_account")


def rows(shared: Path, name: str, split: str) -> list[dict[str, object]]:
    with gzip.open(shared / "data" / name / f"{split}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def classes(shared: Path, labels: tuple[str, ...]) -> Dataset:
    def read(split: str, count: int) -> Split:
        kept = [row for row in rows(shared, "banking77", split) if row["label"] in labels]
        chosen = kept[:: -(-len(kept) // count)]  # Rows of a label stand together: take some of each.
        return Split(split, [Example(str(row["text"]), str(row["label"])) for row in chosen])

    return Dataset({"train": read("train", 240), "dev": read("dev", 60)}, Schema("label"), "file:banking77")


def emotions(shared: Path) -> Dataset:
    def read(split: str, count: int) -> Split:
        own = rows(shared, "goemotions", split)[:count]
        return Split(split, [Example(str(row["text"]), tuple(sorted(row["labels"]))) for row in own])  # type: ignore[call-overload]

    return Dataset({"train": read("train", 300), "dev": read("dev", 80)}, Schema("label"), "file:goemotions")


def entities() -> Dataset:
    names, cities = ("Ann", "Bob", "Carol", "David", "Erin", "Frank"), ("Rome", "Paris", "Berlin", "Madrid", "Vienna")
    made = []
    for i in range(120):
        name, city = names[i % 6], cities[(i * 3) % 5]
        text = f"{name} went to {city}." if i % 2 else f"In {city} we met {name} today."
        labelled = ((name, "PER"), (city, "LOC"))
        spans = [Span(text.index(part), text.index(part) + len(part), label) for part, label in labelled]
        made.append(Example(text, tuple(sorted(spans))))
    return Dataset({"train": Split("train", made[:90]), "dev": Split("dev", made[90:])}, Schema("spans"), "file:made")


@pytest.fixture(scope="session")
def models(shared: Path, tiny_base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of exported models: ``intents`` and ``topics`` (one body), ``emotions``, ``entities``."""
    data: dict[str, tuple[Callable[[], Dataset], str]] = {
        "intents": (lambda: classes(shared, INTENTS), "text-classification"),
        "topics": (lambda: classes(shared, TOPICS), "text-classification"),
        "emotions": (lambda: emotions(shared), "text-classification"),
        "entities": (entities, "token-classification"),
    }
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / "served"
    with FileLock(f"{folder}.lock"):
        for name, (load, task) in data.items():
            if not (folder / name).is_dir():
                part = tmp_path_factory.mktemp("part") / name
                make(load(), tiny_base, task, part, like=folder / "intents")
                folder.mkdir(exist_ok=True)
                part.rename(folder / name)
    return folder


def make(data: Dataset, base: str, task: str, folder: Path, *, like: Path | None = None, **settings: object) -> Model:
    """Tune a model and write its graphs, whatever their speed: that is another test's subject.

    The body of ``like``, where that is there already, is taken for its own: a probe leaves the base model as it is.
    """
    from tunery.models.export.graphs import fingerprint, write_graphs
    from tunery.models.exported import BODY, FOLDER
    from tunery.models.manifest import Export

    model = tunery.tune(data, base, task=task, strategy="probe", output=folder, **settings)
    (folder / FOLDER).mkdir()
    body = None
    if like is not None and like.is_dir():
        body = fingerprint(shutil.copy(like / FOLDER / BODY, folder / FOLDER / BODY))
    graphs = write_graphs(model.network, model.manifest.limit, folder / FOLDER, body=body)
    export = Export(
        runtime="onnx", body=graphs.body, neck=graphs.neck, pad_id=model.network.pad_id,
        unknown_id=model.encoder.unknown,
    )  # fmt: skip
    model.manifest.model_copy(update={"export": export}).write(folder)
    return model


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Running]:
    """A server with all of them, from whose folder more can be loaded."""
    names = ("intents", "topics", "emotions", "entities")
    with serving(*(f"{name}={models / name}" for name in names), "--models", str(models)) as running:
        yield running


@pytest.fixture
def small() -> Iterator[SmallServer]:
    """A small server that speaks the same language, and fails when it is told to."""
    with small_server() as running:
        yield running
