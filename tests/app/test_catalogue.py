"""Finding base models."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tunery import tasks
from tunery.app import catalogue
from tunery.app.known_bases import KNOWN
from tunery.i18n import use_language
from tunery.sources import is_source

_MODELS = [
    {
        "_id": "1", "id": "team/encoder", "modelId": "team/encoder", "downloads": 1200,
        "tags": ["transformers", "safetensors", "bert", "en", "license:apache-2.0"],
        "safetensors": {"parameters": {"F32": 22_000_000}, "total": 22_000_000}, "gated": False,
    },
    {"_id": "2", "id": "team/unknown", "modelId": "team/unknown", "downloads": 3, "tags": [], "gated": False},
]  # fmt: skip


class _Listing(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - emptied by the fixture

    def do_GET(self) -> None:
        if not self.path.startswith("/api/models"):
            self.send_error(404)
            return
        self.asked.append(self.path)
        body = json.dumps(_MODELS).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was asked of a hub that lists two models."""
    from huggingface_hub import constants

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Listing)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    _Listing.asked = []
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.hf_api.ENDPOINT", url, raising=False)
    monkeypatch.setattr(catalogue, "find_spec", lambda _name: None)
    yield _Listing.asked
    server.shutdown()
    server.server_close()


def test_every_known_base_model_has_a_source_and_tasks_that_exist() -> None:
    assert len({card.source for card in KNOWN}) == len(KNOWN)
    for card in KNOWN:
        assert is_source(card.source)
        assert set(card.tasks) <= set(tasks.available())
        assert card.about


def test_what_is_known_is_narrowed_to_task_and_language() -> None:
    chinese = catalogue.known("token-classification", "zh")

    assert {card.name for card in chinese} >= {"google-bert/bert-base-chinese", "FacebookAI/xlm-roberta-base"}
    assert all("token-classification" in card.tasks for card in chinese)
    assert not any(card.languages == ("en",) for card in chinese)


def test_the_hubs_answers_follow_the_known_ones(hub: list[str]) -> None:
    found = catalogue.search("encoder", reads="en", limit=5)

    assert not found.problems
    assert "search=encoder" in hub[0]
    assert "limit=5" in hub[0]
    listed = {card.name: card for card in found.cards}
    card = listed["team/encoder"]
    assert (card.licence, card.parameters, card.languages) == ("apache-2.0", 22_000_000, ("en",))
    assert card.downloads == 1200
    assert listed["team/unknown"].licence is None
    assert found.cards[0].name == "sentence-transformers/all-MiniLM-L6-v2"


def test_a_hub_that_cannot_be_reached_is_named_and_costs_only_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(catalogue, "find_spec", lambda _name: None)

    found = catalogue.search("bge")

    assert [card.name for card in found.cards] == ["BAAI/bge-small-en-v1.5", "BAAI/bge-small-zh-v1.5"]
    assert len(found.problems) == 1
    assert "HF_HUB_OFFLINE" in found.problems[0]


def test_a_folder_of_this_machine_is_described_by_its_own_card(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"0" * 1000)
    (folder / "README.md").write_text("---\nlicense: mit\nlanguage: [en, zh]\n---\n", encoding="utf-8")

    (card,) = catalogue.search(f"file:{folder}").cards

    assert (card.name, card.scheme, card.licence, card.languages) == ("mine", "file", "mit", ("en", "zh"))
    assert card.folder == 1000


def test_a_folder_without_weights_is_refused_in_words(tmp_path: Path) -> None:
    with use_language("en"):
        found = catalogue.search(str(tmp_path))

    assert found.cards == ()
    assert found.problems == (f"{tmp_path} holds no weights.",)
