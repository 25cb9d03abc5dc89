"""Bad requests, made from good ones by chance, and sent to a server over plain sockets.

As a program: ``python -m tests.serving.hostile --requests 10000 --models FOLDER``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.serving.rig import Running, serving

PATIENCE = 2.0
"""Seconds that the server gives bodies to arrive; given to it as ``--body-timeout``."""
_ANSWERED_WITHIN = 120.0
_AT_ONCE = 12
_DRAINED = 35.0
"""Seconds after which nothing is waiting any more: the server's own patience with itself, and some."""
_HOSTILE_NAMES = (
    "..", "../..", "../../etc", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc", "..%2f..%2f", "....//", "..\\..\\", "..;/", "/etc",
    "//etc", "%2Fetc%2Fpasswd", "%00", "a%00b", "intents%00", "intents/..", "intents/../../outside", "outside",
    "%ff%fe", "%ED%A0%80", "%E2%80%AE", "%0d%0aX:%20y", "%25%32%65", ".", "", " ", "%20", "~", "$HOME", "*", "?",
    "#", "%", "%zz",
    "C:\\", "con", "a" * 65, "a" * 5000, "\u202eintents".encode().decode("latin-1"), "export", "intents/export",
)  # fmt: skip
_CONTENT_TYPES = (
    "application/json", "application/json; charset=utf-16", "APPLICATION/JSON", "application/json;", "text/plain", "",
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/x-ndjson", ";;;", "\xff\xfe",
    "application/json, text/plain", "a" * 10_000,
)  # fmt: skip
_TEXTS: tuple[str, ...] = (
    "", " ", "a", "Where is my card?", "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd", "e" + "\u0301" * 2000,
    "\U0001f9ea" * 500, "\u4f60\u597d" * 300, "\ufeffa", "a\x7f\x85\u2028\u2029b",
    "\ufdd0\uffff\U0010ffff", "[CLS][SEP][PAD][MASK]", "\t\r\n" * 100, "word " * 900, "a" * 3000, "a" * 100_001,
    "b" * 1_000_000, "\u200d" * 3000, "I\u0307\u0130\u1e9e\ufb03",
)  # fmt: skip
_RAW = (
    b"null", b"true", b"-0", b"3", b"0.1", b"1e-400", b"1e400", b"-1e999", b"NaN", b"-Infinity", b"Infinity",
    b"9" * 400, b"9" * 6000, b"0x10", b"01", b"1_000", b'""', b"[]", b"{}", b"[[]]", b"[null]", b'[""]', b'["a", 3]',
    b'{"text": "a"}', b'{"text": 3}', b'[{"text": "a"}, "b"]', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"',
    b'"\x00"', b'"\x1f\x0b"',
    b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xf4\x90\x80\x80"', b'"\\x41"', b'"a', b"'a'", b"[" * 100_000,
    b'{"a":' * 50_000, b"[" * 150 + b"]" * 150, b"[" * 1000 + b"]" * 1000, b"\xef\xbb\xbf3", b"", b"// a\n3", b"[1,]",
    b"[" + b"1," * 300_000 + b"1]", b"[" + b"{}," * 200_000 + b"{}]", b"[" + b'"a",' * 5_000 + b'"a"]',
    b"{" + b",".join(b'"k%d":1' % i for i in range(50_000)) + b"}", b'{"' + b"k" * 1_000_000 + b'":1}',
    b"[" + b'"where is it?",' * 200 + b'"b"]',
)  # fmt: skip
_FIELDS = {
    "predict": ("inputs", "top", "timeout"),
    "models": ("inputs", "parameters", "options"),
    "versions": ("model", "promote"),
    "promote": ("version",),
}


@dataclass(frozen=True)
class Sent:
    """What is sent over one connection.

    Attributes:
        pieces: Bytes, with a pause after each.
        pause: Seconds.
        leave: Whether the connection is cut when all is sent, without waiting for an answer.
        kind: What was done to the request.
    """

    pieces: tuple[bytes, ...]
    pause: float
    leave: bool
    kind: str


