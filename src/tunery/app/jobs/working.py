"""A worker that is a process by itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from tunery.app.jobs.runtime import Runtime
from tunery.app.jobs.settings import JobSettings
from tunery.store.settings import WorkspaceSettings
from tunery.store.workspace import Workspace


def work(workspace: WorkspaceSettings, settings: JobSettings, on_ready: Callable[[], None] = lambda: None) -> None:
    """Do a workspace's jobs until Ctrl-C or SIGTERM. Those that run then are gone on with at the next start.

    Args:
        workspace: The workspace; one in Postgres may have many workers, each with a folder of its own.
        settings: How many jobs at once, and so on.
        on_ready: Called when jobs are done.

    Raises:
        StoreError: The workspace can't be opened, or another process does the jobs of its folder.
    """
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_about: ended.set())
    with Workspace.open(workspace) as opened:
        runtime = Runtime(opened, settings)
        runtime.start()
        on_ready()
        try:
            ended.wait()
        finally:
            runtime.stop()
