"""Exported models: the same answers without torch, shared parts, and a gate that lets nothing else through."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from tests.models.test_model import classes
from tests.models.test_network import tiny
from tests.tuning.test_fit import banking, diseases, emotions
from transformers import (
    AlbertConfig,
    AlbertModel,
    DistilBertConfig,
    DistilBertModel,
    ModernBertConfig,
    ModernBertModel,
    PretrainedConfig,
    RobertaConfig,
    RobertaModel,
)

import tunery
from tunery import tasks
from tunery.data.dataset import Dataset
from tunery.errors import DataError, ModelError, SettingError
from tunery.models.answering import Answering
from tunery.models.base import load_base
from tunery.models.export import exporting, parity
from tunery.models.export.graphs import Graphs, write_graphs
from tunery.models.export.rows import dev_of
from tunery.models.exported import ExportedModel, Machine, Parts
from tunery.models.manifest import Export, Manifest, Origin
from tunery.models.model import Model
from tunery.tasks.encoding import encoder_for
from tunery.types import Example, Input

LONG = "my card has not arrived, and I was charged twice . " * 120
TEXTS = [
    "",
    " \n ",
    "银行卡还没有收到，怎么办？",
    "¿Dónde está mi tarjeta? 👍🏽",
    LONG,
    "糖尿病患者可以吃西瓜吗？" * 60,
]


@pytest.fixture(autouse=True, scope="module")
def _any_speed() -> Iterator[None]:
    """Let torch take the longest and 8-bit matrices the shortest: no test may depend on how fast the machine is."""

    def speeds(runs: Mapping[str, Answering], *_: object) -> dict[str, parity.Speed]:
        known = {"torch": 10.0, "onnx": 20.0, "onnx-int8": 30.0}
        return {name: parity.Speed(known[name], known[name]) for name in runs}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity, "speeds", speeds)
        yield


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


@pytest.fixture(scope="module")
def intents(shared: Path) -> Dataset:
    return banking(shared, train=120, dev=60)


def exported(data: Dataset, base: str, folder: Path, strategy: str = "probe", **settings: object) -> Model:
    model = tunery.tune(data, base, strategy=strategy, output=folder, **settings)
    result = tunery.export(model, data, format="onnx")
    assert result.runtime == "onnx"
    assert result.measured["onnx"].distance < 1e-3
    return model


@pytest.fixture(scope="module")
def classifier(intents: Dataset, tiny_base: str, folders: Path) -> Model:
    return exported(intents, tiny_base, folders / "intents")


@pytest.fixture(scope="module")
def emotional(shared: Path, tiny_base: str, folders: Path) -> Model:
    return exported(emotions(shared), tiny_base, folders / "emotions")


@pytest.fixture(scope="module")
def finder(shared: Path, tiny_chinese_base: str, folders: Path) -> Model:
    return exported(diseases(shared), tiny_chinese_base, folders / "diseases")


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def assert_same_answers(saved: Model, served: ExportedModel, inputs: Sequence[Input]) -> None:
    for one, other in zip(saved.predict(inputs), served.predict(inputs), strict=True):
        assert other.target == one.target
        assert other.windows == one.windows
        assert other.score == pytest.approx(one.score, abs=1e-4)
        assert other.scores == pytest.approx(dict(one.scores), abs=1e-4)


@pytest.mark.parametrize("name", ["classifier", "emotional", "finder"])
def test_an_exported_model_answers_as_the_saved_one(
    name: str, request: pytest.FixtureRequest, shared: Path, intents: Dataset
) -> None:
    folder = request.getfixturevalue(name).folder
    dev = {"classifier": intents, "emotional": emotions(shared), "finder": diseases(shared)}[name]["dev"]
    saved, served = Model.load(folder), ExportedModel.load(folder, Machine(threads=1))
    rows = [Example(row.text, words=row.words) for row in dev]
    assert_same_answers(saved, served, [*rows, *TEXTS])
    assert served.predict([LONG])[0].windows > 1
    assert served.labels == saved.labels
    assert isinstance(served, tunery.Predictor)


def test_models_of_one_base_share_what_did_not_learn(
    classifier: Model, emotional: Model, finder: Model, intents: Dataset, tiny_base: str, folders: Path
) -> None:
    one, other = classifier.manifest.export, emotional.manifest.export
    assert one is not None
    assert other is not None
    assert (one.body, one.neck) == (other.body, other.neck)
    assert finder.manifest.export is not None
    assert finder.manifest.export.body != one.body
    assert finder.manifest.export.neck is None
    head = exported(
        intents, tiny_base, folders / "head", "head", max_steps=8, learning_rate=1e-3, head_start=False
    ).manifest.export
    assert head is not None
    assert head.body == one.body
    assert head.neck != one.neck


def test_nothing_of_the_machine_stands_in_a_graph(classifier: Model) -> None:
    files = list((classifier.folder / "export").iterdir())
    assert {file.name for file in files} == {"body.onnx", "neck.onnx", "head.safetensors"}
    for file in files:
        assert b"site-packages" not in file.read_bytes()


def test_an_exported_model_needs_neither_torch_nor_transformers(classifier: Model) -> None:
    code = (
        "import sys\nfrom tunery.models.exported import ExportedModel\n"
        f"print(ExportedModel.load({str(classifier.folder)!r}).predict(['where is my card'])[0].label)\n"
        "print(*{'torch', 'transformers', 'sklearn', 'scipy', 'pyarrow', 'onnx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] in classifier.labels
    assert done.stdout.split("\n")[1] == ""


def test_nobody_is_told_that_a_model_was_run(classifier: Model, tmp_path: Path) -> None:
    """onnxruntime would write a number for this machine below the home folder, and send it with what it counts."""
    folder = str(classifier.folder)
    code = f"from tunery.models.exported import ExportedModel\nExportedModel.load({folder!r}).predict(['a'])"
    subprocess.run([sys.executable, "-c", code], check=True, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert list(tmp_path.rglob("*")) == []


@pytest.fixture
def ready(classifier: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the classifier's graphs as they are: tracing takes seconds, and these tests are about what comes after."""
    export = classifier.manifest.export
    assert export is not None

    def write(_model: object, folder: Path) -> Graphs:
        shutil.copytree(classifier.folder / "export", folder, dirs_exist_ok=True)
        return Graphs(export.body, export.neck)

    monkeypatch.setattr(exporting, "write", write)


