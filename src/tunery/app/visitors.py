"""How often strangers may ask: counted in memory by address, and forgotten soon."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from tunery.serving.rates import parse_rate

_MOST = 50_000
"""Addresses that are remembered; beyond that, those not seen for longest are forgotten."""


@dataclass(slots=True)
class _Used:
    window: int
    now: int = 0
    before: int = 0


class Visitors:
    """Counts what each address has asked of each endpoint, in sliding windows.

    Args:
        clock: Seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._used: OrderedDict[tuple[str, str], _Used] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, endpoint: str, address: str, rate: str) -> float:
        """Count a question; return the seconds to wait where there were too many, else 0.

        Args:
            endpoint: What is asked.
            address: Who asks.
            rate: How often one may, for example ``20/minute``.

        Raises:
            SettingError: ``rate`` is none.
        """
        limit, now = parse_rate(rate), self._clock()
        with self._lock:
            used = self._entry((endpoint, address), limit.window(now))
            if limit.free(used.before, used.now, now, "sliding") < 1:
                return limit.wait(used.before, used.now, 1, now, "sliding")
            used.now += 1
            return 0.0

    def _entry(self, key: tuple[str, str], window: int) -> _Used:
        used = self._used.pop(key, None) or _Used(window)
        if used.window != window:
            used = _Used(window, 0, used.now if used.window == window - 1 else 0)
        self._used[key] = used
        while len(self._used) > _MOST:
            self._used.popitem(last=False)
        return used
