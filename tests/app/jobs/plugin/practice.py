"""A kind of job for the tests of what all jobs have in common; found as any other distribution's kinds are."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from sqlalchemy.orm import Session

from tunery import progress
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.kind import Arguments, Kind
from tunery.errors import SettingError
from tunery.store import identifiers
from tunery.store.tables import Job, Json, Project


class PracticeArguments(Arguments):
    steps: int = 1
    seconds: float = 0.0
    die_before: int | None = None
    dies_always: bool = False
    fails: bool = False
    writes: int = 0
    deaf: bool = False


class Practice(Kind[PracticeArguments]):
    """Makes a project called by the job's name, step by step; how far it is stands in its folder."""

    name: ClassVar[str] = "practice"
    title: ClassVar[str] = "Practise"
    arguments = PracticeArguments

    def run(self, context: JobContext, arguments: PracticeArguments) -> Json:
        reached = context.folder / "reached"
        if arguments.deaf:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if arguments.fails:
            raise SettingError("It can't be done.", "Try something else.")
        (context.folder / "large").write_bytes(bytes(arguments.writes))
        with progress.bar("Practising", arguments.steps) as bar:
            for step in range(int(reached.read_text()) if reached.exists() else 0, arguments.steps):
                context.log(f"step {step} of attempt {context.job.attempts}")
                if step == arguments.die_before and (arguments.dies_always or context.job.attempts == 1):
                    os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(arguments.seconds)
                context.check()
                _write(reached, str(step + 1))
                bar.advance()
        return context.once("project", lambda session: {"project": _project(session, context.job).id})


def _write(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)


def _project(session: Session, job: Job) -> Project:
    project = Project(id=identifiers.new(), name=f"{job.id} {identifiers.new()}", created=datetime.now(UTC))
    session.add(project)
    session.flush()
    return project
