"""A worker that is a process by itself."""

from __future__ import annotations

import signal
import threading

from tunery.app.jobs.runtime import Runtime
from tunery.app.jobs.settings import JobSettings
from tunery.store.settings import WorkspaceSettings
from tunery.store.workspace import Workspace


def work(workspace: WorkspaceSettings, settings: JobSettings) -> None:
    """Do a workspace's jobs until Ctrl-C or SIGTERM. Those that run then are gone on with at the next start.

    Raises:
        StoreError: The workspace can't be opened, or another process does the jobs of its folder.
    """
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_about: ended.set())
    with Workspace.open(workspace) as opened:
        runtime = Runtime(opened, settings)
        runtime.start()
        try:
            ended.wait()
        finally:
            runtime.stop()
