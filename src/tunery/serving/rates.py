"""How much in how long: ``100/minute`` as the limits library writes it, and how much of it is left."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from tunery.errors import MissingExtraError, SettingError
from tunery.i18n import _

MOST = 10**15
"""The greatest amount; more than that is no limit, and has to fit into a column."""

Shape = Literal["sliding", "fixed"]


@dataclass(frozen=True, slots=True)
class Rate:
    """So much in so many seconds.

    Windows begin at multiples of ``seconds`` since 1970 in UTC, so that all processes agree on them and a day begins at
    midnight.

    Attributes:
        amount: How much.
        seconds: In how long.
        text: How it is written, for example ``100/minute``.
    """

    amount: int
    seconds: int
    text: str

    def window(self, now: float) -> int:
        """Return the number of the window that ``now`` (seconds since 1970) lies in."""
        return int(now // self.seconds)

    def free(self, before: int, used: int, now: float, shape: Shape) -> int:
        """Return how much may still be used.

        Args:
            before: What was used in the window before.
            used: What has been used in this window.
            now: Seconds since 1970.
            shape: ``fixed`` counts this window alone. ``sliding`` also counts the part of the window before that is
                less than one window away, as if it had been used evenly: there is no double portion at a boundary.
        """
        counted = math.ceil(before * (1 - self._part(now))) if shape == "sliding" else 0
        return self.amount - used - counted

    def wait(self, before: int, used: int, wanted: int, now: float, shape: Shape) -> float:
        """Return in how many seconds ``wanted`` will be free; the arguments are those of `free`."""
        part = self._part(now)
        to_next = (1 - part) * self.seconds
        if shape == "fixed" or wanted > self.amount:
            return to_next
        room = self.amount - wanted
        if used <= room:
            return max(0.0, 1 - (room - used) / before - part) * self.seconds if before else 0.0
        return to_next + (1 - room / used) * self.seconds

    def _part(self, now: float) -> float:
        return now / self.seconds - now // self.seconds


@lru_cache(maxsize=1024)
def parse_rate(text: str) -> Rate:
    """Read a rate such as ``100/minute``, ``5 per 2 hours`` or ``10000/day``.

    A month is 30 days and a year 360, as in the limits library.

    Raises:
        SettingError: It isn't one, or its amount is zero or beyond any use.
        MissingExtraError: The limits library is not installed.
    """
    try:
        from limits import parse_many
    except ImportError:
        raise MissingExtraError("serve", _("A limit on a key")) from None
    try:
        found = parse_many(text)
    except ValueError:
        found = []
    if len(found) != 1:
        raise SettingError(
            _("{text!r} is not one amount and one period.").format(text=text),
            _("Write for example 100/minute or 10000/day; there are second, minute, hour, day, month and year."),
        )
    (item,) = found
    if not 1 <= item.amount <= MOST or not 1 <= item.multiples <= MOST // item.GRANULARITY.seconds:
        raise SettingError(
            _("{text!r} is not a limit that can be kept.").format(text=text),
            _("Amount and period have to be at least 1 and not beyond reason. To let nothing through, revoke the key."),
        )
    many = f"{item.multiples} " if item.multiples > 1 else ""
    return Rate(item.amount, item.get_expiry(), f"{item.amount}/{many}{item.GRANULARITY.name}")
