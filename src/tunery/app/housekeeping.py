"""What has to be done again and again without anybody asking: keeping what is kept no longer than was promised."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from tunery.errors import TuneryError
from tunery.store import deletion, sign_ins
from tunery.store.maintenance import gc
from tunery.store.workspace import Workspace

_EVERY = 3600.0
"""Seconds. Retention is counted in days."""
LOGGER = logging.getLogger(__name__)


def keep_house(workspace: Workspace, now: datetime) -> int:
    """Delete the texts of requests that are too old, sign-ins that have ended, and files that nothing needs.

    Several processes may do so at once, and once too often does no harm.

    Returns:
        How many requests were emptied.
    """
    with workspace.writing() as session:
        expired = deletion.expire(session, now)
        sign_ins.purge(session, now)
    if expired:
        deletion.scrub(workspace)
    gc(workspace)
    return expired


@contextmanager
def housekeeping(workspace: Workspace, every: float = _EVERY) -> Iterator[None]:
    """Keep house for as long as the block runs: at once, and then every so many seconds."""
    ended = threading.Event()

    def work() -> None:
        while True:
            try:
                expired = keep_house(workspace, datetime.now(UTC))
                if expired:
                    LOGGER.info("texts of requests were deleted, as projects ask for", extra={"requests": expired})
            except (TuneryError, OSError):
                LOGGER.exception("the workspace could not be cleared up")  # what is left is found the next time
            if ended.wait(every):
                return

    thread = threading.Thread(target=work, name="housekeeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
