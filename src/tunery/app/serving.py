"""Keeps the server of the endpoints running, and tells it what the workspace says: models, and keys.

What is to be served is in the database. A thread looks there, puts models into folders, and writes the two files that
the server follows: its plan and its keys. Another starts the server, and starts it again when it dies. The socket is
kept here meanwhile: callers wait instead of being turned away.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC
from pathlib import Path

from tunery.app.jobs.attending import settings_of
from tunery.errors import SettingError, TuneryError
from tunery.serving import fresh
from tunery.serving.endpoints import Plan
from tunery.serving.keys import Key, Keys, digest_of, new_key, new_text
from tunery.serving.served import version_of
from tunery.serving.settings import READY, RECORDING, ServingSettings
from tunery.serving.supervisor import listen
from tunery.store import endpoint_keys, endpoints
from tunery.store.models import check_out
from tunery.store.tables import Endpoint, EndpointKey
from tunery.store.workspace import Workspace

LOGGER = logging.getLogger("tunery.app")
_LOOK = 0.25
"""Seconds between two looks at what is to be served."""
_AGAIN = 5.0
"""Seconds after which something that failed is tried again."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
"""Seconds before the server is started again, doubling while it dies soon."""
_LONG = 30.0
"""A server that lived for so many seconds did not die soon."""
_PATIENCE = 10.0
"""Seconds in which another server that is ending may still have the address."""

_Entry = tuple[str, dict[str, Path]]
"""The version that answers, and the folders of all versions, as in a `Plan`."""


