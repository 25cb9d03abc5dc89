"""``tunery export``: a table or JSON on standard output, and a folder that is ready for serving."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.calls import Tunery
from tests.cli.conftest import tuned

from tunery.models.manifest import Manifest


@pytest.fixture(scope="module")
def model(intents: Path, tiny_base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tuned(
        intents, "text-classification", Path(tiny_base.removeprefix("file:")), tmp_path_factory.mktemp("x") / "m"
    )


def test_what_was_tried_is_printed_and_kept(tunery: Tunery, model: Path, intents: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.txt"
    strange.write_text("what is the capital of France\n\nplay some jazz\n", encoding="utf-8")
    # Which one is the fastest depends on the machine; on the data that it was tuned with, none is named.
    answer = tunery("export", model, "--out-of-scope", strange, "--json", "-")
    assert answer.code == 0
    found, manifest = json.loads(answer.out), Manifest.read(model)
    assert set(found["measured"]) == {"torch", "onnx", "onnx-int8"}
    assert manifest.export is not None
    assert found["runtime"] == manifest.export.runtime
    assert (model / "export" / "body.onnx").is_file() == (manifest.export.runtime != "torch")
    assert manifest.abstention is not None
    assert manifest.abstention.refused is not None


def test_what_can_not_be_meant_is_a_wrong_call(tunery: Tunery, model: Path, intents: Path, tmp_path: Path) -> None:
    answer = tunery("export", model, "--format", "onyx")
    assert answer.code == 2
    assert answer.err.startswith("Error: There is no format onyx to export.\n  Did you mean onnx?")
    answer = tunery("export", model, "--set", "text_column=text")
    assert answer.code == 2
    assert answer.err.startswith("Error: --set is given without --data.")
    (tmp_path / "empty.txt").write_text("\n\n", encoding="utf-8")
    answer = tunery("export", model, "--data", intents, "--out-of-scope", tmp_path / "empty.txt")
    assert answer.code == 2
    assert "empty.txt holds no texts" in answer.err
