"""What the running application is made of: every request and every page gets its context from here."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event

from tunery.app.context import Context, Jobs
from tunery.app.settings import AppSettings
from tunery.store.tables import User
from tunery.store.workspace import Workspace


@dataclass(frozen=True)
class Parts:
    """The parts of the running application.

    Attributes:
        workspace: What it is about.
        jobs: What starts jobs.
        settings: How it listens and whom it lets in.
        set_up_code: What the first account is made with where not only this machine reaches the application.
        stopping: Set when the application is told to stop: whatever would go on for long ends then.
        endpoints: Where endpoints answer, for example ``http://127.0.0.1:8701``.
        endpoints_key: The application's own key for them, by which pages and callers of the API ask them.
    """

    workspace: Workspace
    jobs: Jobs
    settings: AppSettings = field(default_factory=AppSettings)
    set_up_code: str | None = None
    stopping: Event = field(default_factory=Event)
    endpoints: str = "http://127.0.0.1:8701"
    endpoints_key: str | None = None

    def context(self, user: User | None, language: str = "en") -> Context:
        """Return the context that a user acts in."""
        return Context(workspace=self.workspace, jobs=self.jobs, user=user, language=language)
