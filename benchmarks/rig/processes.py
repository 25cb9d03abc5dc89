"""Servers and load generators as processes of their own: started, asked, watched, stopped."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

HERE = Path(__file__).parent.parent
STARTING = 120.0
"""Seconds that a server may take until its first answer; torch alone takes many on a busy machine."""


class Server:
    """A server under measurement, in a process group of its own.

    Args:
        command: What starts it; ``{port}`` stands for its port.
        path: Where it answers questions.
        log: The file its output goes to.
        sample: A body it can answer.
    """

    def __init__(self, command: Sequence[str], path: str, log: Path, sample: object) -> None:
        self.port = free_port()
        self.path = path
        self.log = log
        self._command = [part.replace("{port}", str(self.port)) for part in command]
        self._sample = sample
        self.started = 0.0
        """Seconds from its start to its first answer."""

    def __enter__(self) -> Self:
        begun = time.perf_counter()
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(self._command, stdout=out, stderr=out, start_new_session=True)
        try:
            self._wait_for_answer()
        except BaseException:
            self.stop()
            raise
        self.started = time.perf_counter() - begun
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_for_answer(self) -> None:
        end = time.monotonic() + STARTING
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.call("POST", self.path, self._sample)[0] == 200:
                    return
            time.sleep(0.01)
        words = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise SystemExit(f"{' '.join(self._command)}\ngave no answer; its last words were:\n{words}")

    def call(self, method: str, path: str, body: object = None, seconds: float = 60.0) -> tuple[int, Any]:
        """Send one request over a new connection and return status and answer.

        Raises:
            OSError: Nobody answers.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            given = None if body is None else json.dumps(body)
            connection.request(method, path, given, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            words = answer.read()
        finally:
            connection.close()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(words) if is_json and words else words

    def processes(self) -> list[psutil.Process]:
        """Return the server's process and all that it started, as far as they live."""
        with contextlib.suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.process.pid)
            return [one for one in (first, *first.children(recursive=True)) if _lives(one)]
        return []

    def memory(self) -> float:
        """Return its megabytes: of pages that several of its processes share, each counts its part."""
        return sum(map(_megabytes, self.processes()))

    def stop(self) -> float:
        """Ask it to stop, and end it where it doesn't; return how many seconds it took."""
        begun = time.perf_counter()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
        taken = time.perf_counter() - begun
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return taken


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _megabytes(process: psutil.Process) -> float:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
        found = re.search(r"^Pss:\s+(\d+) kB", words, re.MULTILINE)
        if found:
            return int(found[1]) / 1024
    with contextlib.suppress(psutil.Error):
        return float(process.memory_info().rss) / 2**20
    return 0.0


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


class Loading:
    """A load generator at work.

    Args:
        server: What it loads.
        requests: The file of requests.
        more: Further arguments of ``load.py``.
    """

    def __init__(self, server: Server, requests: Path, *more: str) -> None:
        url = f"http://127.0.0.1:{server.port}/"
        command = [sys.executable, str(HERE / "load.py"), "--url", url, "--requests", str(requests), "--json", *more]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def done(self) -> bool:
        """Return whether it has finished."""
        return self._process.poll() is not None

    def result(self) -> dict[str, Any]:
        """Wait for its end and return what it found.

        Raises:
            SystemExit: It failed.
        """
        words, _ = self._process.communicate()
        if self._process.returncode:
            raise SystemExit("The load generator failed.")
        found: dict[str, Any] = json.loads(words)
        return found


def loaded(server: Server, requests: Path, connections: int, seconds: float, *more: str) -> dict[str, Any]:
    """Load a server and return what came of it."""
    return Loading(
        server, requests, "--connections", str(connections), "--seconds", str(seconds), *more
    ).result()  # fmt: skip


class Watch:
    """A server's memory, looked at from time to time for as long as the block lasts.

    Attributes:
        seconds: When it was looked at, from the start of the block.
        megabytes: What was seen.
    """

    def __init__(self, server: Server, every: float) -> None:
        self.seconds: list[float] = []
        self.megabytes: list[float] = []
        self._server = server
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._begun = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(self._every):
            self.seconds.append(time.perf_counter() - self._begun)
            self.megabytes.append(self._server.memory())
