"""Starts workers, starts them again when they die, and ends them in order.

The socket belongs to the supervisor: while a worker is started anew, callers wait in its queue instead of being turned
away.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from tunery.errors import ModelError, SettingError, reason_of
from tunery.i18n import _
from tunery.serving import fresh
from tunery.serving.endpoints import Plan, check_name
from tunery.serving.settings import LOOPBACK, READY, RECORDING, ServingSettings

if TYPE_CHECKING:
    from tunery.store.settings import WorkspaceSettings

_BACKLOG = 2048
_SOON = 5.0
"""A worker that lived for less than so many seconds is started again only after a pause."""
_GRACE = 5.0
"""Seconds beyond the time for accepted requests after which a worker is killed."""


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    tells: int
    started: float = field(default_factory=time.monotonic)
    ready: bool = False


def serve(
    models: Mapping[str, Path],
    settings: ServingSettings,
    on_ready: Callable[[str], None] = lambda _url: None,
    *,
    workspace: WorkspaceSettings | None = None,
    listening: socket.socket | None = None,
    parent: int | None = None,
) -> int:
    """Serve models until a signal ends it.

    Args:
        models: Endpoints with the folders of their models. With a state file that exists, what it says goes first.
        settings: How to serve.
        on_ready: Told the URL when requests are taken.
        workspace: Where requests are recorded; None where they are not.
        listening: A socket that listens already, in place of one for the settings' address.
        parent: A pipe that ends when whoever started this does; then this ends as well.

    Returns:
        0 after an orderly end.

    Raises:
        SettingError: The settings don't allow it, or the address is taken.
        ModelError: A model can't be loaded.
    """
    check(models, settings)
    work = Path(tempfile.mkdtemp(prefix="tunery-serve-"))
    try:
        state = settings.state or work / "endpoints.json"
        _plan(models, state)
        with listening or listen(settings) as taken:
            supervisor = Supervisor(settings, state, taken, work, workspace=workspace, parent=parent)
            return supervisor.run(list(models), on_ready)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check(models: Mapping[str, Path], settings: ServingSettings) -> None:
    """Make sure that what was asked for may be.

    Raises:
        SettingError: It may not.
    """
    for name in models:
        check_name(name)
    if settings.host not in LOOPBACK and settings.keys is None:
        raise SettingError(
            _("{host} can be reached from other machines, and no keys are asked for.").format(host=settings.host),
            _("Make a key with tunery keys create, and give its file with --keys."),
        )
    for path, what in ((settings.keys, "--keys"), (settings.models, "--models")):
        if path is not None and not path.exists():
            raise SettingError(
                _("{option}: there is no {path}.").format(option=what, path=path),
                _("Make a key with tunery keys create.") if path == settings.keys else "",
            )


def _plan(models: Mapping[str, Path], state: Path) -> None:
    """Write what is to be served, keeping what a state file says of endpoints that are not named anew."""
    if not models and state.is_file():
        return  # whoever wrote it may be writing it again now
    known = Plan.read(state).endpoints if state.is_file() else {}
    for folder in models.values():
        if not folder.is_dir():
            raise ModelError(_("{folder} is no folder.").format(folder=folder), _("Give the folder of a model."))
    Plan({**known, **Plan.of(models).endpoints}).write(state)


def listen(settings: ServingSettings) -> socket.socket:
    """Return a socket that listens where the settings say, and that other processes may be given.

    Raises:
        SettingError: Something else listens there, or nothing can.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise SettingError(
            _("{host}:{port} can't be listened on: {reason}.").format(
                host=settings.host, port=settings.port, reason=reason_of(error)
            ),
            _("Something else may be listening there: give another --port, or 0 for any that is free."),
        ) from None
    listening.listen(_BACKLOG)
    listening.set_inheritable(True)
    return listening


