"""Workers as processes, and waiting for what they do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil

from tunery.app.jobs import kind as job_kinds
from tunery.app.jobs.attending import settings_of
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.queue import Jobs
from tunery.app.jobs.settings import JobSettings
from tunery.app.jobs.wire import Wire
from tunery.store import jobs, projects
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Job
from tunery.store.workspace import Workspace

PLUGIN = Path(__file__).parent / "plugin"
_PATIENCE = 600.0
"""Seconds; only what hangs takes as long."""
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


class Here:
    """A project whose jobs are carried out in this process, where what they need is imported already.

    Args:
        workspace: Where the project is made.
        base: The base model of its recipes.
    """

    def __init__(self, workspace: Workspace, base: str) -> None:
        self.workspace = workspace
        self.base = base
        with workspace.writing() as session:
            self.project = projects.create(session, name="p", user=None).id

    def start(self, kind: str, **arguments: object) -> str:
        """Write a job down, for a worker."""
        with self.workspace.writing() as session:
            return Jobs().enqueue(session, kind, arguments, project=self.project).id

    def do(self, kind: str, *, project: bool = True, **arguments: object) -> dict[str, Any]:
        """Carry a job out here, as its process would."""
        with self.workspace.writing() as session:
            given = self.project if project else None
            name = Jobs().enqueue(session, kind, arguments, project=given).id
        with self.workspace.writing() as session:
            begun = jobs.begin(session, name, worker="here")
        assert begun is not None
        folder = self.workspace.place("jobs") / name
        folder.mkdir()
        found = job_kinds.get(kind)
        with Wire(os.open(os.devnull, os.O_WRONLY)) as wire:
            context = JobContext(self.workspace, begun, folder, wire)
            with context.listening():
                result = found.run(context, job_kinds.read(found, arguments))
        with self.workspace.writing() as session:
            jobs.end(session, name, 1, "done", result=result)
        return json.loads(json.dumps(result))  # as the database gives it back

    def upload(self, path: Path) -> str:
        """Import a file, and return the name of the version."""
        digest, _size = self.workspace.blobs.put(path)
        files = [{"name": path.name, "blob": digest}]
        result = self.do("import", data_set="questions", task="text-classification", files=files)
        return str(result["version"])

    def recipe(self, **settings: object) -> dict[str, object]:
        given = {"base": self.base, "strategy": {"name": "full"}, "epochs": 10, "patience": 0, "batch_size": 16}
        return {**given, **settings}


def questions(folder: Path, rows: int = 300) -> Path:
    """Write questions about two things, which a small model learns quickly."""
    things = {"weather": ["rain", "sun", "snow", "wind"], "food": ["bread", "soup", "rice", "cake"]}
    path = folder / "questions.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            label = ("weather", "food")[number % 2]
            word = things[label][number // 2 % 4]
            row = {"text": f"question {number}: is there any {word} today in town {number % 97}", "label": label}
            file.write(json.dumps(row) + "\n")
    return path
