"""Writing jobs down."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import event
from sqlalchemy.orm import Session

from tunery.app.jobs import kind as job_kinds
from tunery.store import jobs
from tunery.store.tables import Job


class Jobs:
    """Writes jobs down for whoever does them.

    Args:
        wake: Called when jobs were committed; a runtime in another process finds them by itself.
    """

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        self._wake = wake

    def enqueue(
        self,
        session: Session,
        kind: str,
        arguments: Mapping[str, object],
        *,
        project: str | None = None,
        user: str | None = None,
        schedule: str | None = None,
    ) -> Job:
        """Write down a job within ``session``'s transaction; it starts soon after that is committed.

        Raises:
            SettingError: There is no such kind, or an argument can't be used.
        """
        wanted = job_kinds.get(kind)
        given = job_kinds.read(wanted, arguments)
        plain = given.model_dump(mode="json", exclude_defaults=True)
        job = jobs.create(session, kind=kind, arguments=plain, project=project, user=user, schedule=schedule)
        wanted.prepare(session, job, given)
        self._tell(session)
        return job

    def cancel(self, session: Session, job: str) -> Job:
        """Ask a job to stop; one that has ended stays as it is."""
        return jobs.cancel(session, job)

    def _tell(self, session: Session) -> None:
        wake = self._wake
        if wake is not None:
            event.listen(session, "after_commit", lambda _session: wake(), once=True)
