"""The curves of runs as the numbers of a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Points = list[list[float]]


@dataclass(frozen=True, slots=True)
class Curves:
    """What is known of a run's way.

    Attributes:
        loss: Epoch and loss on train, in order.
        dev: Epoch and score on dev, in order.
        metric: What is measured on dev.
    """

    loss: Points
    dev: Points
    metric: str

    @property
    def best(self) -> list[float] | None:
        """Epoch and score of the best measurement; the first of equal ones."""
        return max(self.dev, key=lambda point: point[1], default=None)


def read(stored: Mapping[str, Any]) -> Curves:
    """Return the curves of a run's record."""
    return Curves(
        [list(point) for point in stored.get("loss", [])],
        [list(point) for point in stored.get("dev", [])],
        str(stored.get("metric", "")),
    )


def thinned(points: Sequence[list[float]], most: int = 300) -> Points:
    """Return about ``most`` points with the means of those between, so that a long run draws as fast as a short one."""
    if len(points) <= most:
        return [list(point) for point in points]
    step = len(points) / most
    groups = (points[round(number * step) : round((number + 1) * step)] for number in range(most))
    return [[sum(point[axis] for point in group) / len(group) for axis in (0, 1)] for group in groups]