@pytest.fixture
def broken(ready: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every export gets a head that answers with the next label."""
    whole = exporting.write

    def write(model: Model, folder: Path) -> Graphs:
        graphs = whole(model, folder)
        path = folder / "head.safetensors"
        save_file({name: np.roll(value, 1, axis=0) for name, value in load_file(path).items()}, path)
        return graphs

    monkeypatch.setattr(exporting, "write", write)


@pytest.mark.usefixtures("ready")
def test_8_bit_matrices_are_another_body_with_the_same_neck(
    classifier: Model, intents: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(classifier.folder, folder)
    monkeypatch.setattr(parity, "AGREEMENT", 0.8)
    monkeypatch.setattr(parity, "POINTS", 20.0)
    monkeypatch.setattr(parity, "DISTANCE", 0.5)
    monkeypatch.setattr(parity, "ENOUGH", 1)
    result = tunery.export(folder, intents)
    assert result.runtime == "onnx-int8"  # The fastest that passes.
    found, before = Manifest.read(folder).export, classifier.manifest.export
    assert found is not None
    assert before is not None
    assert found.body != before.body
    assert found.neck == before.neck
    assert (folder / "export" / "body.onnx").stat().st_size < (classifier.folder / "export/body.onnx").stat().st_size
    served = ExportedModel.load(folder)
    same = [a.label == b.label for a, b in zip(served.predict(TEXTS), classifier.predict(TEXTS), strict=True)]
    assert sum(same) >= len(same) - 1


@pytest.mark.usefixtures("broken")
def test_an_export_that_answers_otherwise_is_refused_with_figures(
    classifier: Model, intents: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(classifier.folder, folder)
    before = tree(folder)
    with pytest.raises(ModelError, match=r"onnx is not used: labels agree in \d\.\d\d% of all cases, and 99.5% are"):
        tunery.export(folder, intents, format="onnx")
    assert tree(folder) == before
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in classifier.folder.iterdir())


@pytest.mark.usefixtures("broken")
def test_where_nothing_passes_torch_goes_on(classifier: Model, intents: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(classifier.folder, folder)
    result = tunery.export(folder, intents)
    assert result.runtime == "torch"
    assert not (folder / "export").exists()
    found = Manifest.read(folder).export
    assert found is not None
    assert found.runtime == "torch"
    assert all(found.measured[name].failed for name in ("onnx", "onnx-int8"))
    assert "onnx: labels agree in" in str(result)
    with pytest.raises(ModelError, match=r"has not been exported. Export it with: tunery export"):
        ExportedModel.load(folder)
    assert tunery.load_model(folder).predict(["my card"])[0].label == classifier.predict(["my card"])[0].label


@pytest.mark.usefixtures("ready")
def test_what_breaks_off_leaves_the_export_that_was_there(
    classifier: Model, intents: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(classifier.folder, folder)
    (folder / "export" / "head.safetensors").write_bytes(b"an older one")
    before = tree(folder)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Manifest, "write", fail)
    with pytest.raises(OSError, match="No space left"):
        tunery.export(folder, intents, format="onnx")
    assert tree(folder) == before


@pytest.mark.usefixtures("ready")
def test_a_threshold_is_chosen_with_the_answers_that_will_be_given(
    classifier: Model, intents: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(classifier.folder, folder)
    strange = ["what is the capital of France", "play some jazz", "set an alarm for six", "how tall is Everest"]
    result = tunery.export(folder, intents, format="onnx", accuracy=0.8, out_of_scope=strange)
    found = Manifest.read(folder).abstention
    assert found is not None
    assert found == result.abstention
    assert found.accuracy >= 0.8
    assert found.refused is not None
    assert "It abstains below" in str(result)
    again = tunery.export(folder, intents, format="onnx")
    assert again.abstention is None
    assert Manifest.read(folder).abstention == found
    with pytest.raises(ModelError, match=r"60 rows of dev don't show that 99.9% of answers can be right"):
        tunery.export(folder, intents, format="onnx", accuracy=0.999)


def test_what_can_not_be_meant_is_said_before_anything_is_made(classifier: Model, finder: Model, shared: Path) -> None:
    rows = [Example("my card", "card_arrival")]
    with pytest.raises(SettingError, match=r"There is no format onxx to export. Did you mean onnx\?"):
        tunery.export(classifier, rows, format="onxx")
    with pytest.raises(SettingError, match=r"accuracy: must lie between 0 and 1 \(found 95\)"):
        tunery.export(classifier, rows, accuracy=95)
    with pytest.raises(SettingError, match="Texts that no label fits are for tasks that give each text a label"):
        tunery.export(finder, diseases(shared), out_of_scope=["x"])
    with pytest.raises(DataError, match="There are no rows with right answers to compare on"):
        tunery.export(classifier, [Example("my card")])


def test_rows_that_were_learned_from_are_refused(classifier: Model, intents: Dataset) -> None:
    with pytest.raises(DataError, match="are rows that the model learned from"):
        tunery.export(classifier, intents["train"])


def test_the_data_of_tuning_is_used_only_if_it_is_still_the_same(classifier: Model, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train", "dev"):
        rows = [{"text": row.text, "label": row.target} for row in classes()[name]]
        (data / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    own = tunery.load_data(data, "text-classification")
    known = classifier.manifest.model_copy(update={"data": Origin(source=str(data), revision=own.fingerprint)})
    assert list(dev_of(known, None)) == list(own["dev"])
    with (data / "dev.jsonl").open("a", encoding="utf-8") as file:
        file.write('\n{"text": "one more", "label": "thanks"}')
    with pytest.raises(DataError, match=r"is not what the model was tuned with. Give the data with --data"):
        dev_of(known, None)
    gone = known.model_copy(update={"data": Origin(source=str(tmp_path / "nowhere"), revision="x")})
    with pytest.raises(DataError, match=r"can't be had: .*There is no such file or folder.* Give the data with --data"):
        dev_of(gone, None)
    with pytest.raises(DataError, match="The data has no split dev"):
        dev_of(known, Dataset({"train": own["train"]}, own.schema))


def test_a_manifest_from_before_there_were_exports_is_read(classifier: Model, tmp_path: Path) -> None:
    values = json.loads((classifier.folder / "tunery.json").read_text(encoding="utf-8"))
    del values["export"], values["abstention"]
    (tmp_path / "tunery.json").write_text(json.dumps(values), encoding="utf-8")
    assert Manifest.read(tmp_path).export is None
    assert Manifest.read(tmp_path).abstention is None


SMALL = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "hidden_size": 32}
ARCHITECTURES: dict[str, tuple[PretrainedConfig, type, str, bool]] = {
    "roberta": (RobertaConfig(**SMALL, max_position_embeddings=132), RobertaModel, "token-classification", False),
    "distilbert": (
        DistilBertConfig(dim=32, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=130),
        DistilBertModel, "text-classification", True,
    ),
    "albert": (
        AlbertConfig(**SMALL, embedding_size=16, max_position_embeddings=130),
        AlbertModel, "text-classification", False,
    ),
    "modernbert": (
        ModernBertConfig(**SMALL, max_position_embeddings=130, local_attention=16),
        ModernBertModel, "token-classification", True,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "name", [name if name == "roberta" else pytest.param(name, marks=pytest.mark.long) for name in ARCHITECTURES]
)
def test_other_architectures_come_apart_too(name: str, chinese_base: str, tmp_path: Path) -> None:
    config, kind, task_name, neck = ARCHITECTURES[name]
    settings = {"multi_label": False} if task_name == "text-classification" else {}
    task = tasks.get(task_name, **settings)
    base = load_base(tiny(chinese_base, tmp_path / name, config, kind), task, ["a", "b", "c"])
    torch.nn.init.normal_(base.network.linear.weight)
    encodings = task.encode(
        [Example(text) for text in ("my card", "糖尿病患者可以吃西瓜吗？", "", "my card is lost " * 20)],
        encoder_for(base.tokenizer, 128), ["a", "b", "c"],
    )  # fmt: skip
    before = dict(base.network.logits(encodings))
    folder = tmp_path / "export"
    folder.mkdir()
    graphs = write_graphs(base.network, 128, folder)
    assert (graphs.neck is not None) == neck
    export = Export(runtime="onnx", body=graphs.body, neck=graphs.neck, pad_id=base.network.pad_id)
    found = dict(Parts.open(folder, export, Machine(threads=1)).logits(encodings))
    for number, values in before.items():
        np.testing.assert_allclose(found[number], values, atol=1e-4)
        np.testing.assert_allclose(dict(base.network.logits(encodings))[number], values, atol=1e-6)
