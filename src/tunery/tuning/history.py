"""What is known of a run while it goes on: the points of its curves."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the curves: loss on train, or scores on dev, at an epoch.

    Attributes:
        epoch: How often train had been gone through.
        loss: The mean loss on train since the point before.
        scores: The scores on dev.
        seconds: How long the run had been going on, since it began or was last resumed.
    """

    epoch: float
    loss: float | None = None
    scores: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None
