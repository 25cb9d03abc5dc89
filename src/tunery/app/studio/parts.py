"""What the studio is given by the application that it is part of."""

from __future__ import annotations

from typing import Any, Protocol

from tunery.app.context import Jobs
from tunery.store.workspace import Workspace


class Parts(Protocol):
    """The running application."""

    @property
    def workspace(self) -> Workspace:
        """Where everything is."""
        ...

    @property
    def jobs(self) -> Jobs:
        """What starts jobs."""
        ...

    @property
    def settings(self) -> Any:
        """How the application listens: ``port``."""
        ...

    @property
    def endpoints(self) -> str:
        """Where endpoints answer."""
        ...

    @property
    def endpoints_key(self) -> str | None:
        """The application's own key for them."""
        ...
