"""Names for things that are not found by what they hold: they sort by the time they were made."""

from __future__ import annotations

import re
import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letters that look like digits."""
_RANDOM_BITS = 80
PATTERN = re.compile(rf"[{_ALPHABET}]{{26}}")
"""What such a name looks like."""

_lock = threading.Lock()
_last = 0


def new() -> str:
    """Return a new name of 26 characters: 48 bits of milliseconds, then 80 random ones; later ones sort behind.

    The form is that of a ULID (https://github.com/ulid/spec) in lower case. Names made by one process in the same
    millisecond count on from the first, so that they sort too.
    """
    global _last
    with _lock:
        fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        if fresh >> _RANDOM_BITS <= _last >> _RANDOM_BITS:
            fresh = _last + 1
        _last = fresh
    return _written(fresh)


def _written(value: int) -> str:
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
