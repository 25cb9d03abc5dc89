"""A model seen as its parts, whatever its architecture."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.tuning.test_fit import banking
from transformers import AlbertConfig, AlbertModel, AutoTokenizer, DistilBertConfig, DistilBertModel, PretrainedConfig

import tunery
from tunery import tasks
from tunery.errors import ModelError
from tunery.models.base import load_base


def tiny(chinese_base: str, folder: Path, config: PretrainedConfig, kind: type) -> str:
    tokenizer = AutoTokenizer.from_pretrained(chinese_base.removeprefix("file:"))
    torch.manual_seed(0)
    config.vocab_size, config.pad_token_id = len(tokenizer), 1
    kind(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return f"file:{folder}"


@pytest.fixture
def albert(chinese_base: str, tmp_path: Path) -> str:
    """An architecture that shares one layer among all."""
    config = AlbertConfig(
        embedding_size=16, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=130,
    )  # fmt: skip
    return tiny(chinese_base, tmp_path / "albert", config, AlbertModel)


@pytest.fixture
def distilbert(chinese_base: str, tmp_path: Path) -> str:
    """An architecture with other names for everything."""
    config = DistilBertConfig(dim=32, n_layers=3, n_heads=2, hidden_dim=64, max_position_embeddings=130)
    return tiny(chinese_base, tmp_path / "distilbert", config, DistilBertModel)


def test_layers_that_are_shared_are_not_told_apart_and_tuned_all_the_same(
    albert: str, shared: Path, tmp_path: Path
) -> None:
    network = load_base(albert, tasks.get("text-classification", multi_label=False), ["a", "b"]).network
    assert list(network.known_layers()) == []
    assert network.frozen_depth() == 0
    with pytest.raises(ModelError, match=r"layers of Albert.* can't be told apart. Use the strategy full, head or pro"):
        _ = network.layers
    data = banking(shared, train=40, dev=20)
    for strategy in ("full", "head", "auto"):
        model = tunery.tune(data, albert, strategy=strategy, max_steps=2, output=tmp_path / strategy)
        assert len(model.predict(["my card"])) == 1


def test_other_architectures_leave_out_what_is_frozen_too(
    distilbert: str, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNERY_CACHE", str(tmp_path / "cache"))
    data = banking(shared, train=40, dev=20)
    tunery.tune(data, distilbert, strategy="last-n", layers=1, max_steps=2, output=tmp_path / "model")
    assert len(list((tmp_path / "cache" / "frozen").glob("*.npy"))) == 2
