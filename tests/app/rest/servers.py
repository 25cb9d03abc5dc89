"""A real `tunery up`, and people who ask it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Self

import httpx

PASSWORD = "a sentence of mine"  # noqa: S105 - of nobody
PATIENCE = 90.0
"""Seconds; a machine may be slow."""


class Up:
    """A process of ``tunery up`` over a folder.

    Args:
        folder: The workspace.
        arguments: Further ones of the command line.
    """

    def __init__(self, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._err: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        words = [sys.executable, "-m", "tunery", "up", "--workspace", str(folder), *arguments]
        for option in ("--port", "--endpoints-port"):
            words += [] if option in arguments else [option, "0"]
        outside = {"TUNERY_LANG": "en", "TUNERY_PROGRESS": "0", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=self._err,
            text=True,
            env={**os.environ, **outside, **(environment or {})},
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http"), self.errors

    @property
    def errors(self) -> str:
        """What it has said on standard error."""
        self._err.seek(0)
        return self._err.read()

    def person(self, **headers: str) -> httpx.Client:
        """Return a client that keeps cookies."""
        return httpx.Client(base_url=f"{self.url}/api/v1", timeout=PATIENCE, headers=headers, trust_env=False)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_about: object) -> None:
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.close()

    def close(self) -> None:
        """Let go of what it says, once it has ended."""
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._err.close()


def set_up(person: httpx.Client, email: str = "ada@example.com", **more: str) -> httpx.Client:
    """Make the first account; the client is signed in as it then."""
    answer = person.post("/set-up", json={"email": email, "name": "Ada", "password": PASSWORD, **more})
    assert answer.status_code == 201, answer.text
    person.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return person


def sign_in(person: httpx.Client, email: str, password: str = PASSWORD) -> httpx.Client:
    """Sign a client in."""
    answer = person.post("/session", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    person.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return person


def token_of(person: httpx.Client) -> str:
    """Return a new access token of whoever is signed in."""
    answer = person.post("/tokens", json={"name": "tests"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def join(up: Up, admin: httpx.Client, email: str, name: str = "Bob") -> httpx.Client:
    """Invite somebody, who accepts; return the new user's client."""
    answer = admin.post("/users", json={"email": email, "name": name})
    assert answer.status_code == 201, answer.text
    person = up.person()
    secret = answer.json()["link"].rpartition("/")[2]
    accepted = person.post(f"/invitations/{secret}", json={"password": PASSWORD})
    assert accepted.status_code == 200, accepted.text
    person.headers["X-CSRF-Token"] = accepted.json()["csrf"]
    return person
