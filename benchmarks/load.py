"""Put a server under load, from a process of its own, and print what came of it.

    python benchmarks/load.py --url http://127.0.0.1:8000/v1/predict/intents --connections 32 --seconds 10 --texts FILE

In a closed loop (the default) every connection sends its next request when it has the answer to the last. With
``--rate`` requests are due at that rate whatever the server does; one that finds no free connection waits for one, its
latency counts from when it was due, and one that waited for more than a second is never sent (``skipped``).

Generator and server share the machine, so the generator does as little as it can: requests are built beforehand, of
an answer only the status and the length are read, and bodies are looked into when all is over.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

try:
    import uvloop
except ImportError:  # pragma: no cover - slower, not different
    uvloop = None  # type: ignore[assignment,unused-ignore]

RETRY = 0.02
"""Seconds before a connection that was closed or refused is tried again."""
LATE = 1.0
"""Seconds after which a request of the open loop that found no connection is given up."""
LOST = ("closed", "reset", "partial", "timeout", "unanswered")
"""Errors of requests that were sent and never answered; ``connect`` counts attempts that sent nothing."""


@dataclass(frozen=True)
class Request:
    """One request to send.

    Attributes:
        path: The path it goes to.
        body: Its body, as JSON.
        expect: The right label, or the right label by the version that answers; None where nobody asks.
    """

    path: str
    body: Any
    expect: str | Mapping[str, str] | None = None

    def encode(self, host: str, key: str) -> bytes:
        """Return it as HTTP/1.1 sends it."""
        body = json.dumps(self.body, ensure_ascii=False).encode()
        head = f"POST {self.path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        if key:
            head += f"Authorization: Bearer {key}\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass(frozen=True)
class Plan:
    """How to load a server.

    Attributes:
        host: Its address.
        port: Its port.
        connections: How many there are at once.
        seconds: For how long what happens counts.
        warmup: Seconds before that.
        rate: Requests a second; 0 for a closed loop.
        timeout: Seconds after which a request counts as lost.
        keep: Whether bodies of answers are kept.
    """

    host: str
    port: int
    connections: int = 32
    seconds: float = 10.0
    warmup: float = 1.0
    rate: float = 0.0
    timeout: float = 30.0
    keep: bool = False


@dataclass
class Record:
    """What happened to each request: when it ended, after how long, with which status (0: with an error)."""

    ends: array[float] = field(default_factory=lambda: array("d"))
    latencies: array[float] = field(default_factory=lambda: array("d"))
    statuses: array[int] = field(default_factory=lambda: array("h"))
    errors: Counter[str] = field(default_factory=Counter)
    bodies: list[tuple[int, int, bytes]] = field(default_factory=list)
    """Number of the request, status, body."""
    skipped: int = 0

    def add(self, end: float, latency: float, status: int) -> None:
        """Add one request."""
        self.ends.append(end)
        self.latencies.append(latency)
        self.statuses.append(status)


class Connection(asyncio.Protocol):
    """One connection, with at most one request under way."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self.transport: asyncio.Transport | None = None
        self.request = -1
        """The number of the request under way; -1 where none is."""
        self.due = 0.0
        """When that request was due."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._load.free(self)

    def send(self, number: int, due: float) -> None:
        """Send the request with that number."""
        assert self.transport is not None
        self.request, self.due = number, due
        self.transport.write(self._load.encoded[number])

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        split = data.find(b"\r\n\r\n")
        length, last = _framing(data[:split]) if split >= 0 else (0, False)
        if split < 0 or len(data) < split + 4 + length:
            self._buffer = data
            return
        self._buffer = b""
        number, self.request = self.request, -1
        self._load.answered(number, self.due, int(data[9:12]), data[split + 4 :])
        if last and self.transport is not None:
            self.transport.close()  # a request sent now would be lost, by no fault of the server
        else:
            self._load.free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        kind = "partial" if self._buffer else "closed" if exc is None else "reset"
        self._load.lost(self, kind)


def _framing(head: bytes) -> tuple[int, bool]:
    """Return the length of the body, and whether the server will close the connection after it."""
    head = head.lower()
    place = head.find(b"content-length:")
    if place < 0:
        raise ValueError(f"an answer without a length: {head[:200]!r}")
    return int(head[place + 15 :].split(b"\r\n", 1)[0]), b"connection: close" in head


class Load:
    """All connections, and what is to be sent over them."""

    def __init__(self, plan: Plan, requests: Sequence[Request], key: str = "") -> None:
        self.plan = plan
        self.encoded = [request.encode(f"{plan.host}:{plan.port}", key) for request in requests]
        self.record = Record()
        self._sent = 0
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def run(self) -> None:
        """Load the server for as long as the plan says."""
        self.wall = time.time() + self.plan.warmup
        self._first = time.perf_counter()
        self.start = self._first + self.plan.warmup
        self.end = self.start + self.plan.seconds
        for _ in range(self.plan.connections):
            self._connect()
        while (now := time.perf_counter()) < self.end:
            self._give_up(now)
            self._pump()
            await asyncio.sleep(self._pause())
        self._stopping = True
        while any(one.request >= 0 for one in self._open) and time.perf_counter() < self.end + self.plan.timeout:
            self._give_up(time.perf_counter())
            await asyncio.sleep(0.02)
        self.record.errors["unanswered"] += sum(one.request >= 0 for one in self._open)
        for one in list(self._open):
            one.request = -1
            if one.transport is not None:
                one.transport.abort()
        for task in list(self._tasks):
            task.cancel()

    def free(self, connection: Connection) -> None:
        """Take a connection that has nothing to do."""
        self._open.add(connection)
        if self._stopping:
            return
        if self.plan.rate:
            self._idle.append(connection)
            self._pump()
        elif time.perf_counter() < self.end:
            self._send(connection, time.perf_counter())

    def answered(self, number: int, due: float, status: int, body: bytes) -> None:
        """Note an answer."""
        now = time.perf_counter()
        if due >= self.start:
            self.record.add(now, now - due, status)
            if self.plan.keep:
                self.record.bodies.append((number, status, body))

    def lost(self, connection: Connection, kind: str) -> None:
        """Note that a connection is gone, and try to have another."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if connection.request >= 0:
            self._fail(connection, kind)
        if not self._stopping:
            asyncio.get_running_loop().call_later(RETRY, self._connect)

    def _fail(self, connection: Connection, kind: str) -> None:
        connection.request = -1
        now = time.perf_counter()
        if connection.due >= self.start:
            self.record.errors[kind] += 1
            self.record.add(now, now - connection.due, 0)

    def _connect(self) -> None:
        task = asyncio.ensure_future(self._try())
        self._tasks.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._tasks.discard)

    async def _try(self) -> None:
        while not self._stopping:
            loop = asyncio.get_running_loop()
            try:
                await loop.create_connection(lambda: Connection(self), self.plan.host, self.plan.port)
            except OSError:
                if time.perf_counter() >= self.start:
                    self.record.errors["connect"] += 1
                await asyncio.sleep(RETRY)
            else:
                return

    def _send(self, connection: Connection, due: float) -> None:
        connection.send(self._sent % len(self.encoded), due)
        self._sent += 1

    def _pump(self) -> None:
        """Send what is due in the open loop."""
        rate = self.plan.rate
        if not rate:
            return
        now = time.perf_counter()
        due = int((min(now, self.end) - self._first) * rate)
        given_up = due - int(LATE * rate) - self._sent - self.record.skipped
        self.record.skipped += max(0, given_up)
        while self._idle and self._sent + self.record.skipped < due:
            self._send(self._idle.pop(), self._first + (self._sent + self.record.skipped) / rate)

    def _pause(self) -> float:
        """Return the seconds until there is something to do that no answer will bring about."""
        if not self.plan.rate:
            return 0.1
        due = self._first + (self._sent + self.record.skipped + 1) / self.plan.rate
        return min(0.05, max(0.0005, due - time.perf_counter()))

    def _give_up(self, now: float) -> None:
        for one in list(self._open):
            if one.request >= 0 and now - one.due > self.plan.timeout:
                self._fail(one, "timeout")
                if one.transport is not None:
                    one.transport.abort()


