"""What keys have used of their limits, for all processes of a server together.

The counts are rows of the file of keys, so they hold for every process and survive a restart. A process does not write
for every request: it takes a share of what is free in one transaction, and spends it from memory. A share is a
hundredth of the limit, less where little is free, and never less than what the request needs.

- Never is more spent than the limit says: what is not in the file as used can't be spent.
- What a process holds of its share is missing to the others: at most a hundredth of the limit each, until `flush` or
  `close` gives it back. Limits below 200 are exact; they cost a write for each request.
- A process that is killed loses the rest of its shares: callers then get up to a hundredth less in that period.
- A write is not synced to disk. A power cut can lose the last counts, and what they stood for could be spent again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from tunery.serving.key_file import transaction
from tunery.serving.rates import Rate, Shape

_SHARES = 100
"""Into how many shares a limit is divided."""


@dataclass(slots=True)
class _Share:
    window: int
    left: int


class Allowances:
    """Hands out what is free of each key's limits.

    Args:
        connection: To the file of keys. Whoever calls sees to it that only one thread does.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._shares: dict[tuple[str, Shape], _Share] = {}

    def take(self, key: str, shape: Shape, rate: Rate, wanted: int, now: float) -> float | None:
        """Take ``wanted`` of a key's limit.

        Args:
            key: The key's id.
            shape: How windows follow each other; a key has one limit of each shape.
            rate: The limit.
            wanted: How much; all of it is taken or nothing.
            now: Seconds since 1970.

        Returns:
            None, or in how many seconds there will be enough.
        """
        share = self._shares.get((key, shape))
        if share is None or share.window != rate.window(now) or share.left < wanted:
            wait = self._renew(key, shape, rate, wanted, now)
            if wait is not None:
                return wait
            share = self._shares[key, shape]
        share.left -= wanted
        return None

    def put_back(self, key: str, shape: Shape, amount: int) -> None:
        """Undo a `take` that came to nothing."""
        if share := self._shares.get((key, shape)):
            share.left += amount

    def flush(self) -> None:
        """Give what is left of the shares back to the file, for all processes to take."""
        left = {name: share for name, share in self._shares.items() if share.left}
        if left:
            with transaction(self._connection):
                self._give_back(left)
        self._shares.clear()

    def _renew(self, key: str, shape: Shape, rate: Rate, wanted: int, now: float) -> float | None:
        with transaction(self._connection):
            if share := self._shares.pop((key, shape), None):
                self._give_back({(key, shape): share})
            window = rate.window(now)
            used = self._used(key, shape, window)
            free = rate.free(*used, now, shape)
            if wanted > free:
                return rate.wait(*used, wanted, now, shape)
            taken = max(wanted, min(rate.amount, free) // _SHARES)
            self._connection.execute(
                "INSERT INTO usage VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET used = used + excluded.used",
                (key, shape, window, taken),
            )
            self._connection.execute(
                "DELETE FROM usage WHERE key = ? AND kind = ? AND period < ?", (key, shape, window - 1)
            )
        # Only what is written for sure is spent.
        self._shares[key, shape] = _Share(window, taken)
        return None

    def _used(self, key: str, shape: Shape, window: int) -> tuple[int, int]:
        """Return what was used in the window before and in this one."""
        rows: Mapping[int, int] = dict(
            self._connection.execute(
                "SELECT period, used FROM usage WHERE key = ? AND kind = ? AND period IN (?, ?)",
                (key, shape, window - 1, window),
            )
        )
        return rows.get(window - 1, 0), rows.get(window, 0)

    def _give_back(self, shares: Mapping[tuple[str, Shape], _Share]) -> None:
        for (key, shape), share in shares.items():
            self._connection.execute(
                "UPDATE usage SET used = used - ? WHERE key = ? AND kind = ? AND period = ?",
                (share.left, key, shape, share.window),
            )
