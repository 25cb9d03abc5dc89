"""What bad input does to a server: nothing that lasts."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.serving.hostile import PATIENCE, Mutator, State, assault, complaints, settled
from tests.serving.rig import Running, copy, serving

_GROWTH = 64 * 1024**2
"""Bytes that a worker may hold more after all bad requests than after the first hundreds: buffers of odd sizes."""
_POOL = min(32, (os.cpu_count() or 1) + 4)
"""Threads that asyncio may start for what blocks, each when it is first needed; it keeps them."""


@pytest.fixture(scope="module")
def folder(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models; ``outside`` leads out of it, to a model that could be served."""
    top = tmp_path_factory.mktemp("hostile")
    copy(models / "topics", top / "elsewhere" / "topics")
    copy(models / "intents", top / "models" / "intents")
    (top / "models" / "outside").symlink_to(top / "elsewhere" / "topics", target_is_directory=True)
    (top / "models" / "up").symlink_to(top / "elsewhere", target_is_directory=True)
    (top / "models" / "round").symlink_to(top / "models" / "round", target_is_directory=True)
    (top / "models" / "again").symlink_to("intents", target_is_directory=True)
    (top / "models" / "file").write_text("{}", encoding="utf-8")
    return top / "models"


@pytest.fixture
def victim(folder: Path) -> Iterator[Running]:
    arguments = (f"intents={folder / 'intents'}", "--models", str(folder), "--body-timeout", str(PATIENCE))
    with serving(*arguments) as running:
        yield running
        assert complaints(running) == []


def test_hundreds_of_bad_requests_leave_nothing_behind(victim: Running) -> None:
    expected = victim.ask("intents", "Where is my card?")["predictions"]
    for words in (1, 5, 20, 60, 125, 250):
        victim.ask("intents", ["word " * words] * 100)  # What batches of all sizes take is kept, and no leak.
    mutator = Mutator(1, ["intents"], ["intents"])
    first = asyncio.run(assault(victim.port, mutator.requests(600)))
    before = settled(victim)
    second = asyncio.run(assault(victim.port, mutator.requests(900)))
    victim.wait_for(lambda: _holds_no_more(State.of(victim), before))
    after = State.of(victim)
    outcomes = first + second
    assert outcomes.total() == 1500
    # Whatever is sent is answered, unless the connection was cut, and by a refusal more often than not.
    assert not [outcome for outcome in outcomes if outcome.startswith(("silence", "500", "502"))]
    assert {"200", "400", "404", "405", "408", "415", "422", "431"} <= set(outcomes)
    assert after.memory - before.memory < _GROWTH
    assert victim.ask("intents", "Where is my card?")["predictions"] == expected
    assert after.pid == before.pid


def _holds_no_more(now: State, before: State) -> bool:
    return now.files <= before.files and now.threads <= before.threads + _POOL


@pytest.mark.parametrize(
    "name",
    [
        "..", ".", "/", "../elsewhere/topics", "intents/../../elsewhere/topics", "{outside}", "{outside}/", "/etc", "~",
        "outside", "outside/", "./outside", "outside/../topics",
        "up/topics", "round", "round/x", "file", "file/x",
        "file/..", "intents/tunery.json", "a\0b", "\0", "intents\0", "intents\0/../../elsewhere/topics",
        "..\\elsewhere\\topics",
        "%2e%2e/elsewhere/topics", "a" * 300, "a/" * 499, "\U0001f9ea", "file:///etc", "\\\\?\\etc",
    ],
)  # fmt: skip
def test_a_model_outside_the_folder_is_not_loaded(victim_of_names: Running, folder: Path, name: str) -> None:
    outside = folder.parent / "elsewhere" / "topics"
    assert outside.is_dir()
    with victim_of_names.client() as client:
        response = client.post("/v1/endpoints/new/versions", json={"model": name.format(outside=outside)})
        assert (response.status_code, response.json()["code"]) == (422, "no-model")
        assert str(outside) not in response.text or name == "{outside}" or name == "{outside}/"
        assert [one["name"] for one in client.get("/v1/endpoints").json()["endpoints"]] == ["intents"]


@pytest.fixture(scope="module")
def victim_of_names(folder: Path) -> Iterator[Running]:
    with serving(f"intents={folder / 'intents'}", "--models", str(folder)) as running:
        yield running
        assert complaints(running) == []


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "%2e%2e%2f%2e%2e", "a%2fb", "%00", "%ff", "-a", ".a", "a" * 65, "%E2%80%AEa"]
)
def test_endpoints_can_not_be_called_anything(victim_of_names: Running, name: str) -> None:
    with victim_of_names.client() as client:
        response = client.post(f"/v1/endpoints/{name}/versions", json={"model": "intents"})
        assert response.status_code in (404, 405, 422)
        assert [one["name"] for one in client.get("/v1/endpoints").json()["endpoints"]] == ["intents"]


def test_a_link_within_the_folder_is_followed(victim_of_names: Running) -> None:
    with victim_of_names.client() as client:
        response = client.post("/v1/endpoints/again/versions", json={"model": "again"})
        assert response.status_code == 201
        assert response.json()["versions"][0]["model"] == "intents"
        assert client.delete("/v1/endpoints/again").status_code == 204


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()  # The copy is a link: the original must stay as it is.
    path.write_bytes(data[: len(data) // 2])


def _emptied(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"")


def _garbled(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"\xff\xfe{" * 50)


def _nested(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"[" * 100_000)


def _other_json(path: Path) -> None:
    path.unlink()
    path.write_text(json.dumps([1]), encoding="utf-8")


@pytest.mark.parametrize("damage", [_cut, _emptied, _garbled, _nested, _other_json, Path.unlink])
@pytest.mark.parametrize(
    "file", ["tunery.json", "tokenizer.json", "export/head.safetensors", "export/body.onnx", "export/neck.onnx"]
)
def test_a_broken_model_is_refused_and_the_old_one_answers(
    victim_of_names: Running, folder: Path, file: str, damage: Callable[[Path], None]
) -> None:
    broken = copy(folder / "intents", folder / "broken")
    try:
        damage(broken / file)
        # Bodies and necks that are open already are not opened again: these must not be known.
        _rename_parts(broken, file)
        with victim_of_names.client() as client:
            response = client.post("/v1/endpoints/intents/versions", json={"model": "broken"})
        assert response.status_code == 422, response.text
        assert victim_of_names.ask("intents", "Where is my card?")["version"].startswith("intents-")
    finally:
        shutil.rmtree(broken)


def _rename_parts(model: Path, file: str) -> None:
    part = {"export/body.onnx": "body", "export/neck.onnx": "neck"}.get(file)
    if part is not None:
        values = json.loads((model / "tunery.json").read_text(encoding="utf-8"))
        values["export"][part] = "0" * len(values["export"][part])
        (model / "tunery.json").write_text(json.dumps(values), encoding="utf-8")
