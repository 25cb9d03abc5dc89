"""What endpoints did, counted by the minute: by each process that answers for itself, put together when it is read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.store.tables import Traffic

_STEPS = 8
"""Steps of the histogram for each doubling: a quantile is off by at most a twelfth."""


@dataclass
class Counts:
    """What was counted.

    Attributes:
        requests: Calls.
        texts: Texts that were answered.
        failed: Calls that failed on our side (5xx).
        refused: Calls that were wrong or too many (4xx).
        stored: Texts that were stored.
        sampled_out: Texts that the settings didn't want stored.
        lost: Texts that should have been stored and were not.
        latency: For each `step`, how many successful calls took so long.
    """

    requests: int = 0
    texts: int = 0
    failed: int = 0
    refused: int = 0
    stored: int = 0
    sampled_out: int = 0
    lost: int = 0
    latency: Counter[int] = field(default_factory=Counter)

    def answered(self, status: int, seconds: float) -> None:
        """Count a call that was answered with a status."""
        self.requests += 1
        if status >= 500:
            self.failed += 1
        elif status >= 400:
            self.refused += 1
        else:
            self.latency[step(seconds * 1000)] += 1

    def add(self, other: Counts | Traffic) -> None:
        """Add what somebody else counted."""
        for name in _PLAIN:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for at, count in other.latency.items():
            self.latency[int(at)] += count

    def quantile(self, share: float) -> float | None:
        """Return the milliseconds within which a share of the successful calls was answered; None without any."""
        wanted, seen = share * self.latency.total(), 0
        for at, count in sorted(self.latency.items()):
            if seen + count >= wanted > 0:
                low, high = 2 ** ((at - 1) / _STEPS), 2 ** (at / _STEPS)
                return low + (high - low) * (wanted - seen) / count
            seen += count
        return None


_PLAIN = ("requests", "texts", "failed", "refused", "stored", "sampled_out", "lost")


@dataclass(frozen=True)
class Window:
    """What an endpoint did from one time to another.

    Attributes:
        since: From when, UTC.
        until: Until when, exclusive.
        counts: Of all of it.
        points: The same in steps of one length, each with the time it begins at.
    """

    since: datetime
    until: datetime
    counts: Counts
    points: list[tuple[datetime, Counts]]

    @property
    def rate(self) -> float:
        """Calls in a second."""
        return self.counts.requests / max(1.0, (self.until - self.since).total_seconds())

    @property
    def error_rate(self) -> float | None:
        """Share of the calls that failed on our side; None without any."""
        return self.counts.failed / self.counts.requests if self.counts.requests else None


def step(milliseconds: float) -> int:
    """Return the step of the histogram that a time belongs to: it is at most ``2 ** (step / 8)`` milliseconds."""
    return max(0, math.ceil(math.log2(milliseconds) * _STEPS)) if milliseconds > 0 else 0


def write(session: Session, *, endpoint: str, minute: int, writer: str, counts: Counts) -> None:
    """Say what one process has counted in one minute so far; saying it twice changes nothing.

    Args:
        session: A writing one.
        endpoint: The endpoint's id.
        minute: Since 1970.
        writer: The process.
        counts: All that it counted in this minute.
    """
    latency = {str(at): count for at, count in sorted(counts.latency.items())}
    plain = {name: getattr(counts, name) for name in _PLAIN}
    session.merge(Traffic(endpoint=endpoint, minute=minute, writer=writer, latency=latency, **plain))


def read(
    session: Session, endpoints: Iterable[str], *, since: datetime, until: datetime | None = None, minutes: int = 1
) -> Window:
    """Return what endpoints did, of all processes together.

    Args:
        session: Where to read.
        endpoints: Their ids.
        since: From when; the minute that it lies in counts as a whole.
        until: Until when; None for now.
        minutes: How long each of the window's points is.
    """
    end = until or datetime.now(UTC)
    first, last = _minute(since), max(_minute(since), _minute(end - timedelta(microseconds=1)))
    rows = session.scalars(
        select(Traffic).where(Traffic.endpoint.in_(list(endpoints)), Traffic.minute >= first, Traffic.minute <= last)
    )
    total, points = Counts(), {at: Counts() for at in _starts(first, last, minutes)}
    for row in rows:
        total.add(row)
        points[first + (row.minute - first) // minutes * minutes].add(row)
    return Window(_time(first), end, total, [(_time(at), counts) for at, counts in points.items()])


def _starts(first: int, last: int, minutes: int) -> Iterator[int]:
    yield from range(first, last + 1, minutes)


def _minute(moment: datetime) -> int:
    return int(moment.timestamp() // 60)


def _time(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
