"""Streams of lines: answers in order, in constant memory, whatever the caller does."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.serving.hostile import State, complaints, settled
from tests.serving.rig import Running, serving

_LINES = 5_000
_HEAD = (
    b"POST /v1/predict/intents/stream HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


@pytest.fixture(scope="module")
def streaming(models: Path) -> Iterator[Running]:
    with serving(f"intents={models / 'intents'}") as running:
        yield running
        assert complaints(running) == []


def ask(running: Running, content: Any) -> list[dict[str, Any]]:
    with running.client() as client:
        headers = {"Content-Type": "application/x-ndjson"}
        response = client.post("/v1/predict/intents/stream", content=content, headers=headers)
    assert response.status_code == 200
    return [json.loads(line) for line in response.text.splitlines()]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def lines(start: int, end: int) -> bytes:
    return b"".join(b'{"id": %d, "text": "Where is my card number %d?"}\n' % (n, n) for n in range(start, end))


def files(running: Running) -> int:
    return State.of(running).files


def test_who_reads_only_at_the_end_gets_all_in_order(streaming: Running) -> None:
    ask(streaming, lines(0, 2000))
    before = settled(streaming)
    with socket.create_connection(("127.0.0.1", streaming.port)) as connection:
        # A small buffer on this side, so that the answers wait on the other.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(_HEAD)
        for start in range(0, _LINES, 100):
            connection.sendall(chunk(lines(start, start + 100)))
        connection.sendall(b"0\r\n\r\n")
        growth = State.of(streaming).memory - before.memory
        received = b""
        while not received.endswith(b"\r\n0\r\n\r\n"):
            received += connection.recv(65536)
    answers = [json.loads(line) for line in _content(received).splitlines()]
    assert [answer["id"] for answer in answers] == list(range(_LINES))
    assert all("label" in answer for answer in answers)
    assert growth < 64 * 1024**2
    streaming.wait_for(lambda: files(streaming) <= before.files)


def _content(received: bytes) -> bytes:
    """Return the content of a chunked answer."""
    rest = received.partition(b"\r\n\r\n")[2]
    parts = []
    while rest:
        size, _sep, rest = rest.partition(b"\r\n")
        parts.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    return b"".join(parts)


@pytest.mark.parametrize("ended", [True, False])
def test_who_never_reads_and_leaves_frees_everything(streaming: Running, ended: bool) -> None:
    before = settled(streaming)
    with socket.create_connection(("127.0.0.1", streaming.port)) as connection:
        connection.sendall(_HEAD + chunk(lines(0, 3000)) + (b"0\r\n\r\n" if ended else b""))
        streaming.wait_for(lambda: files(streaming) > before.files)
    streaming.wait_for(lambda: files(streaming) <= before.files)
    assert State.of(streaming).memory - before.memory < 64 * 1024**2


def test_who_leaves_is_not_answered_to_the_end(streaming: Running) -> None:
    def windows() -> float:
        with streaming.client() as client:
            page = client.get("/metrics").text
        return next(float(line.split()[1]) for line in page.splitlines() if line.startswith("tunery_batch_windows_tot"))

    before, held = windows(), settled(streaming).files
    many = b"".join(b'"%b"\n' % (b"word " * 300) for _ in range(200))
    with socket.create_connection(("127.0.0.1", streaming.port)) as connection:
        connection.sendall(_HEAD + chunk(many) + b"0\r\n\r\n")
        streaming.wait_for(lambda: State.of(streaming).files > held)
    streaming.wait_for(lambda: State.of(streaming).files <= held)
    time.sleep(0.5)  # What had begun is done.
    assert windows() - before < 400  # of 200 texts with at least three windows each


def test_large_lines_and_small_pieces(streaming: Running) -> None:
    long = b'"' + b"a " * 9_000 + b'"\n'
    text = b'{"text": "Where is it?", "id": "a", "more": "' + b"x" * 300_000 + b'"}\n'
    content = long + text + b'"' + b"a" * 200_000 + b'"\n' + b'"end"'
    found = ask(streaming, (content[start : start + 999] for start in range(0, len(content), 999)))
    assert "label" in found[0]
    assert found[0]["windows"] > 1
    assert found[1]["id"] == "a"
    assert found[2]["error"]["code"] == "text-too-long"
    assert "label" in found[3]


def test_a_line_larger_than_any_request_ends_the_stream(streaming: Running) -> None:
    found = ask(streaming, (b'"first"\n', *(b"x" * 50_000 for _ in range(100)), b"\n" + b'"never read"\n'))
    assert "label" in found[0]
    assert [one["error"]["code"] for one in found[1:]] == ["line-too-long"]
    assert "Line 2" in found[1]["error"]["detail"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n \n"])
@pytest.mark.parametrize("last", [b"", b"\n"])
def test_ends_of_lines(streaming: Running, end: bytes, last: bytes) -> None:
    found = ask(streaming, end.join([b'"one"', b'{"id": 7, "text": "two"}', b'"\\u2028 is no end of a line"']) + last)
    assert ["label" in one for one in found] == [True, True, True]
    assert found[1]["id"] == 7


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\n"])
def test_nothing_in_is_nothing_out(streaming: Running, content: bytes) -> None:
    assert ask(streaming, content) == []


BAD = (
    b"{", b"3", b"null", b"[]", b'{"text": 3}', b'{"id": 1}', b'{"text": "a", "id": [1]}', b'"\\ud800"', b'"\xff"',
    b'"\x01"', b"\xef\xbb\xbf" + b'"a"', b"[" * 50_000, b'{"text": "a", "id": 1.5}',
    b'{"text": "a", "id": ' + b"9" * 5000 + b"}",
    b'{"text": "a", "id": NaN}', b"'a'", b'"a" "b"', b'{"text": "a"} {"text": "b"}', b"x" * 100_000,
)  # fmt: skip


def test_bad_lines_are_answered_in_their_places(streaming: Running) -> None:
    content = b"".join(b'{"text": "good", "id": %d}\n' % number + line + b"\n" for number, line in enumerate(BAD))
    found = ask(streaming, content)
    assert len(found) == 2 * len(BAD)
    for number, (good, bad) in enumerate(zip(found[::2], found[1::2], strict=True)):
        assert (good["id"], "label" in good) == (number, True)
        assert (bad["line"], bad["error"]["code"]) == (2 * number + 2, "wrong-line"), BAD[number][:50]
        assert len(bad["error"]["detail"]) < 300


def test_numbers_of_any_size_are_ids(streaming: Running) -> None:
    numbers = [0, -1, 2**63, 10**30, -(10**400), 10**4200]
    content = b"".join(b'{"text": "a", "id": %d}\n' % number for number in numbers)
    assert [one["id"] for one in ask(streaming, content)] == numbers