class Mutator:
    """Makes bad requests.

    Args:
        seed: The same gives the same requests.
        endpoints: Names that exist.
        models: Folders that may be loaded.
    """

    def __init__(self, seed: int, endpoints: Sequence[str], models: Sequence[str]) -> None:
        self._random = Random(seed)
        self._endpoints = endpoints
        self._models = models

    def requests(self, count: int) -> Iterator[Sent]:
        """Yield requests."""
        for _ in range(count):
            yield self._request()

    def _request(self) -> Sent:
        random = self._random
        route = random.choice(("predict", "predict", "stream", "models", "versions", "promote"))
        body = self._lines() if route == "stream" else self._body(route)
        if random.random() < 0.2:
            body = self._damaged(body)
        head = self._head(route)
        kinds: tuple[Callable[[bytes, bytes], Sent], ...] = (
            self._plain, self._plain, self._plain, self._plain, self._wrong_length, self._chunked, self._slow,
            self._cut, self._pipelined, self._large_head, self._damaged_head, self._no_http,
        )  # fmt: skip
        return random.choice(kinds)(head, body)

    # -- content ---------------------------------------------------------------------------------------------------

    def _body(self, route: str) -> bytes:
        random = self._random
        if random.random() < 0.1:
            return self._value()
        fields = list(_FIELDS[route][:1]) + [field for field in _FIELDS[route][1:] if random.random() < 0.3]
        parts = [(field.encode(), self._value_for(field)) for field in fields]
        if random.random() < 0.15:
            parts.append(random.choice(parts))  # the same key twice
        if random.random() < 0.1:
            parts.append((random.choice((b"more", b"__proto__", b"\\u0000", b"\xff", b"text")), self._value()))
        if random.random() < 0.1:
            parts = parts[1:]
        return b"{" + b", ".join(b'"' + name + b'": ' + value for name, value in parts) + b"}"

    def _value_for(self, field: str) -> bytes:
        random = self._random
        good = {
            "inputs": lambda: json.dumps(random.choice(_TEXTS), ensure_ascii=random.random() < 0.5).encode(),
            "top": lambda: str(random.randint(-1, 5)).encode(),
            "timeout": lambda: random.choice((b"0.001", b"0.2", b"1e-300", b"5e-324", b"3")),
            "parameters": lambda: b'{"top_k": ' + self._value() + b"}",
            "model": self._model,
            "promote": lambda: b"true",
            "version": lambda: json.dumps(
                random.choice(("", "a", "../a", "\0", "intents-00000000", "a" * 201))
            ).encode(),
        }
        return good[field]() if field in good and random.random() < 0.6 else self._value()

    def _model(self) -> bytes:
        return json.dumps(self._random.choice((*self._models, *_HOSTILE_NAMES, "\0", "\U0001f9ea", "a" * 300))).encode()

    def _value(self) -> bytes:
        return self._random.choice(_RAW)

    def _lines(self) -> bytes:
        random = self._random
        lines = []
        for number in range(random.choice((0, 1, 3, 40))):
            text = json.dumps(random.choice(_TEXTS[:15])).encode()
            made = (
                text,
                b'{"text": ' + text + b', "id": %d}' % number,
                self._value()[:2000],
                self._body("predict")[:2000],
            )
            lines.append(random.choice(made))
        return random.choice((b"\n", b"\n", b"\r\n", b"\n\n")).join(lines) + random.choice((b"", b"\n"))

    def _damaged(self, data: bytes) -> bytes:
        random = self._random
        if not data:
            return b"\xff"
        place = random.randrange(len(data))
        return random.choice(
            (
                data[:place], data[place:], b"\xef\xbb\xbf" + data, data[:2000].decode("latin-1").encode("utf-16"),
                data[:place] + random.randbytes(3) + data[place:], data[:place] + data[place + 1 :], data + data[:100],
                data[:place] + bytes([random.randrange(256)]) + data[place + 1 :],
            )
        )  # fmt: skip

    # -- the request -----------------------------------------------------------------------------------------------

    def _head(self, route: str) -> bytes:
        random = self._random
        name = random.choice(self._endpoints) if random.random() < 0.8 else random.choice(_HOSTILE_NAMES)
        path = {
            "predict": f"/v1/predict/{name}", "stream": f"/v1/predict/{name}/stream", "models": f"/models/{name}",
            "versions": f"/v1/endpoints/{name}/versions", "promote": f"/v1/endpoints/{name}/promote",
        }[route]  # fmt: skip
        kind = "application/x-ndjson" if route == "stream" else "application/json"
        if random.random() < 0.1:
            kind = random.choice(_CONTENT_TYPES)
        method = (
            "POST" if random.random() < 0.93 else random.choice(("GET", "HEAD", "PUT", "OPTIONS", "CONNECT", "post"))
        )
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}"]
        if random.random() < 0.1:
            lines.append(
                random.choice(("X-Request-Id: \xff\t", "Accept-Language: zh" * 200, "Authorization: Bearer \x80"))
            )
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n"

    def _plain(self, head: bytes, body: bytes) -> Sent:
        return Sent((_with_length(head, body),), 0, False, "plain")

    def _wrong_length(self, head: bytes, body: bytes) -> Sent:
        random = self._random
        length = random.choice((len(body) + 10, max(0, len(body) - 5), -1, 10**18, 10**30, 4_000_001))
        given = random.choice((str(length), str(length), f"{len(body)}, {len(body)}", "1e3", "0x10", "", "\u0663"))
        data = head + f"Content-Length: {given}\r\n\r\n".encode() + body
        return Sent((data,), 0, random.random() < 0.8, "length")

    def _chunked(self, head: bytes, body: bytes) -> Sent:
        random = self._random
        size = max(1, len(body) // random.randint(1, 6))
        chunks = [b"%x\r\n" % len(part) + part + b"\r\n" for part in _parts(body, size)]
        ends = (
            b"0\r\n\r\n",
            b"0\r\n\r\n",
            b"0\r\nX: y\r\n\r\n",
            b"",
            b"zz\r\n",
            b"-1\r\n\r\n",
            b"f" * 40 + b"\r\n",
            b"\r\n\r\n",
        )
        ends += (b"0\r\n" + b"X: " + b"y" * 100_000,)
        if random.random() < 0.2:
            chunks[:1] = [b"5;" + b"e" * 50_000 + b"\r\n     \r\n"]
        return Sent((head + b"Transfer-Encoding: chunked\r\n\r\n", *chunks, random.choice(ends)), 0, False, "chunked")

    def _slow(self, head: bytes, body: bytes) -> Sent:
        data = _with_length(head, body[:1000])
        return Sent(tuple(_parts(data, max(1, len(data) // 40))), 0.01, self._random.random() < 0.3, "slow")

    def _cut(self, head: bytes, body: bytes) -> Sent:
        data = _with_length(head, body)
        return Sent((data[: self._random.randrange(len(data))],), 0, True, "cut")

    def _pipelined(self, head: bytes, body: bytes) -> Sent:
        random = self._random
        other = _with_length(self._head("predict"), random.choice((b'{"inputs": "a"}', b"{", b"")))
        data = _with_length(head, body) + other * random.choice((1, 3, 30))
        return Sent((data + random.choice((b"", b"\x00\xff", b"GET")),), 0, random.random() < 0.3, "pipelined")

    def _large_head(self, head: bytes, body: bytes) -> Sent:
        random = self._random
        more = random.choice((
            b"X: " + b"a" * 10_000 + b"\r\n", b"X: " + b"a" * 500_000 + b"\r\n", b"X" * 100_000 + b": a\r\n",
            b"".join(b"X%d: y\r\n" % i for i in range(800)), b"".join(b"X%d: y\r\n" % i for i in range(30_000)),
        ))  # fmt: skip
        return Sent((_with_length(head + more, body),), 0, False, "head")

    def _damaged_head(self, head: bytes, body: bytes) -> Sent:
        return Sent((self._damaged(_with_length(head, b"")) + body,), 0, self._random.random() < 0.9, "damaged")

    def _no_http(self, head: bytes, body: bytes) -> Sent:
        random = self._random
        upgrade = (
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n"
        )
        data = random.choice((
            bytes.fromhex("1603010200010001fc0303") + random.randbytes(500), b"GET /v1/endpoints\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", _with_length(head.replace(b"HTTP/1.1", b"HTTP/1.0"), body),
            _with_length(head.replace(b"HTTP/1.1", b"HTTP/3.7"), body), _with_length(head + upgrade, body),
            b"GET /v1/endpoints HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"\r\n" + body, random.randbytes(2000),
            _with_length(head + b"Expect: 100-continue\r\n", body),
            _with_length(head.replace(b"localhost", b"evil"), body),
        ))  # fmt: skip
        return Sent((data,), 0, random.random() < 0.1, "not HTTP")


def _with_length(head: bytes, body: bytes) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _parts(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


async def assault(port: int, requests: Iterator[Sent]) -> Counter[str]:
    """Send requests, a few at a time; return how often what came of them."""
    outcomes: Counter[str] = Counter()

    async def work() -> None:
        for sent in requests:
            outcomes[await _send(port, sent)] += 1

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return outcomes


async def _send(port: int, sent: Sent) -> str:
    """Return the status of the first answer, ``left``, ``cut off``, or ``silence``, which must not be."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(_ANSWERED_WITHIN):
            for piece in sent.pieces:
                writer.write(piece)
                # What is sent may be refused before it has all been read.
                await asyncio.wait_for(writer.drain(), 1.0 if sent.leave else None)
                if sent.pause:
                    await asyncio.sleep(sent.pause)
            if sent.leave:
                return "left"
            line = await reader.readline()
            while line.startswith(b"HTTP/1.1 100"):
                await reader.readline()
                line = await reader.readline()
            if line:
                await reader.read(2_000)
            return line.split(b" ")[1].decode() if line else "cut off"
    except ConnectionError:
        return "cut off"
    except TimeoutError:
        return "left" if sent.leave else f"silence after {sent.kind}"
    finally:
        writer.transport.abort()


@dataclass(frozen=True)
class State:
    """What a worker holds.

    Attributes:
        pid: Which it is.
        memory: Bytes of its own, resident.
        files: Open file descriptors.
        threads: Threads.
    """

    pid: int
    memory: int
    files: int
    threads: int

    @classmethod
    def of(cls, running: Running) -> State:
        """Return the state of a server's only worker."""
        [worker] = running.workers()
        return cls(worker.pid, worker.memory_info().rss, worker.num_fds(), worker.num_threads())


def settled(running: Running) -> State:
    """Return the state when nothing is under way any more."""
    seen: list[int] = []

    def is_still() -> bool:
        seen.append(State.of(running).files)
        return len(seen) > 20 and len(set(seen[-20:])) == 1

    running.wait_for(is_still)
    return State.of(running)


def complaints(running: Running) -> list[str]:
    """Return lines of the log that tell of a fault in the server."""
    words = ("Traceback", '"error"', "exception", "Exception", '"status": 500')
    return [line for line in list(running.lines) if any(word in line for word in words) or line[:1] not in ("{", "S")]


def main(arguments: Sequence[str]) -> int:
    """Send as many requests as are asked for, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    names = sorted(path.parent.parent.name for path in chosen.models.glob("*/export/head.safetensors"))
    served = [f"{name}={chosen.models / name}" for name in names]
    with serving(*served, "--models", str(chosen.models), "--body-timeout", str(PATIENCE)) as running:
        _load_all(running, names)
        _say("loaded", State.of(running))
        mutator = Mutator(chosen.seed, names, names)
        outcomes: Counter[str] = Counter()
        began = time.monotonic()
        for number in range(1, 11):
            outcomes += asyncio.run(assault(running.port, mutator.requests(chosen.requests // 10)))
            time.sleep(PATIENCE + 1)
            _say(f"{number * 10:3}%", f"{time.monotonic() - began:4.0f} s", State.of(running))
        time.sleep(_DRAINED)
        _say("idle", State.of(running))
        _say(dict(outcomes.most_common()))
        _say("\n".join(complaints(running)) or "no complaints in the log")
        _say(running.ask(names[0], "Where is my card?")["predictions"])
    return 0


def _load_all(running: Running, names: Sequence[str]) -> None:
    """Load each model behind each endpoint: what the requests load by chance must not count as growth."""
    with running.client() as client:
        for name in names:
            for model in names:
                response = client.post(f"/v1/endpoints/{name}/versions", json={"model": model, "promote": False})
                assert response.status_code == 201, response.text


def _say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - it is a program's output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
