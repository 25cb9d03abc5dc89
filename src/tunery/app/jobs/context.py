"""What a job's process can do while it carries out the job."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from tunery import progress
from tunery.app.jobs.wire import Wire
from tunery.store import jobs
from tunery.store.failures import ConflictError, StoreError
from tunery.store.tables import Job, Json
from tunery.store.workspace import Workspace

_EVERY = 0.4
"""Seconds between two words about progress."""


class JobContext:
    """A job that is being carried out.

    Attributes:
        workspace: Where what it makes goes.
        job: As it was when this attempt began.
        folder: For what must survive a crash: checkpoints, half-done files. Removed when the job has ended.
    """

    def __init__(self, workspace: Workspace, job: Job, folder: Path, wire: Wire) -> None:
        self.workspace = workspace
        self.job = job
        self.folder = folder
        self._wire = wire
        self._asked = False
        self._said = 0.0
        self._step = ""

    def progress(
        self, step: str, share: float | None = None, left: float | None = None, note: str = "", *, always: bool = False
    ) -> None:
        """Say how far it is; more often than twice a second is not passed on, except for a new step.

        Args:
            step: What is being done, in words.
            share: How much of this step is done, from 0 to 1.
            left: Seconds until it is done.
            note: Words behind it, for example the loss.
            always: Pass it on in any case.
        """
        now = time.monotonic()
        if not always and step == self._step and now - self._said < _EVERY and share != 1.0:
            return
        self._said, self._step = now, step
        known = {"step": step, "share": share, "left": left, "note": note or None}
        self._wire.send({"progress": {name: value for name, value in known.items() if value is not None}})

    def log(self, line: str) -> None:
        """Write a line into the job's log."""
        print(line, flush=True)  # noqa: T201 - what a job's process prints is its log

    def ask(self) -> None:
        """Ask it to stop."""
        self._asked = True

    def cancelled(self) -> bool:
        """Say whether it was asked to stop."""
        return self._asked

    def check(self) -> None:
        """Stop where it was asked to.

        Raises:
            KeyboardInterrupt: It was.
        """
        if self._asked:
            raise KeyboardInterrupt

    def once(self, name: str, make: Callable[[Session], Json]) -> Json:
        """Do a step that must not be done twice, and keep what it returns; after a crash that is returned at once.

        What it writes and that it was done are one transaction, so that it is done exactly once however often the job
        is begun.

        Args:
            name: The step's name within the job.
            make: Given the transaction.

        Raises:
            ConflictError: The job isn't this process's any more.
            KeyboardInterrupt: The job was asked to stop.
        """
        self.check()
        with self.workspace.writing() as session:
            job = jobs.hold(session, self.job.id, self.job.attempts)
            if name not in job.kept:
                job.kept = {**job.kept, name: make(session)}
            return dict(job.kept[name])

    def show(self, make: Callable[[Session], None]) -> None:
        """Write something that is only looked at meanwhile, for example curves; a database that is away is no error.

        Raises:
            ConflictError: The job isn't this process's any more.
        """
        try:
            with self.workspace.writing() as session:
                jobs.hold(session, self.job.id, self.job.attempts)
                make(session)
        except ConflictError:
            raise
        except StoreError:
            return

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Pass on the progress of whatever runs in the block."""
        with progress.listening(_Listener(self)):
            yield


class _Listener:
    """Passes bars and words of Tunery's functions on."""

    def __init__(self, context: JobContext) -> None:
        self._context = context

    def moved(self, description: str, share: float | None, left: float | None, note: str) -> None:
        self._context.progress(description, share, left, note)

    def told(self, words: str) -> None:
        self._context.log(words)
