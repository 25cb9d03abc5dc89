"""What a job's process tells whoever attends it: lines of JSON through a pipe."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Self


class Wire:
    """The end that a job's process has.

    Args:
        descriptor: The pipe's number.
    """

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._lock = threading.Lock()

    def send(self, message: Mapping[str, Any]) -> None:
        """Say something."""
        line = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with self._lock:
            sent = 0
            while sent < len(line):
                sent += self._file.write(line[sent:]) or 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_about: object) -> None:
        self._file.close()


class Lines:
    """Puts the pieces that come through a pipe together to lines."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, piece: bytes) -> Iterator[str]:
        """Yield the lines that are whole with this piece."""
        *whole, self._rest = (self._rest + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")

    def end(self) -> Iterator[str]:
        """Yield what is left when nothing comes any more."""
        if self._rest:
            yield self._rest.decode("utf-8", "replace")
        self._rest = b""
