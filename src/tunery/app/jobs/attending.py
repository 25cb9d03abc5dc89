"""One attempt at a job: its process is started, listened to, asked to stop, and its end is written down."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tunery.app.jobs.settings import JobSettings
from tunery.app.jobs.wire import Lines
from tunery.i18n import _
from tunery.serving import fresh
from tunery.store import jobs
from tunery.store.failures import ConflictError, StoreError
from tunery.store.jobs import FIRST_LINES, LAST_LINES
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Job
from tunery.store.workspace import Workspace

Outcome = Literal["ended", "died", "lost"]
"""What came of an attempt."""

_LOOK = 0.2
"""Seconds between two looks at what the process says."""
_WRITE = 0.5
"""Seconds between two writes of what it said."""
_BEAT = 2.0
"""Seconds between two looks at whether it is to stop."""
_WAIT = 3.0
"""Seconds between two tries where the database or the disk is away."""


class Stopping(BaseException):
    """The worker is to stop: its jobs are left as they are. No Exception, so that DBOS doesn't take it for an end."""


@dataclass
class Attempt:
    """One attempt at a job.

    Attributes:
        workspace: Where the job is.
        job: As it was when the attempt began.
        settings: How jobs are done.
        stopping: Set when the worker is to stop.
    """

    workspace: Workspace
    job: Job
    settings: JobSettings
    stopping: threading.Event
    _lines: deque[str] = field(default_factory=lambda: deque(maxlen=FIRST_LINES + LAST_LINES))
    _progress: dict[str, Any] | None = None
    _end: dict[str, Any] | None = None
    _asked: float | None = None
    _wrote: float = 0.0

    def make(self) -> tuple[Outcome, int]:
        """Start the process, and attend it to its end.

        Returns:
            ``ended`` when the job's end is written down, ``died`` where the process died before, and ``lost`` where
            another attempt has begun; and how the process ended.

        Raises:
            Stopping: The worker is to stop.
        """
        process, log, wire = _start(self.workspace, self.job, self.settings.niceness)
        try:
            self._attend(process, log, wire)
            return self._finish(process.returncode), process.returncode
        except ConflictError:
            return "lost", 0
        finally:
            _kill(process)
            os.close(log)
            os.close(wire)

    def _attend(self, process: subprocess.Popen[bytes], log: int, wire: int) -> None:
        said, told = Lines(), Lines()
        with selectors.DefaultSelector() as selector:
            selector.register(log, selectors.EVENT_READ, lambda piece: self._lines.extend(said.take(piece)))
            selector.register(wire, selectors.EVENT_READ, lambda piece: self._hear(told.take(piece)))
            while _listen(selector) or process.poll() is None:
                if self.stopping.is_set():
                    raise Stopping
                self._write_now_and_then()
                self._press(process)
        self._lines.extend(said.end())

    def _hear(self, messages: Iterable[str]) -> None:
        for message in map(json.loads, messages):
            self._progress = message.get("progress", self._progress)
            self._end = message if "end" in message else self._end

    def _write_now_and_then(self) -> None:
        lines, progress = list(self._lines), self._progress
        if time.monotonic() - self._wrote < (_WRITE if lines or progress else _BEAT):
            return
        self._wrote = time.monotonic()

        def write(session: Session) -> None:
            self.job.cancel = jobs.beat(session, self.job.id, self.job.attempts, progress=progress)
            jobs.say(session, self.job.id, lines)

        if _written(self.workspace, write):
            self._progress = None
            self._lines.clear()

    def _press(self, process: subprocess.Popen[bytes]) -> None:
        """Ask the process to stop where it is to, and end it where it doesn't; then end what it has left behind."""
        if process.poll() is not None:
            _kill(process)
        elif self.job.cancel and self._asked is None:
            self._asked = time.monotonic()
            process.send_signal(signal.SIGINT)
        elif self._asked is not None and time.monotonic() - self._asked > self.settings.grace:
            _kill(process)

    def _finish(self, code: int) -> Outcome:
        end = self._end or ({"end": "cancelled"} if self.job.cancel else None)
        if end is None:
            self._lines.append(describe(code))
        _write_patiently(self.workspace, lambda session: self._write_end(session, end), self.stopping)
        if end is None:
            return "died"
        _clean(self.workspace, self.job.id)
        return "ended"

    def _write_end(self, session: Session, end: dict[str, Any] | None) -> None:
        jobs.say(session, self.job.id, list(self._lines))
        if end is None:
            jobs.beat(session, self.job.id, self.job.attempts)
        else:
            jobs.end(
                session, self.job.id, self.job.attempts, end["end"], result=end.get("result"), error=end.get("error")
            )