def report(load: Load, requests: Sequence[Request], bucket: float) -> dict[str, Any]:
    """Return what came of it.

    Rates are of the plan's seconds; answers that came after them count in ``statuses`` only. Latencies are of answers
    with status 200, in milliseconds.
    """
    record = load.record
    good = sorted(x for x, status in zip(record.latencies, record.statuses, strict=True) if status == 200)
    within = [status for end, status in zip(record.ends, record.statuses, strict=True) if end <= load.end]
    return {
        "rate": within.count(200) / load.plan.seconds,
        "sent_rate": len(record.ends) / load.plan.seconds,
        "statuses": {str(status): n for status, n in sorted(Counter(record.statuses).items()) if status},
        "errors": {kind: n for kind, n in record.errors.items() if n},
        "lost": sum(record.errors[kind] for kind in LOST),
        "skipped": record.skipped,
        "latency_ms": {name: 1000 * _percentile(good, q) for name, q in PERCENTILES.items()},
        "timeline": _timeline(load, bucket),
        "bucket": bucket,
        "started": load.wall,
        "cpu_seconds": time.process_time(),
        **_judge(record, requests),
    }


PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}


def _percentile(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def _timeline(load: Load, bucket: float) -> list[dict[str, float]]:
    """Return for each stretch of ``bucket`` seconds what ended in it: answers, refusals, errors, latencies in ms."""
    count = int((max(load.record.ends, default=load.start) - load.start) / bucket) + 1
    found: list[list[float]] = [[] for _ in range(count)]
    refused, failed = [0] * count, [0] * count
    for end, latency, status in zip(load.record.ends, load.record.latencies, load.record.statuses, strict=True):
        place = int((end - load.start) / bucket)
        if status == 200:
            found[place].append(latency)
        elif status:
            refused[place] += 1
        else:
            failed[place] += 1
    return [
        {
            "ok": len(values), "refused": no, "failed": bad,
            "p50": 1000 * _percentile(sorted(values), 0.5), "max": 1000 * max(values, default=0.0),
        }
        for values, no, bad in zip(found, refused, failed, strict=True)
    ]  # fmt: skip


def _judge(record: Record, requests: Sequence[Request]) -> dict[str, Any]:
    """Return how many answers were right, wrong, or of a version that nobody expects, and who gave them."""
    verdicts: Counter[str] = Counter()
    versions: Counter[str] = Counter()
    for number, status, body in record.bodies:
        if status != 200:
            continue
        version, label = answer_of(body)
        versions[version] += 1
        expect = requests[number].expect
        right = expect.get(version) if isinstance(expect, Mapping) else expect
        if expect is not None:
            verdicts["unexpected" if right is None else "right" if label == right else "wrong"] += 1
    return {**{name: verdicts[name] for name in ("right", "wrong", "unexpected")}, "versions": dict(versions)}


def answer_of(body: bytes) -> tuple[str, str]:
    """Return the version ("" where none is told) and the label of an answer to one text."""
    found = json.loads(body)
    return found.get("version", ""), found["predictions"][0]["label"] if "predictions" in found else found["label"]


def read_requests(path: str, texts: Path | None, rows: Path | None) -> list[Request]:
    """Read requests from lines of text, or from JSON lines of {"path", "body", "expect"}."""
    if rows is not None:
        return [Request(**json.loads(line)) for line in rows.read_text(encoding="utf-8").splitlines()]
    if texts is None:
        raise SystemExit("Give --texts or --requests.")
    return [Request(path, {"inputs": line}) for line in texts.read_text(encoding="utf-8").splitlines() if line]


def _write_answers(file: Path, record: Record) -> None:
    with file.open("w", encoding="utf-8") as out:
        for number, status, body in record.bodies:
            out.write(json.dumps({"request": number, "status": status, "body": body.decode()}) + "\n")


def _in_words(found: Mapping[str, Any]) -> str:
    latency = ", ".join(f"{name} {value:.1f}" for name, value in found["latency_ms"].items())
    words = f"{found['rate']:.1f} answers a second; ms: {latency}; status {found['statuses']}; errors {found['errors']}"
    return words + (f"; right {found['right']}, wrong {found['wrong']}" if found["right"] or found["wrong"] else "")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="where to; the path of --requests replaces the path in it")
    parser.add_argument("--texts", type=Path, help="a text on each line, each a request")
    parser.add_argument("--requests", type=Path, help='JSON lines of {"path", "body", "expect"}')
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--warmup", type=float, default=1.0, help="seconds before what counts")
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second, whatever the server does")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds until a request counts as lost")
    parser.add_argument("--bucket", type=float, default=0.25, help="seconds of a step of the timeline")
    parser.add_argument("--key", default="", help="the key to send")
    parser.add_argument("--check", action="store_true", help="compare answers with what --requests expects")
    parser.add_argument("--answers", type=Path, help="write all answers to this file, as JSON lines")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Load a server and print what came of it."""
    options = _options(arguments)
    url = urlsplit(options.url)
    requests = read_requests(url.path or "/", options.texts, options.requests)
    plan = Plan(
        url.hostname or "127.0.0.1", url.port or 80, options.connections, options.seconds, options.warmup,
        options.rate, options.timeout, options.check or options.answers is not None,
    )  # fmt: skip
    load = Load(plan, requests, options.key)
    asyncio.run(load.run()) if uvloop is None else uvloop.run(load.run())
    if options.answers is not None:
        _write_answers(options.answers, load.record)
    found = report(load, requests, options.bucket)
    print(json.dumps(found) if options.json else _in_words(found))


if __name__ == "__main__":
    main()
