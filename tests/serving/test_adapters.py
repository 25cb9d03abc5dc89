"""Models that differ by an adapter run in one batch, each row with its own, whatever their label sets and ranks."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.serving.conftest import INTENTS, TOPICS, classes

import tunery
from tunery.data.dataset import Dataset
from tunery.models.export.graphs import write
from tunery.models.exported import FOLDER, Machine
from tunery.models.manifest import Export
from tunery.models.model import Model
from tunery.serving.engines import Engines
from tunery.serving.served import Served, load
from tunery.types import Example

TEXTS = ("When will my card arrive?", "I forgot my PIN", "", "what is the exchange rate " * 30)


def tuned(data: Dataset, base: str, folder: Path, rank: int) -> Model:
    """Tune with adapters that are kept, and write the graphs."""
    small = Dataset({"train": data["train"][::4], "dev": data["dev"][::3]}, data.schema, data.source)
    model = tunery.tune(
        small, base, task="text-classification", strategy="lora", rank=rank, adapter="keep", epochs=2,
        head_start=False, learning_rate=5e-3, output=folder,
    )  # fmt: skip
    (folder / FOLDER).mkdir()
    graphs = write(model, folder / FOLDER)
    export = Export(
        runtime="onnx", body=graphs.body, neck=graphs.neck, adapted=graphs.adapted, pad_id=model.network.pad_id,
        unknown_id=model.encoder.unknown,
    )  # fmt: skip
    model.manifest.model_copy(update={"export": export}).write(folder)
    return model


@pytest.fixture(scope="module")
def two(shared: Path, one_layer_base: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Model]:
    folder = tmp_path_factory.mktemp("adapted")
    first = tuned(classes(shared, INTENTS), one_layer_base, folder / "intents", rank=4)
    return first, tuned(classes(shared, TOPICS), one_layer_base, folder / "topics", rank=8)


def answers(models: list[Served], texts: tuple[str, ...]) -> list[list[dict[str, float]]]:
    """Answer each text by each model, all in one batch."""
    windows, owners = [], []
    for number, model in enumerate(models):
        for encoding in model.task.encode([Example(text) for text in texts], model.encoder, model.labels):
            windows.append((model.part, encoding))
            owners.append(number)
    logits = models[0].part.engine.run(windows)
    found: list[list[dict[str, float]]] = [[] for _ in models]
    for owner, (_part, encoding), values in zip(owners, windows, logits, strict=True):
        model = models[owner]
        prediction = model.task.decode(Example(texts[encoding.row]), [(encoding, values)], model.labels, 0.5)
        found[owner].append(dict(prediction.scores))
    return found


def test_they_share_the_body_and_answer_as_torch_does(two: tuple[Model, Model]) -> None:
    engines = Engines(Machine(threads=1))
    served = [load(model.folder, engines) for model in two]
    assert served[0].part.engine is served[1].part.engine
    assert all(model.part.adapter is not None and np.any(model.part.adapter.up[0]) for model in served)
    for model, found in zip(two, answers(served, TEXTS), strict=True):
        for prediction, scores in zip(model.predict(TEXTS), found, strict=True):
            for label, score in prediction.scores.items():
                assert scores[label] == pytest.approx(score, abs=2e-5)


def test_the_adapters_matter(two: tuple[Model, Model]) -> None:
    engines = Engines(Machine(threads=1))
    first, second = (load(model.folder, engines) for model in two)
    taken = replace(first, part=replace(first.part, adapter=second.part.adapter))
    own, other = answers([first, taken], TEXTS[:1])
    assert not np.allclose(list(own[0].values()), [other[0][label] for label in own[0]], atol=1e-3)


def test_a_model_that_is_unloaded_takes_its_adapter_with_it(two: tuple[Model, Model]) -> None:
    engines = Engines(Machine(threads=1))
    first, second = (load(model.folder, engines) for model in two)
    before = answers([first, second], TEXTS)[0]
    del second
    gc.collect()
    third = load(two[1].folder, engines)
    assert answers([first, third], TEXTS)[0] == before
