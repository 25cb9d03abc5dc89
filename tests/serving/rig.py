"""A server as its users have it: a process, reached over loopback."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

_PATIENCE = 120.0
"""Seconds until a server must be there: long, because no test may depend on how fast the machine is."""


@dataclass
class Running:
    """A server that runs.

    Attributes:
        process: The supervisor.
        url: Where it is.
        lines: What it has written to standard error.
    """

    process: subprocess.Popen[str]
    url: str
    lines: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rpartition(":")[2])

    def client(self, **settings: Any) -> httpx.Client:
        """Return a client for it that goes through no proxy."""
        return httpx.Client(base_url=self.url, timeout=_PATIENCE, trust_env=False, **settings)

    def ask(self, name: str, inputs: Any, **more: Any) -> dict[str, Any]:
        """Return the answer to a request that has to succeed."""
        with self.client() as client:
            response = client.post(f"/v1/predict/{name}", json={"inputs": inputs, **more})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def workers(self) -> list[psutil.Process]:
        """Return the processes that answer."""
        return psutil.Process(self.process.pid).children()

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the log so far."""
        return [json.loads(line) for line in list(self.lines) if line.startswith("{")]

    def wait_for(self, condition: Any) -> None:
        """Wait until something is so."""
        until = time.monotonic() + _PATIENCE
        while not condition():
            assert time.monotonic() < until, "it did not come about"
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Return whether it takes requests."""
        with contextlib.suppress(httpx.HTTPError), self.client() as client:
            return client.get("/health/ready").status_code == 200
        return False


@contextlib.contextmanager
def serving(*arguments: str, **environment: str) -> Iterator[Running]:
    """Start ``tunery serve`` with these arguments on a free port, and end it in the end."""
    with watching(start(arguments, environment)) as running:
        yield running


@contextlib.contextmanager
def watching(process: subprocess.Popen[str]) -> Iterator[Running]:
    """Wait until a server that was started takes requests, and end it in the end."""
    running = Running(process, "")
    reader = threading.Thread(target=_read, args=(process, running), daemon=True)
    reader.start()
    try:
        running.wait_for(lambda: running.url or process.poll() is not None)
        assert running.url, "\n".join(running.lines)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        reader.join()
        assert process.stderr is not None
        process.stderr.close()


def start(arguments: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start ``tunery serve`` on a free port."""
    return subprocess.Popen(
        [sys.executable, "-m", "tunery", "serve", *arguments, "--port", "0"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env={**os.environ, "TUNERY_LANG": "en", **environment},
    )


def copy(folder: Path, target: Path, **changes: Any) -> Path:
    """Copy a model folder; the large files are linked. ``changes`` go into its ``tunery.json``."""

    def link(source: str, destination: str) -> None:
        if source.endswith((".onnx", "model.safetensors")):
            os.link(source, destination)
        else:
            shutil.copyfile(source, destination)

    shutil.copytree(folder, target, copy_function=link)
    if changes:
        path = target / "tunery.json"
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")
    return target


def _read(process: subprocess.Popen[str], running: Running) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        running.lines.append(line.rstrip("\n"))
        if line.startswith("Serving on "):
            running.url = line.split()[2]
