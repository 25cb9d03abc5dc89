"""A cache of its own for every test, a hub that runs on this machine, and small models and data sets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sources.hub import Hub, running

MODEL = {
    "config.json": json.dumps({"model_type": "bert"}).encode(),
    "model.safetensors": bytes(range(256)) * 4096,
    "tokenizer.json": b"{}",
    "vocab.txt": b"[PAD]\n[UNK]\n",
    "README.md": b"# A model\n",
    "LICENSE": b"Apache-2.0\n",
}
UNWANTED = {
    "pytorch_model.bin": b"\x80\x04pickle",
    "pytorch_model.bin.index.json": b"{}",
    "modeling_custom.py": b"raise SystemExit('never run')\n",
    "onnx/model.onnx": b"onnx",
    "onnx/config.json": b"{}",
    "tf_model.h5": b"hdf",
    "training_args.bin": b"\x80\x04",
    ".gitattributes": b"",
}
DATA = {
    "data/train.jsonl": b'{"text": "good", "label": "pos"}\n',
    "data/test.jsonl.gz": b"\x1f\x8b",
    "README.md": b"# Data\n",
    "loader.py": b"raise SystemExit('never run')\n",
    "picture.png": b"png",
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tunery's cache folder."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("TUNERY_CACHE", str(folder))
    monkeypatch.delenv("TUNERY_SOURCES", raising=False)
    return folder


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A running hub without repositories."""
    with running() as server:
        yield server


def files_of(folder: Path) -> set[str]:
    """Return the names of all files of a folder, relative."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def hf(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The hub, as the one that huggingface_hub asks. The library reads its environment when it is imported."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return hub


@pytest.fixture
def modelscope(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The hub, as the one that ModelScope's library asks."""
    pytest.importorskip("modelscope_hub")
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.url)
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "modelscope"))
    monkeypatch.setenv("MODELSCOPE_HOME", str(tmp_path / "modelscope-home"))
    monkeypatch.delenv("MODELSCOPE_API_TOKEN", raising=False)
    # The library waits between attempts; how often it tries is its own business, and tested there.
    monkeypatch.setattr("modelscope_hub._legacy_api.REPO_TREE_PAGE_MAX_ATTEMPTS", 1)
    return hub
