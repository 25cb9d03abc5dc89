"""What an endpoint did, minute by minute, from the counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tunery.store.tables import Traffic

_COUNTS = ("requests", "texts", "failed", "refused", "stored", "sampled_out", "lost")


@dataclass(slots=True)
class Counts:
    """What was counted, in a minute or altogether.

    Attributes:
        requests: Calls.
        texts: Texts in them.
        failed: Answers of 5xx.
        refused: Answers of 4xx.
        stored: Texts that were kept.
        sampled_out: Texts that were not kept because only a share is.
        lost: Texts that should have been kept and were not.
        latency: How many answers took up to so many milliseconds.
    """

    requests: int = 0
    texts: int = 0
    failed: int = 0
    refused: int = 0
    stored: int = 0
    sampled_out: int = 0
    lost: int = 0
    latency: dict[float, int] = field(default_factory=dict)

    def add(self, row: Traffic) -> None:
        """Add what one process counted in one minute."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(row, name))
        for bound, count in row.latency.items():
            self.latency[float(bound)] = self.latency.get(float(bound), 0) + int(count)

    @property
    def errors(self) -> int:
        """Answers that were none."""
        return self.failed + self.refused


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute and what happened in it."""

    at: datetime
    counts: Counts


def by_minute(rows: Iterable[Traffic], *, last: int, minutes: int) -> list[Minute]:
    """Return the last ``minutes`` minutes, the oldest first, with those in which nothing happened.

    Args:
        rows: What was counted; several processes may have counted in a minute.
        last: The number of the last minute since 1970.
        minutes: How many.
    """
    found = {number: Counts() for number in range(last - minutes + 1, last + 1)}
    for row in rows:
        if row.minute in found:
            found[row.minute].add(row)
    return [Minute(datetime.fromtimestamp(number * 60, UTC), counts) for number, counts in found.items()]


def altogether(rows: Iterable[Traffic]) -> Counts:
    """Return the sum of everything."""
    result = Counts()
    for row in rows:
        result.add(row)
    return result


def percentile(latency: Mapping[float, int], share: float) -> float | None:
    """Return the milliseconds within which a share of the answers came; None where there were none.

    Answers are spread evenly between a bound and the one before it, so this is as exact as the bounds are close.
    """
    total = sum(latency.values())
    if not total:
        return None
    wanted, passed, before = share * total, 0, 0.0
    for bound in sorted(latency):
        count = latency[bound]
        if count and passed + count >= wanted:
            return before + (bound - before) * (wanted - passed) / count
        passed += count
        before = bound
    return before
