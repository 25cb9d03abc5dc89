"""Processes: starting, ending in order, dying, and coming back."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections import Counter
from pathlib import Path

import httpx
import psutil
import pytest
from tests.serving.rig import Running, copy, serving

from tunery.cli.main import run
from tunery.serving.keys import Keys


@pytest.fixture
def alone(models: Path):  # type: ignore[no-untyped-def]
    with serving(f"intents={models / 'intents'}") as running:
        yield running


def crowd(server: Running, requests: int) -> Counter[str]:
    """Send requests at once, each with several texts, and count what became of them."""

    async def all_of_them() -> Counter[str]:
        limits = httpx.Limits(max_connections=requests)
        async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=300, limits=limits) as client:

            async def one(number: int) -> str:
                try:
                    body = {"inputs": [f"where is card {number}? {'word ' * 100}"] * 8}
                    response = await client.post("/v1/predict/intents", json=body)
                except httpx.HTTPError as error:
                    return type(error).__name__
                return str(response.status_code)

            tasks = [asyncio.create_task(one(number)) for number in range(requests)]
            return Counter(await asyncio.gather(*tasks))

    return asyncio.run(all_of_them())


def test_what_was_accepted_is_answered_when_the_server_is_told_to_stop(alone: Running) -> None:
    found: list[Counter[str]] = []
    caller = threading.Thread(target=lambda: found.append(crowd(alone, 40)))
    caller.start()
    alone.wait_for(lambda: any(line.get("status") == 200 for line in alone.log()))
    alone.process.send_signal(signal.SIGTERM)
    caller.join()
    assert alone.process.wait(60) == 0
    assert found[0]["200"] == 40


def test_a_worker_that_is_killed_comes_back(alone: Running) -> None:
    worker = alone.workers()[0]
    found: list[Counter[str]] = []
    caller = threading.Thread(target=lambda: found.append(crowd(alone, 40)))
    caller.start()
    alone.wait_for(lambda: any(line.get("status") == 200 for line in alone.log()))
    worker.send_signal(signal.SIGKILL)
    caller.join()
    # What had been taken fails clearly; what waited in the queue of the socket is answered by the next worker.
    assert set(found[0]) <= {"200", "ReadError", "RemoteProtocolError", "503", "WriteError"}
    assert found[0]["200"] > 0
    alone.wait_for(alone.is_ready)
    assert alone.ask("intents", "hello")["predictions"]
    assert alone.workers()[0].pid != worker.pid


def test_workers_end_when_the_supervisor_is_killed(models: Path) -> None:
    with serving(f"intents={models / 'intents'}") as running:
        worker = running.workers()[0]
        running.process.kill()
        assert psutil.wait_procs([worker], timeout=60)[1] == []


def test_several_workers_take_over_each_others_changes(models: Path) -> None:
    with serving(f"intents={models / 'intents'}", "--workers", "2", "--models", str(models)) as running:
        running.wait_for(running.is_ready)
        with running.client() as client:
            assert client.post("/v1/endpoints/more/versions", json={"model": "topics"}).status_code == 201

        def everywhere() -> bool:
            statuses = set()
            for _ in range(12):  # a new connection each time, so that both workers are met
                with running.client() as client:
                    statuses.add(client.post("/v1/predict/more", json={"inputs": "a"}).status_code)
            return statuses == {200}

        running.wait_for(everywhere)
        with running.client() as client:
            page = client.get("/metrics").text
        assert 'tunery_requests_total{endpoint="more"' in page


def test_a_model_that_is_none_ends_the_start_with_words(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert run(["serve", str(tmp_path / "empty"), "--port", "0"]) == 1
    error = capfd.readouterr().err
    assert "holds no tunery.json" in error
    assert "Traceback" not in error


def test_keys_decide_who_may_ask_what(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "keys.db"
    with Keys(file) as keys:
        own, key = keys.create("own", ["intents"], rate=None, quota="20/day", admin=False)
        admin, _ = keys.create("admin", ["*"], rate=None, quota=None, admin=True)
    arguments = [f"{name}={models / name}" for name in ("intents", "topics")]
    with serving(*arguments, "--keys", str(file), "--models", str(models)) as running, running.client() as client:

        def ask(name: str, text: str | None, texts: int = 1) -> httpx.Response:
            headers = {"Authorization": f"Bearer {text}"} if text else {}
            return client.post(f"/v1/predict/{name}", json={"inputs": ["a"] * texts}, headers=headers)

        assert ask("intents", None).status_code == 401
        assert ask("intents", "tk_wrong").headers["www-authenticate"] == "Bearer"
        assert ask("intents", own).status_code == 200
        assert (ask("topics", own).status_code, ask("nothing", own).status_code) == (403, 403)
        assert ask("topics", admin).status_code == 200
        assert client.get("/health/ready").status_code == 200
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": f"Bearer {own}"}).status_code == 403
        assert client.get("/metrics", headers={"Authorization": f"Bearer {admin}"}).status_code == 200
        names = client.get("/v1/endpoints", headers={"Authorization": f"Bearer {own}"}).json()["endpoints"]
        assert [one["name"] for one in names] == ["intents"]
        assert [load(client, text) for text in (own, admin)] == [403, 201]
        used = ask("intents", own, 25)
        assert (used.status_code, used.json()["code"]) == (429, "quota-exceeded")
        assert int(used.headers["retry-after"]) >= 1
        with Keys(file) as keys:
            keys.revoke(key.id)
        assert ask("intents", own).status_code == 401
        assert own not in "\n".join(running.lines)


def load(client: httpx.Client, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return client.post("/v1/endpoints/x/versions", json={"model": "topics"}, headers=headers).status_code


def test_the_log_has_a_line_for_each_request_and_no_texts(alone: Running) -> None:
    alone.ask("intents", "a secret text")
    alone.wait_for(lambda: any(line.get("endpoint") == "intents" for line in alone.log()))
    line = next(line for line in alone.log() if line.get("endpoint") == "intents")
    assert {"time", "level", "request_id", "status", "seconds", "version", "texts", "path", "method"} <= set(line)
    assert "a secret text" not in "\n".join(alone.lines)


def test_texts_are_logged_where_that_is_asked_for(models: Path) -> None:
    with serving(f"intents={models / 'intents'}", "--log-texts") as running:
        running.ask("intents", "a text that may be seen")
        running.wait_for(lambda: any(line.get("inputs") == ["a text that may be seen"] for line in running.log()))


def test_live_and_ready_are_two_things(alone: Running) -> None:
    with alone.client() as client:
        assert client.get("/health/live").json()["status"] == "live"
        assert client.get("/health/ready").json() == {"status": "ready", "missing": []}


def test_an_endpoint_that_is_missing_after_a_restart_makes_it_unready(models: Path, tmp_path: Path) -> None:
    copy(models / "intents", tmp_path / "shelf" / "going")
    arguments = (f"intents={models / 'intents'}", "--models", str(tmp_path / "shelf"))
    with serving(*arguments) as running, running.client() as client:
        assert client.post("/v1/endpoints/going/versions", json={"model": "going"}).status_code == 201
        (tmp_path / "shelf" / "going" / "export" / "head.safetensors").unlink()
        os.kill(running.workers()[0].pid, signal.SIGKILL)
        running.wait_for(lambda: _status(running) == 503)
        with running.client() as other:
            assert other.get("/health/ready").json() == {"status": "incomplete", "missing": ["going"]}
        assert running.ask("intents", "still there")["predictions"]


def _status(running: Running) -> int:
    try:
        with running.client() as client:
            return client.get("/health/ready").status_code
    except httpx.HTTPError:
        return 0


def test_a_connection_that_says_nothing_keeps_nobody_from_answering(alone: Running) -> None:
    silent = [socket.create_connection(("127.0.0.1", alone.port)) for _ in range(50)]
    try:
        assert alone.ask("intents", "hello")["predictions"]
    finally:
        for one in silent:
            one.close()


def test_a_gpu_that_is_not_there_is_said_so(models: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has what it needs")
    assert run(["serve", str(models / "intents"), "--port", "0", "--device", "cuda"]) == 1
    assert "can't use a GPU" in capfd.readouterr().err
