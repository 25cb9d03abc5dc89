"""Who does something, where, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self

from sqlalchemy.orm import Session

from tunery.store.tables import Job, User
from tunery.store.workspace import Workspace


class Jobs(Protocol):
    """What starts and stops jobs; see `tunery.app.jobs`."""

    def enqueue(
        self,
        session: Session,
        kind: str,
        arguments: Mapping[str, object],
        *,
        project: str | None = None,
        user: str | None = None,
    ) -> Job:
        """Write down a job within ``session``'s transaction; it starts soon after that is committed.

        Args:
            session: A writing one.
            kind: For example ``tune``.
            arguments: The fields of the kind's arguments.
            project: The project that it belongs to.
            user: The user who asked for it.

        Raises:
            SettingError: There is no such kind, or an argument can't be used.
        """
        ...

    def cancel(self, session: Session, job: str) -> Job:
        """Ask a job to stop; one that has ended stays as it is."""
        ...


@dataclass(frozen=True)
class Context:
    """What every action is given first.

    Attributes:
        workspace: Where it is done.
        jobs: What starts jobs.
        user: Who does it; None for the workspace itself: its schedules, and its owner at a terminal.
        language: What the person reads.
    """

    workspace: Workspace
    jobs: Jobs
    user: User | None = None
    language: str = "en"

    @property
    def user_id(self) -> str | None:
        """The user's name in the tables."""
        return self.user.id if self.user is not None else None

    def of(self, user: User | None, language: str | None = None) -> Self:
        """Return the context of another user."""
        return replace(self, user=user, language=language or self.language)
