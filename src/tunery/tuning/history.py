"""What is known of a run while it goes on: the points of its curves."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the curves: loss on train, or scores on dev, at an epoch."""

    epoch: float
    loss: float | None = None
    scores: dict[str, float] = field(default_factory=dict)
