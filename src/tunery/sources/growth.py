"""Progress of a download that somebody else's code does: what arrives on the disk is counted."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tunery.progress import Bar, bar

_EVERY = 0.5
"""Seconds between two looks at the folder."""


@contextmanager
def growing(folder: Path, description: str, total: int | None = None) -> Iterator[None]:
    """Show how ``folder`` grows while the block runs.

    Args:
        folder: Where the bytes arrive; need not exist yet.
        description: The words before the bar.
        total: How many bytes are awaited, where that is known.
    """
    stop = threading.Event()
    with bar(description, total, in_bytes=True) as shown:
        watcher = threading.Thread(target=_watch, args=(folder, _size(folder), shown, stop), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()


def _watch(folder: Path, start: int, shown: Bar, stop: threading.Event) -> None:
    while not stop.wait(_EVERY):
        # A file that is renamed between two directories may be missed or seen twice for one look; never go back.
        shown.advance(max(_size(folder) - start - shown.done, 0))


def _size(folder: Path) -> int:
    total = 0
    for path, _folders, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(os.path.join(path, name))  # noqa: PTH118 - called often, on many files
            except FileNotFoundError:
                continue
            total += status.st_size
    return total