class Supervisor:
    """Keeps as many workers as were asked for.

    Args:
        settings: How to serve.
        state: The file of what is served.
        listening: The socket that all workers take connections from.
        work: A folder for what workers share.
        workspace: Where requests are recorded; None where they are not.
        parent: A pipe at whose end this ends.
    """

    def __init__(
        self,
        settings: ServingSettings,
        state: Path,
        listening: socket.socket,
        work: Path,
        *,
        workspace: WorkspaceSettings | None = None,
        parent: int | None = None,
    ) -> None:
        self._settings = settings
        self._state = state
        self._listening = listening
        self._work = work
        self._workspace = workspace.model_dump_json() if workspace is not None else ""
        self._parent = parent
        self._workers: list[_Worker] = []
        self._stopping = False
        self._alive_read, self._alive_write = os.pipe()
        self._wake_read, self._wake_write = os.pipe()

    def run(self, required: Sequence[str], on_ready: Callable[[str], None]) -> int:
        """Start the workers and stay until a signal comes.

        Args:
            required: Endpoints without which there is no start. A worker that comes later serves what it can.
            on_ready: Told the URL when requests are taken.
        """
        before = {number: signal.signal(number, self._signalled) for number in (signal.SIGTERM, signal.SIGINT)}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        os.set_blocking(self._wake_write, False)
        wake = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        try:
            for _number in range(self._settings.workers):
                self._start(required)
            self._watch(on_ready)
        finally:
            signal.set_wakeup_fd(wake)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._end()
        return 0

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _watch(self, on_ready: Callable[[str], None]) -> None:
        told = False
        while not self._stopping:
            self._sleep()
            for worker in list(self._workers):
                if not worker.ready and self._has_told(worker):
                    worker.ready = True
                if worker.process.poll() is not None:
                    self._replace(worker, told)
            if not told and any(worker.ready for worker in self._workers):
                told = True
                on_ready(self._url())

    def _sleep(self) -> None:
        """Wait for a signal, for the death of a worker, or for word from one."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_read, selectors.EVENT_READ)
            if self._parent is not None:
                selector.register(self._parent, selectors.EVENT_READ)
            for worker in self._workers:
                if not worker.ready:
                    selector.register(worker.tells, selectors.EVENT_READ)
            for key, _events in selector.select(timeout=1.0):
                if key.fd == self._wake_read:
                    os.read(self._wake_read, 1024)
                elif key.fd == self._parent:
                    self._stopping = True  # Nothing is ever written there: it has ended.

    def _has_told(self, worker: _Worker) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(worker.tells, selectors.EVENT_READ)
            return bool(selector.select(timeout=0)) and os.read(worker.tells, 64) == READY

    def _replace(self, worker: _Worker, has_served: bool) -> None:
        self._workers.remove(worker)
        os.close(worker.tells)
        code = worker.process.returncode
        if not has_served and not worker.ready:
            raise ModelError(
                _("The server could not start (exit code {code}).").format(code=code),
                _("What is written above says why."),
            )
        line = {"level": "error", "message": "a worker died and is started again", "code": code}
        print(json.dumps(line), file=sys.stderr, flush=True)  # noqa: T201 - a line of the log
        if time.monotonic() - worker.started < _SOON and not worker.ready:
            time.sleep(1.0)
        self._start()

    def _start(self, required: Sequence[str] = ()) -> None:
        read, write = os.pipe()
        arguments = [
            self._settings.model_dump_json(), str(self._state), self._listening.fileno(), write, self._alive_read,
            " ".join(required),
        ]  # fmt: skip
        environment = fresh.environment()
        environment[RECORDING] = self._workspace
        if self._settings.workers > 1:
            environment["PROMETHEUS_MULTIPROC_DIR"] = str(self._work)
        process = subprocess.Popen(
            fresh.command("tunery.serving.worker", json.dumps(arguments)),
            pass_fds=(self._listening.fileno(), write, self._alive_read),
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in a terminal is for the supervisor, who ends the workers in order.
        )
        os.close(write)
        self._workers.append(_Worker(process, read))

    def _end(self) -> None:
        self._listening.close()
        for worker in self._workers:
            worker.process.terminate()
        until = time.monotonic() + self._settings.drain + _GRACE
        for worker in self._workers:
            try:
                worker.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            os.close(worker.tells)
        for descriptor in (self._alive_read, self._alive_write, self._wake_read, self._wake_write):
            os.close(descriptor)

    def _url(self) -> str:
        host, port = self._listening.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"
