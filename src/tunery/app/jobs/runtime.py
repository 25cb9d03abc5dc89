"""The worker: hands jobs to DBOS, and does them."""

from __future__ import annotations

import fcntl
import logging
import platform
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import IO, Any, TypeVar

from dbos import DBOS, DBOSConfig, SetWorkflowID

from tunery.app.jobs import cron
from tunery.app.jobs import kind as job_kinds
from tunery.app.jobs.attending import Attempt, Stopping, give_up
from tunery.app.jobs.durable import JsonSerializer, system_database
from tunery.app.jobs.queue import Jobs
from tunery.app.jobs.settings import JobSettings
from tunery.errors import TuneryError
from tunery.i18n import _
from tunery.store import identifiers, jobs, schedules, workers
from tunery.store.failures import StoreError, in_words
from tunery.store.tables import Job
from tunery.store.workspace import Workspace

_TRIES = 3
"""How often a job's process may die before the job has failed."""
_POLL = 1.0
"""Seconds between two looks at what was written down by other processes."""
_DEQUEUE = 0.5
"""Seconds between two looks of DBOS at its queues."""
_BEAT = 5.0
"""Seconds between two signs of life, and two looks for those of others."""
_SMALL, _LARGE = "small", "large"
"""The queues."""
_VERSION = "1"
"""Of the workflow below, in DBOS's eyes: jobs that an older Tunery has begun are gone on with."""

T = TypeVar("T")

_log = logging.getLogger(__name__)
_running: Runtime | None = None
"""DBOS knows functions, and there is one of it in a process."""