def give_up(workspace: Workspace, name: str, code: int, stopping: threading.Event) -> None:
    """Write down that a job has failed because its process died again and again.

    Args:
        workspace: Where the job is.
        name: The job.
        code: How the last process ended.
        stopping: Set when the worker is to stop.

    Raises:
        Stopping: The worker is to stop, and it could not be written down.
    """
    error = {"message": describe(code), "hint": _("Give it less data or a smaller base model, or a larger machine.")}

    def write(session: Session) -> None:
        job = jobs.get(session, name)
        if job.ended is None:
            jobs.end(session, name, job.attempts, "failed", error=error)

    with suppress(ConflictError):
        _write_patiently(workspace, write, stopping)
    _clean(workspace, name)


def describe(code: int) -> str:
    """Return how a process ended that said nothing about it."""
    if code == -signal.SIGKILL:
        return _("The process was killed, probably for lack of memory.")
    if code < 0:
        return _("The process was ended by signal {number} ({name}).").format(
            number=-code, name=signal.Signals(-code).name
        )
    return _("The process ended with code {code}, without a result.").format(code=code)


def settings_of(workspace: Workspace) -> WorkspaceSettings:
    """Return what another process opens the same workspace with."""
    database = workspace.engine.url.render_as_string(hide_password=False)
    return WorkspaceSettings(workspace=workspace.folder, database=database, blobs=workspace.blobs.url)


def _start(workspace: Workspace, job: Job, niceness: int) -> tuple[subprocess.Popen[bytes], int, int]:
    """Return the process, and the pipes of what it prints and of what it tells."""
    log_read, log_write = os.pipe()
    wire_read, wire_write = os.pipe()
    process = subprocess.Popen(
        fresh.command("tunery.app.jobs.process"),
        stdin=subprocess.PIPE,
        stdout=log_write,
        stderr=log_write,
        pass_fds=(wire_write,),
        env=fresh.environment() | {"TUNERY_PROGRESS": "0", "PYTHONUNBUFFERED": "1"},
        start_new_session=True,  # Ctrl-C in a terminal is for the worker; and whatever it starts ends with it.
    )
    os.close(log_write)
    os.close(wire_write)
    # Passwords may stand in these: they don't belong on a command line, which others can read.
    order = {
        "workspace": settings_of(workspace).model_dump(mode="json"), "job": job.id, "attempt": job.attempts,
        "wire": wire_write,
        "niceness": niceness,
    }  # fmt: skip
    stdin = process.stdin
    assert stdin is not None  # noqa: S101 - it is a pipe
    with suppress(BrokenPipeError):
        stdin.write(json.dumps(order).encode() + b"\n")
        stdin.flush()
    return process, log_read, wire_read


def _listen(selector: selectors.BaseSelector) -> bool:
    """Take what has come through the pipes; say whether anything was taken."""
    some = False
    for key, _events in selector.select(_LOOK):
        if piece := os.read(key.fd, 1 << 16):
            key.data(piece)
            some = True
        else:
            selector.unregister(key.fileobj)
    return some


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and whatever it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


def _clean(workspace: Workspace, job: str) -> None:
    shutil.rmtree(workspace.place("jobs") / job, ignore_errors=True)


def _write_patiently(workspace: Workspace, write: Callable[[Session], None], stopping: threading.Event) -> None:
    while not _written(workspace, write):
        if stopping.wait(_WAIT):
            raise Stopping


def _written(workspace: Workspace, write: Callable[[Session], None]) -> bool:
    """Say whether something could be written; not where the database or its disk is away for the moment.

    Raises:
        ConflictError: The job is another attempt's.
    """
    try:
        with workspace.writing() as session:
            write(session)
    except ConflictError:
        raise
    except (StoreError, DBAPIError):
        return False
    return True
