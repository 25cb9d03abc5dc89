"""Figures that take long, kept in a file as soon as they are there, and read from it the next time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Figures = dict[str, float]


class Kept:
    """What was measured before.

    Args:
        path: The file; None to keep nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._found: dict[str, Figures] = {}
        if path is not None and path.is_file():
            self._found = json.loads(path.read_text(encoding="utf-8"))

    def get(self, key: str, measure: Callable[[], Figures]) -> Figures:
        """Return the figures of ``key``, measuring them where they are not there."""
        if key not in self._found:
            self._found[key] = measure()
            if self._path is not None:
                self._path.write_text(json.dumps(self._found, indent=1), encoding="utf-8")
        return self._found[key]