class Runtime:
    """Does the jobs of a workspace in this process's children; one per process, and one per folder.

    Args:
        workspace: Whose jobs are done.
        settings: How many at once, and so on.
    """

    def __init__(self, workspace: Workspace, settings: JobSettings | None = None) -> None:
        self.workspace = workspace
        self.settings = settings or JobSettings()
        self.jobs = Jobs(self.wake)
        self.stopping = threading.Event()
        self.worker = ""
        self._woken = threading.Event()
        self._handed: set[str] = set()
        self._attending: set[str] = set()
        self._idle = threading.Condition()
        self._lock: IO[str] | None = None
        self._thread = threading.Thread(target=self._keep, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin doing jobs: first those that this worker had when it last ended.

        Raises:
            StoreError: Another process does the jobs of this folder, or the database can't be used.
        """
        global _running
        self.worker = self._take_folder()
        _running = self
        with in_words(str(self.workspace.folder)):
            DBOS(config=self._config())
            DBOS.launch()
            for queue, many in ((_SMALL, self.settings.jobs_at_once), (_LARGE, self.settings.large_jobs_at_once)):
                DBOS.register_queue(queue, worker_concurrency=many, polling_interval_sec=_DEQUEUE)
        self._thread.start()

    def stop(self) -> None:
        """Stop; jobs that run are left as they are, and gone on with when it is started again."""
        global _running
        self.stopping.set()
        self.wake()
        self._thread.join()
        with self._idle:
            self._idle.wait_for(lambda: not self._attending, timeout=30)
        DBOS.destroy()
        _running = None
        if self._lock is not None:
            self._lock.close()

    def wake(self) -> None:
        """Look for jobs now."""
        self._woken.set()

    def attempt(self, name: str) -> dict[str, Any]:
        """Make an attempt at a job, unless it has ended; see `Attempt.make`."""
        with self._idle:
            self._attending.add(name)
        try:
            return self._attempt(name)
        except Exception:  # noqa: BLE001 - for example no memory for a process: DBOS must not take it for an end
            _log.exception("an attempt at job %s could not be made", name)
            return {"outcome": "died", "code": -signal.SIGKILL}
        finally:
            with self._idle:
                self._attending.discard(name)
                self._idle.notify_all()

    def _attempt(self, name: str) -> dict[str, Any]:
        job = self._patiently(lambda: self._begin(name))
        if job is None:
            return {"outcome": "ended", "code": 0}
        outcome, code = Attempt(self.workspace, job, self.settings, self.stopping).make()
        return {"outcome": outcome, "code": code}

    def _begin(self, name: str) -> Job | None:
        with self.workspace.writing() as session:
            return jobs.begin(session, name, worker=self.worker)

    def _patiently(self, do: Callable[[], T]) -> T:
        while True:
            if self.stopping.is_set():
                raise Stopping
            with suppress(StoreError):
                return do()
            self.stopping.wait(_BEAT)

    def _config(self) -> DBOSConfig:
        return {
            "name": "tunery",
            "system_database_url": system_database(self.workspace),
            "executor_id": self.worker,
            "application_version": _VERSION,
            "serializer": JsonSerializer(),
            "log_level": "ERROR",
        }

    def _take_folder(self) -> str:
        """Return this worker's name, which the folder keeps."""
        place = self.workspace.place("jobs")
        self._lock = (place / "worker").open("a+", encoding="ascii")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                _("Another process does the jobs of {folder}.").format(folder=self.workspace.folder),
                _("One is enough: stop it first, or give this one a folder of its own."),
            ) from None
        self._lock.seek(0)
        name = self._lock.read().strip()
        if not name:
            name = identifiers.new()
            self._lock.write(name)
            self._lock.flush()
        return name

    def _keep(self) -> None:
        """Hand over what is committed, and look after the rest, until the worker is to stop."""
        beaten = 0.0
        while not self.stopping.is_set():
            try:
                self._hand_over()
                if time.monotonic() - beaten >= _BEAT:
                    beaten = time.monotonic()
                    self._beat()
                    self._start_due()
            except StoreError as error:
                _log.warning("jobs can't be looked after, and wait: %s", error)
                self.stopping.wait(_BEAT)
            except Exception:  # noqa: BLE001 - whatever it is, the next time may be better
                _log.exception("jobs can't be looked after; this is tried again")
                self.stopping.wait(_BEAT)
            self._woken.wait(_POLL)
            self._woken.clear()

    def _hand_over(self) -> None:
        """Give DBOS the jobs that it may not have; one that it has, it keeps as it is."""
        with self.workspace.reading() as session:
            waiting = jobs.unfinished(session)
        for name, kind in waiting:
            if name not in self._handed:
                with SetWorkflowID(name):
                    DBOS.enqueue_workflow(_queue(kind), do_job, name)
        self._handed = {name for name, _kind in waiting}

    def _beat(self) -> None:
        """Say that this worker lives, and take over the jobs of those that don't."""
        with self.workspace.writing() as session:
            workers.beat(session, self.worker, host=platform.node())
            for gone in workers.gone(session, silent=timedelta(seconds=self.settings.silence)):
                # Gives back what is still that worker's and nothing else, so that doing it twice does no harm.
                DBOS._recover_pending_workflows([gone.id])
                session.delete(gone)

    def _start_due(self) -> None:
        """Start the jobs whose time has come; of the times that were missed, one is made up for."""
        now = datetime.now(UTC)
        with self.workspace.writing() as session:
            for schedule in schedules.due(session, now):
                try:
                    schedule.due = cron.next_after(schedule.cron, schedule.zone, now)
                    if not schedules.is_running(session, schedule.id):
                        self.jobs.enqueue(
                            session, schedule.kind, schedule.arguments, project=schedule.project,
                            user=schedule.created_by, schedule=schedule.id,
                        )  # fmt: skip
                except TuneryError:
                    schedule.enabled = False
                    _log.exception("schedule %s can't be kept, and was switched off", schedule.id)


@DBOS.workflow(name="job", max_recovery_attempts=None)
def do_job(name: str) -> None:
    """Make attempts at a job until it has ended; what came of each is a step, so that a restart doesn't forget it."""
    runtime = _running
    assert runtime is not None  # noqa: S101 - workflows run only while there is one
    for _number in range(_TRIES):
        came = DBOS.run_step({"name": "attempt"}, runtime.attempt, name)
        if came["outcome"] != "died":
            return
    DBOS.run_step({"name": "give up"}, give_up, runtime.workspace, name, came["code"], runtime.stopping)


def _queue(kind: str) -> str:
    found = job_kinds.kinds().get(kind)
    return _LARGE if found is not None and found.heavy else _SMALL