class Manager:
    """Serves a workspace's endpoints from `start` to `stop`.

    Args:
        workspace: Whose endpoints.
        settings: How to serve; which files are served and which keys are good is the workspace's to say.

    Attributes:
        key: A key of this program's own that may ask every endpoint and say where a question came from.
        failures: Endpoints whose models can't be had here, with the reason.
    """

    def __init__(self, workspace: Workspace, settings: ServingSettings) -> None:
        self._workspace = workspace
        folder = workspace.place("serving")
        self._state, keys = folder / "endpoints.json", folder / "keys.db"
        self._settings = settings.model_copy(update={"state": self._state, "keys": keys, "models": None})
        self.key = new_text()
        self._own = digest_of(self.key), new_key("workspace", ["*"], admin=True)
        self.failures: dict[str, str] = {}
        self._plan: dict[str, _Entry] = {}
        self._seen: object = None
        self._failed = float("-inf")
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._threads = [
            threading.Thread(target=self._follow, name="tunery-endpoints", daemon=True),
            threading.Thread(target=self._keep, name="tunery-server", daemon=True),
        ]

    def start(self) -> None:
        """Listen, and begin to serve.

        Raises:
            SettingError: The address is taken.
            TuneryError: What is to be served can't be read.
        """
        self._listening = _listen_patiently(self._settings)
        self._keys = Keys(_kept(self._settings.keys))
        self._look()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the server in order, and wait for it."""
        self._stopping.set()
        self._changed.set()
        self._listening.close()
        for thread in self._threads:
            thread.join()
        self._keys.close()

    def __enter__(self) -> Manager:
        self.start()
        return self

    def __exit__(self, *_about: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the server is asked from this machine."""
        host, port = self._address
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a comparison
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"

    @property
    def ready(self) -> bool:
        """Whether the server takes requests."""
        return self._ready.is_set()

    @property
    def process(self) -> int | None:
        """The number of the server's process, while there is one."""
        return self._process.pid if self._process is not None else None

    def wait(self, seconds: float) -> bool:
        """Wait until the server takes requests; say whether it does."""
        return self._ready.wait(seconds)

    def look(self) -> None:
        """Say that something was changed: it is looked at now rather than in a moment."""
        self._changed.set()

    @property
    def _address(self) -> tuple[str, int]:
        host, port = self._listening.getsockname()[:2]
        return str(host), int(port)

    # -- what is to be served --------------------------------------------------------------------------------------

    def _follow(self) -> None:
        while not self._stopping.is_set():
            self._changed.wait(_LOOK)
            self._changed.clear()
            try:
                self._look()
            except TuneryError as error:
                # The database is away: what is served goes on as it is.
                LOGGER.warning("endpoints can't be looked at: %s", error)
                self._stopping.wait(_AGAIN / 5)
            except Exception:
                LOGGER.exception("endpoints can't be looked at")
                self._stopping.wait(_AGAIN)

    def _look(self) -> None:
        with self._workspace.reading() as session:
            wanted, keys = endpoints.active(session), endpoint_keys.valid(session)
        # Keys first: a model may take long to come, and a key that is revoked must not wait for it.
        self._keys.become(dict([self._own, *map(_known, keys)]))
        seen = [(one.name, one.champion, one.challenger) for one in wanted]
        if seen == self._seen and not (self.failures and time.monotonic() - self._failed > _AGAIN):
            return
        self.failures = {}
        self._plan = dict(self._entries(wanted))
        Plan(self._plan).write(self._state)
        self._seen = seen

    def _entries(self, wanted: list[Endpoint]) -> Iterator[tuple[str, _Entry]]:
        for endpoint in wanted:
            try:
                yield endpoint.name, self._entry(endpoint)
            except TuneryError as error:
                LOGGER.error("a model can't be had for the endpoint %s: %s", endpoint.name, error)
                self.failures[endpoint.name] = str(error)
                self._failed = time.monotonic()
                if endpoint.name in self._plan:
                    yield endpoint.name, self._plan[endpoint.name]

    def _entry(self, endpoint: Endpoint) -> _Entry:
        champion = check_out(self._workspace, endpoint.champion)
        folders = [champion]
        if endpoint.challenger is not None:
            folders.append(check_out(self._workspace, endpoint.challenger))
        return version_of(champion), {version_of(folder): folder for folder in folders}

    # -- the server ------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                self._run()
            except OSError:
                LOGGER.exception("the server of the endpoints can't be started")
            if self._stopping.is_set():
                return
            LOGGER.error("the server of the endpoints died and is started again")
            pause = _FIRST_PAUSE if time.monotonic() - started > _LONG else min(2 * pause, _LONGEST_PAUSE)
            self._stopping.wait(pause)

    def _run(self) -> None:
        """Start the server, and attend it to its end."""
        with _pipe() as (told, tell), _pipe() as (parent, _alive), self._listening.dup() as socket_of_it:
            numbers = (socket_of_it.fileno(), tell, parent)
            process = self._process = subprocess.Popen(
                fresh.command("tunery.serving.child", json.dumps([self._settings.model_dump_json(), *numbers])),
                pass_fds=numbers,
                env={**fresh.environment(), RECORDING: settings_of(self._workspace).model_dump_json()},
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in a terminal is for this program, which ends the server in order.
            )
            try:
                self._attend(process, told)
            finally:
                self._ready.clear()
                _end(process, self._settings.drain)
                self._process = None

    def _attend(self, process: subprocess.Popen[bytes], told: int) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(told, selectors.EVENT_READ)
            while process.poll() is None and not self._stopping.is_set():
                if not self._ready.is_set() and selector.select(timeout=0.1):
                    if os.read(told, len(READY)) == READY:
                        self._ready.set()
                else:
                    self._stopping.wait(0.1)


def _known(key: EndpointKey) -> tuple[bytes, Key]:
    """Return a key as the server knows it."""
    created = key.created.astimezone(UTC)
    return bytes.fromhex(key.digest), Key(
        key.id, key.name, tuple(key.endpoints), rate=key.rate, quota=key.quota, created=created
    )


def _listen_patiently(settings: ServingSettings) -> socket.socket:
    """Listen, also where the server of an application that was killed is only now letting go of the address."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return listen(settings)
        except SettingError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def _end(process: subprocess.Popen[bytes], drain: float) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(drain + 15.0)
    if process.poll() is None:
        process.kill()
    process.wait()


def _kept(path: Path | None) -> Path:
    assert path is not None  # noqa: S101 - it was set above
    return path
