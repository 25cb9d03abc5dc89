"""A small server that speaks the contract of Tunery's, answers by simple rules, and fails when it is told to."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

LABELS = {
    "intents": ("text-classification", ["card_arrival", "exchange_rate", "pin_blocked"]),
    "moods": ("text-classification", ["joy", "anger"]),
    "ner": ("token-classification", ["PER"]),
}


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, object]


@dataclass
class SmallServer:
    """What it was asked, and what it is told to do next.

    Attributes:
        url: Where it is.
        seen: What has arrived, oldest first.
        failures: What becomes of the next requests, one each.
        most: Texts in a request; more are too large.
        wait: Seconds before each answer, by the first text.
    """

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    failures: deque[Callable[[Handler], None]] = field(default_factory=deque)
    most: int = 1000
    wait: Callable[[str], float] = lambda _text: 0.0
    busy: int = 0
    busiest: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def texts(self) -> list[list[str]]:
        """The texts of each request."""
        return [[str(text) for text in seen.body["inputs"]] for seen in self.seen]  # type: ignore[attr-defined]


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server: Listening

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        small = self.server.small
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        with small.lock:
            small.seen.append(Seen(method, self.path, dict(self.headers), body))
            failure = small.failures.popleft() if small.failures else None
            small.busy += 1
            small.busiest = max(small.busiest, small.busy)
        try:
            failure(self) if failure else self._answer(body)
        finally:
            with small.lock:
                small.busy -= 1

    def _answer(self, body: dict[str, object]) -> None:
        *_, name = unquote(self.path).split("/")
        if self.path == "/v1/endpoints":
            self.send({"endpoints": [about(name) for name in LABELS]})
        elif name not in LABELS:
            self.problem(404, "no-endpoint", f"There is no endpoint {name}.")
        elif self.path.startswith("/v1/endpoints/"):
            self.send(about(name))
        else:
            self._predict(name, body)

    def _predict(self, name: str, body: dict[str, object]) -> None:
        small = self.server.small
        texts = [str(text) for text in body["inputs"]]  # type: ignore[attr-defined]
        time.sleep(small.wait(texts[0]) if texts else 0)
        if len(texts) > small.most:
            self.problem(413, "too-large", "That is too much at once.")
            return
        found = [predicted(name, text) for text in texts]
        if name == "intents" and (top := body.get("top")):
            for row in found:
                others = [label for label in LABELS[name][1] if label != row["label"]]
                row["scores"] = dict(
                    [(row["label"], row["score"]), *((label, 0.05) for label in others)][: int(str(top))]
                )
        self.send({"endpoint": name, "version": f"{name}-1", "request_id": "r-1", "predictions": found})

    def send(self, value: object, status: int = 200, **headers: str) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for header, words in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(header.replace("_", "-"), words)
        self.end_headers()
        self.wfile.write(data)

    def problem(self, status: int, code: str, detail: str, **headers: str) -> None:
        self.send(
            {"title": code, "status": status, "detail": detail, "code": code, "request_id": "r-9"}, status,
            **{"Content_Type": "application/problem+json", **headers},
        )  # fmt: skip

    def log_message(self, *_words: object) -> None:
        pass


class Listening(ThreadingHTTPServer):
    daemon_threads = True
    small: SmallServer

    def handle_error(self, *_about: object) -> None:
        """Callers that went away are no error of a test."""


def about(name: str) -> dict[str, object]:
    task, labels = LABELS[name]
    version = {"version": f"{name}-1", "model": name, "loaded_at": "2026-01-01T00:00:00Z", "champion": True}
    return {
        "name": name,
        "version": f"{name}-1",
        "task": task,
        "labels": labels,
        "versions": [version],
        "abstention": {},
    }


def predicted(name: str, text: str) -> dict[str, object]:
    """Return the answer to a text: by its words, or by the names in it."""
    if name == "ner":
        found = [
            {"start": m.start(), "end": m.end(), "label": "PER", "text": m.group(), "score": 0.75}
            for m in re.finditer(r"Anna|安娜", text)
        ]
        return {"spans": found, "abstain": False, "windows": 2 if len(text) > 500 else 1}
    if name == "moods":
        return {"labels": ["joy"], "scores": {"joy": 0.75}, "score": 0.5, "abstain": False}
    labels = {"rate": "exchange_rate", "PIN": "pin_blocked"}
    label = next((label for word, label in labels.items() if word in text), "card_arrival")
    return {"label": label, "score": 0.875, "abstain": not text}


@contextmanager
def running() -> Iterator[SmallServer]:
    """Let a small server run."""
    listening = Listening(("127.0.0.1", 0), Handler)
    listening.small = SmallServer(f"http://127.0.0.1:{listening.server_port}")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield listening.small
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


# -- what it can be told to do -----------------------------------------------------------------------------------------


def refuse(status: int, code: str, **headers: str) -> Callable[[Handler], None]:
    """Refuse with a problem."""
    return lambda handler: handler.problem(status, code, f"Refused: {code}.", **headers)


def say(data: bytes, status: int = 200) -> Callable[[Handler], None]:
    """Send just this."""
    return lambda handler: handler.send(data, status)


def hang_up(handler: Handler) -> None:
    """Break the connection off without an answer."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def cut_off(handler: Handler) -> None:
    """Break the connection off in the middle of an answer."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"endpoint"')
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Send an answer so slowly that it never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.05)
    handler.close_connection = True


def sleep(handler: Handler) -> None:
    """Give no answer for a while."""
    time.sleep(2)
    handler.close_connection = True
