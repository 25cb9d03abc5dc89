"""What is refused, how it is said, and that nothing else suffers for it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving.rig import Running, serving

from tunery.cli.main import run


@pytest.fixture(scope="module")
def strict(models: Path) -> Iterator[Running]:
    """A server with narrow limits."""
    limits = ("--max-body", "2000", "--max-texts", "3", "--max-characters", "50", "--body-timeout", "0.5")
    with serving(f"intents={models / 'intents'}", *limits) as running:
        yield running


def refused(server: Running, content: Any, status: int, code: str, **headers: str) -> str:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    with server.client() as client:
        response = client.post(
            "/v1/predict/intents", content=body, headers={"Content-Type": "application/json", **headers}
        )
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    detail: str = problem["detail"]
    return detail


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "inputs: is missing"),
        ({"inputs": 3}, "inputs: must be text"),
        ({"inputs": ["a", 3]}, "inputs[1]: must be text"),
        ({"inputs": [{"text": "a", "more": 1}]}, "inputs[0].more: there is no such setting"),
        ({"inputs": "a", "tops": 3}, "tops: there is no such setting"),
        ({"inputs": "a", "top": 0}, "top: must be at least 1"),
        ({"inputs": "a", "top": True}, "top: must be a whole number"),
        ({"inputs": "a", "timeout": -1}, "timeout: must be greater than 0"),
        ([], "body: "),
        (None, "body: "),
    ],
)
def test_every_fault_is_named_with_its_place(server: Running, body: Any, said: str) -> None:
    assert said in refused(server, body, 422, "wrong-body")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"inputs": "\\ud800"}', b"[" * 100_000, b'{"inputs": "a'])
def test_what_is_not_json_is_refused(server: Running, body: bytes) -> None:
    assert "not JSON" in refused(server, body, 422, "not-json")


@pytest.mark.parametrize(
    "inputs", [b"[" + b"1," * 900 + b"1]", b"[" + b"{}," * 900 + b"{}]", b"{" + b'"a":1,' * 99 + b'"b":1}']
)
def test_the_first_of_many_faults_is_named(server: Running, inputs: bytes) -> None:
    assert len(refused(server, b'{"inputs": ' + inputs + b"}", 422, "wrong-body")) < 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs": [' + b"1," * 1_500_000 + b"1]}",
        b'{"inputs": [' + b"{}," * 1_000_000 + b"{}]}",
        b'{"inputs": "a", ' + b", ".join(b'"a%d": 1' % i for i in range(250_000)) + b"}",
        b'{"inputs": {"text": "a", ' + b", ".join(b'"a%d": 1' % i for i in range(250_000)) + b"}}",
        b'{"inputs": "a", "' + b"k" * 3_500_000 + b'": 1}',
    ],
)
def test_a_large_wrong_body_keeps_nobody_waiting(server: Running, body: bytes) -> None:
    # Naming each of a million faults would take a minute and some gigabytes.
    [worker] = server.workers()
    with server.client() as client:
        used = sum(worker.cpu_times()[:2])
        response = client.post("/v1/predict/intents", content=body, headers={"Content-Type": "application/json"})
        assert sum(worker.cpu_times()[:2]) - used < 5
    assert response.status_code == 422
    assert len(response.content) < 1000


def test_other_types_are_refused(server: Running) -> None:
    refused(server, {"inputs": "a"}, 415, "not-json", **{"Content-Type": "text/plain"})


def test_limits_say_what_they_are(strict: Running) -> None:
    assert "3 in one request" in refused(strict, {"inputs": ["a"] * 4}, 422, "too-many-texts")
    assert "inputs[1] has 51 characters" in refused(strict, {"inputs": ["a", "b" * 51]}, 422, "text-too-long")
    assert "2000 bytes" in refused(strict, {"inputs": ["a" * 2000]}, 413, "too-large")
    assert strict.ask("intents", ["b" * 50])["predictions"]


def test_a_body_without_a_length_is_limited_too(strict: Running) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b" " * 1000

    with strict.client() as client:
        response = client.post("/v1/predict/intents", content=endless(), headers={"Content-Type": "application/json"})
    assert response.status_code == 413


def test_a_slow_body_is_given_up(strict: Running) -> None:
    with socket.create_connection(("127.0.0.1", strict.port), timeout=60) as slow:
        slow.sendall(b"POST /v1/predict/intents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        slow.sendall(b"Content-Length: 20\r\n\r\n{")
        assert b" 408 " in slow.recv(1000).splitlines()[0]
    assert strict.ask("intents", "still there")["predictions"]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, 431, "head-too-large"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX", 408, "slow-head"),
        (b"\r\n", 408, "slow-head"),
        (bytes.fromhex("1603010200010001fc0303"), 400, "not-http"),
        (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "not-http"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "not-http"),
        (b"POST / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\n", 400, "not-http"),
    ],
)
def test_what_never_becomes_a_request_is_refused_in_the_same_form(
    strict: Running, sent: bytes, status: int, code: str
) -> None:
    head, _sep, body = _said(strict, sent).partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert f" {status} ".encode() in head.splitlines()[0]
    assert b"content-type: application/problem+json" in head
    assert (problem["status"], problem["code"]) == (status, code)
    assert f"x-request-id: {problem['request_id']}".encode() in head


def test_a_request_gets_its_answer_whatever_follows_it(strict: Running) -> None:
    good = b"GET /v1/endpoints/intents HTTP/1.1\r\nHost: localhost\r\n\r\n"
    said = _said(strict, good + b"\x00\r\n\r\n")
    assert said.count(b"HTTP/1.1 ") == 1
    assert said.startswith(b"HTTP/1.1 200")


def test_the_rest_of_a_refused_request_is_not_waited_for(strict: Running) -> None:
    head = b"POST /v1/predict/intents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    assert _said(strict, head + b"Content-Length: 3000\r\n\r\n{").startswith(b"HTTP/1.1 413")


def _said(running: Running, sent: bytes) -> bytes:
    """Return what a server says until it ends the connection."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_refusals_speak_the_callers_language(server: Running) -> None:
    chinese = {"Accept-Language": "zh-CN,zh;q=0.9"}
    assert "没有" in refused(server, {"inputs": "a", "tops": 1}, 422, "wrong-body", **chinese)


