"""Counts by endpoint and minute, made by the threads that answer and read by the one that writes them down."""

from __future__ import annotations

import copy
import threading
import time

from tunery.store.traffic import Counts

Key = tuple[str, int]
"""The endpoint's name, and the minute since 1970."""


class Tallies:
    """What one process has counted, as long as it may still change or is not written down."""

    def __init__(self) -> None:
        self._counts: dict[Key, Counts] = {}
        self._changed: set[Key] = set()
        self._minute = 0
        self._lock = threading.Lock()

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a call that was answered with a status."""
        with self._lock:
            self._now(endpoint).answered(status, seconds)

    def add(self, endpoint: str, counts: Counts) -> None:
        """Add to what was counted."""
        with self._lock:
            self._now(endpoint).add(counts)

    def changed(self) -> dict[Key, Counts]:
        """Return copies of what isn't written down as it is now."""
        with self._lock:
            return {key: copy.deepcopy(self._counts[key]) for key in self._changed}

    def written(self, counts: dict[Key, Counts]) -> None:
        """Say that what `changed` returned is written down; minutes that are over are forgotten then."""
        with self._lock:
            for key, written in counts.items():
                if self._counts[key] == written:
                    self._changed.discard(key)
            over = [key for key in self._counts if key[1] < self._minute and key not in self._changed]
            for key in over:
                del self._counts[key]

    def _now(self, endpoint: str) -> Counts:
        # A clock that is put back must not begin a minute anew that was written down and forgotten.
        self._minute = max(self._minute, int(time.time() // 60))
        key = (endpoint, self._minute)
        self._changed.add(key)
        return self._counts.setdefault(key, Counts())
