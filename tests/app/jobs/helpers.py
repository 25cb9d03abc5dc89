"""Workers as processes, and waiting for what they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from tunery.app.jobs.attending import settings_of
from tunery.app.jobs.queue import Jobs
from tunery.app.jobs.settings import JobSettings
from tunery.store import jobs
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Job
from tunery.store.workspace import Workspace

PLUGIN = Path(__file__).parent / "plugin"
_PATIENCE = 120.0
T = TypeVar("T")


def start(workspace: Workspace | WorkspaceSettings, *before: str, **settings: float) -> subprocess.Popen[str]:
    """Start a worker; ``before`` is what its command begins with, for example prlimit."""
    where = workspace if isinstance(workspace, WorkspaceSettings) else settings_of(workspace)
    how = JobSettings.model_validate({"niceness": 0, **settings}).model_dump_json()
    words = (
        "from tunery.app.jobs.working import work; from tunery.store.settings import WorkspaceSettings; "
        "from tunery.app.jobs.settings import JobSettings; "
        f"work(WorkspaceSettings.model_validate_json({where.model_dump_json()!r}), "
        f"JobSettings.model_validate_json({how!r}))"
    )
    path = os.pathsep.join([str(PLUGIN), *sys.path])
    return subprocess.Popen(
        [*before, sys.executable, "-W", "error::ResourceWarning", "-c", words],
        env={**os.environ, "PYTHONPATH": path},
        text=True,
    )


@contextmanager
def worker(
    workspace: Workspace | WorkspaceSettings, *before: str, **settings: float
) -> Iterator[subprocess.Popen[str]]:
    """A worker for as long as the block runs; it must end by itself when it is asked to."""
    process = start(workspace, *before, **settings)
    try:
        yield process
    except BaseException:
        process.kill()
        raise
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    assert process.wait(60) in {0, -signal.SIGKILL}


def enqueue(workspace: Workspace, kind: str, **arguments: object) -> str:
    with workspace.writing() as session:
        return Jobs().enqueue(session, kind, arguments).id


def job(workspace: Workspace, name: str) -> Job:
    with workspace.reading() as session:
        return jobs.get(session, name)


def log(workspace: Workspace, name: str) -> list[str]:
    with workspace.reading() as session:
        return [line.line for line in jobs.lines(session, name)]


def ended(workspace: Workspace, name: str) -> Job:
    """Wait until a job has ended."""
    return wait(lambda: found if (found := job(workspace, name)).ended is not None else None)


def wait(look: Callable[[], T | None]) -> T:
    """Wait until ``look`` finds something."""
    until = time.monotonic() + _PATIENCE
    while not (found := look()):
        assert time.monotonic() < until, "waited for too long"
        time.sleep(0.05)
    return found


def child(process: subprocess.Popen[str]) -> psutil.Process:
    """Return the process of the job that a worker does, once there is one."""
    return wait(lambda: next(iter(psutil.Process(process.pid).children()), None))