@pytest.mark.parametrize("path", ["/v1/predict/nobody", "/v1/predict/..", "/v1/predict/%2e%2e", "/v1/predict/a%00b"])
def test_an_endpoint_that_does_not_exist(server: Running, path: str) -> None:
    with server.client() as client:
        response = client.post(path, json={"inputs": "a"})
    assert response.status_code == 404
    assert response.json()["code"] in ("no-endpoint", "no-page")


def test_unknown_pages_and_methods_are_problems_too(server: Running) -> None:
    with server.client() as client:
        assert client.get("/nothing").json()["code"] == "no-page"
        response = client.get("/v1/predict/intents")
        assert (response.status_code, response.json()["code"]) == (405, "wrong-method")
        assert response.headers["allow"] == "POST"
        allowed = client.put("/v1/endpoints/intents").headers["allow"]
        assert set(allowed.split(", ")) == {"DELETE", "GET", "HEAD"}


def test_a_deadline_that_passes_is_said_so(server: Running) -> None:
    with server.client() as client:
        response = client.post("/v1/predict/intents", json={"inputs": ["word " * 500] * 200, "timeout": 0.01})
    assert (response.status_code, response.json()["code"]) == (504, "deadline")


def test_a_full_queue_refuses_and_says_when_to_come_again(models: Path) -> None:
    with serving(f"intents={models / 'intents'}", "--max-wait", "0.05", "--timeout", "600") as running:
        text = "word " * 500
        with running.client() as client:
            assert set(_crowd(running, text)) == {200, 503}
            assert client.get("/health/live").status_code == 200
            running.wait_for(lambda: client.post("/v1/predict/intents", json={"inputs": "a"}).status_code == 200)


def _crowd(running: Running, text: str) -> list[int]:
    import asyncio

    async def ask() -> list[int]:
        async with httpx.AsyncClient(base_url=running.url, trust_env=False, timeout=600) as client:

            async def one() -> int:
                response = await client.post("/v1/predict/intents", json={"inputs": [text] * 4})
                if response.status_code == 503:
                    assert int(response.headers["retry-after"]) >= 1
                    assert response.json()["code"] == "queue-full"
                return response.status_code

            return list(await asyncio.gather(*(one() for _ in range(60))))

    return asyncio.run(ask())


def test_a_caller_who_left_costs_nothing(server: Running) -> None:
    def texts() -> float:
        with server.client() as client:
            page = client.get("/metrics").text
        counts = [line for line in page.splitlines() if line.startswith("tunery_batch_windows_total")]
        return sum(float(line.split()[1]) for line in counts)

    before = texts()
    body = json.dumps({"inputs": ["word " * 400] * 900}).encode()
    head = "POST /v1/predict/intents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as leaving:
        leaving.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(0.3)
    server.wait_for(lambda: any(line.get("status") == 499 for line in server.log()))
    server.ask("intents", "who is next?")
    assert texts() - before < 900


def test_other_names_than_this_machines_are_refused_on_loopback(server: Running) -> None:
    with server.client(headers={"Host": "evil.example"}) as client:
        assert client.get("/v1/endpoints").json()["code"] == "wrong-host"


def test_without_keys_only_loopback_is_served(models: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", str(models / "intents"), "--host", "0.0.0.0"]) == 2  # noqa: S104 - it is what is refused
    assert "no keys are asked for" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a/b={model}"], "can't be the name of an endpoint"),
        (["{model}", "x=/nowhere"], "/nowhere"),
        (["{model}", "{model}"], "Two models have the name intents"),
        (["{model}", "--port", "99999"], "port"),
        (["{model}", "--keys", "/nowhere.db"], "/nowhere.db"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    models: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["serve", *(one.format(model=models / "intents") for one in arguments)]) in (1, 2)
    assert said in capfd.readouterr().err


def test_a_port_that_is_taken_is_said_so(models: Path, server: Running, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", str(models / "intents"), "--port", str(server.port)]) == 2
    assert "can't be listened on" in capfd.readouterr().err
