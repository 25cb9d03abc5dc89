"""Endpoints while the server runs: loading, promoting, unloading, and exchanging models under load."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.serving.rig import Running, copy, serving

from tunery.models.exported import ExportedModel

TEXTS = ("When will my card arrive?", "what is the exchange rate", "I have lost my card", "my top up failed")
_ATTEMPTS = 30


@pytest.fixture
def shelf(models: Path, tmp_path: Path) -> Path:
    """A folder with ``intents``, and ``turned``: the same model with other names for its labels."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    original = copy(models / "intents", folder / "intents")
    labels = json.loads((original / "tunery.json").read_text(encoding="utf-8"))["labels"]
    copy(models / "intents", folder / "turned", labels=[f"{label}2" for label in labels])
    return folder


@pytest.fixture
def shop(shelf: Path) -> Iterator[Running]:
    with serving(f"intents={shelf / 'intents'}", "--models", str(shelf)) as running:
        yield running


def change(server: Running, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
    with server.client() as client:
        response = client.request(method, f"/v1/endpoints{path}", json=body, headers=headers)
    return response.status_code, response.json() if response.content else {}


def labels(server: Running, name: str = "intents") -> set[str]:
    return {one["label"] for one in server.ask(name, list(TEXTS))["predictions"]}


def test_a_version_can_be_loaded_beside_and_promoted_and_taken_back(shop: Running) -> None:
    first = shop.ask("intents", "hello")["version"]
    status, loaded = change(shop, "POST", "/intents/versions", {"model": "turned", "promote": False})
    assert status == 201
    assert loaded["version"] == first
    assert {one["version"] for one in loaded["versions"]} == {first, loaded["loaded"]}
    assert not any(label.endswith("2") for label in labels(shop))
    status, shown = change(shop, "POST", "/intents/promote", {"version": loaded["loaded"]})
    assert (status, shown["version"]) == (200, loaded["loaded"])
    assert all(label.endswith("2") for label in labels(shop))
    assert change(shop, "DELETE", f"/intents/versions/{loaded['loaded']}")[0] == 409
    assert change(shop, "POST", "/intents/promote", {"version": first})[0] == 200
    assert not any(label.endswith("2") for label in labels(shop))
    assert change(shop, "DELETE", f"/intents/versions/{loaded['loaded']}")[0] == 204
    assert change(shop, "POST", "/intents/promote", {"version": loaded["loaded"]})[1]["code"] == "no-version"


def test_an_endpoint_can_be_made_and_unloaded(shop: Running) -> None:
    assert change(shop, "POST", "/new/versions", {"model": "turned"})[0] == 201
    assert all(label.endswith("2") for label in labels(shop, "new"))
    assert [one["name"] for one in change(shop, "GET", "")[1]["endpoints"]] == ["intents", "new"]
    assert change(shop, "DELETE", "/new")[0] == 204
    with shop.client() as client:
        assert client.post("/v1/predict/new", json={"inputs": "a"}).status_code == 404
    assert change(shop, "DELETE", "/new")[0] == 404


OUTSIDE = ("nothing", "..", "../shelf/intents", "/etc", ".", "", "intents/../../x", "a\0b", "link")


@pytest.mark.parametrize("name", OUTSIDE)
def test_only_models_on_the_shelf_can_be_loaded(shop: Running, shelf: Path, models: Path, name: str) -> None:
    (shelf / "link").symlink_to(models / "topics")
    status, problem = change(shop, "POST", "/intents/versions", {"model": name})
    assert status == 422
    assert problem["code"] in ("no-model", "wrong-body")
    assert str(shelf) not in json.dumps(problem)
    assert labels(shop)


def test_a_model_that_fails_to_load_leaves_the_old_one(shop: Running, shelf: Path) -> None:
    before = shop.ask("intents", list(TEXTS))
    broken = copy(shelf / "intents", shelf / "broken")
    head = broken / "export" / "head.safetensors"
    weights = load_file(head)
    save_file({"weight": weights["weight"][:, :5].copy(), "bias": weights["bias"]}, head)
    for name in ("broken", "empty"):
        (shelf / "empty").mkdir(exist_ok=True)
        status, problem = change(shop, "POST", "/intents/versions", {"model": name})
        assert status == 422
        assert problem["detail"]
    after = shop.ask("intents", list(TEXTS))
    assert after["version"] == before["version"]
    assert after["predictions"] == before["predictions"]


def test_without_a_folder_of_models_none_can_be_loaded(models: Path) -> None:
    with serving(str(models / "intents")) as running:
        status, problem = change(running, "POST", "/intents/versions", {"model": "intents"})
        assert (status, problem["code"]) == (403, "no-models")


def test_pages_of_other_sites_can_change_nothing(shop: Running) -> None:
    with shop.client() as client:
        plain = {"Content-Type": "text/plain"}
        response = client.post("/v1/endpoints/intents/promote", content=b'{"version": "x"}', headers=plain)
        assert response.status_code == 415
        assert "access-control-allow-origin" not in client.options("/v1/endpoints/intents").headers


def test_answers_are_never_of_two_versions(shelf: Path, shop: Running) -> None:
    """Under load, every answer is what the version that it names would give; none fails."""
    models = {name: ExportedModel.load(shelf / name) for name in ("intents", "turned")}
    expected = {name: [one.label for one in model.predict(TEXTS)] for name, model in models.items()}
    ends = threading.Event()
    wrong: list[object] = []
    seen: set[str] = set()

    def ask() -> None:
        with shop.client() as client:
            while not ends.is_set():
                response = client.post("/v1/predict/intents", json={"inputs": list(TEXTS)})
                if response.status_code != 200:
                    wrong.append(response.text)
                    continue
                answer = response.json()
                name = answer["version"].rpartition("-")[0]
                seen.add(name)
                if [one["label"] for one in answer["predictions"]] != expected[name]:
                    wrong.append(answer)

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        for turn in range(6):
            model = ("turned", "intents")[turn % 2]
            status, loaded = change(shop, "POST", "/intents/versions", {"model": model})
            assert status == 201
            for version in loaded["versions"]:
                if not version["champion"]:
                    assert change(shop, "DELETE", f"/intents/versions/{version['version']}")[0] == 204
    finally:
        ends.set()
        for caller in callers:
            caller.join()
    assert wrong == []
    assert seen == {"intents", "turned"}


def test_what_was_promoted_is_remembered(shelf: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    arguments = ("--models", str(shelf), "--state", str(state))
    with serving(f"intents={shelf / 'intents'}", *arguments) as running:
        assert change(running, "POST", "/extra/versions", {"model": "turned"})[0] == 201
    with serving(f"intents={shelf / 'intents'}", *arguments) as running:
        assert all(label.endswith("2") for label in labels(running, "extra"))


def test_models_on_one_body_share_it(server: Running) -> None:
    """Two label sets, one batch: the answers are those of each model alone."""
    with server.client() as client:
        mixed = _mixed(client.get("/metrics").text)

    def ask(name: str, into: list[Any]) -> None:
        into += [server.ask(name, list(TEXTS))["predictions"] for _ in range(30)]

    found: dict[str, list[Any]] = {"intents": [], "topics": []}
    for _attempt in range(_ATTEMPTS):  # whether two calls meet in one batch is up to the machine
        callers = [threading.Thread(target=ask, args=item) for item in (*found.items(), *found.items())]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        with server.client() as client:
            if _mixed(client.get("/metrics").text) > mixed:
                break
    else:
        pytest.fail("calls to two models never met in one batch")
    for name, answers in found.items():
        alone = server.ask(name, list(TEXTS))["predictions"]
        for answer in answers:
            assert [one["label"] for one in answer] == [one["label"] for one in alone]
            np.testing.assert_allclose([one["score"] for one in answer], [one["score"] for one in alone], atol=2e-5)


def _mixed(page: str) -> float:
    return float(next(line.split()[1] for line in page.splitlines() if line.startswith("tunery_batches_mixed_total")))
