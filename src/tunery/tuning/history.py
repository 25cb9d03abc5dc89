"""What is known of a run while it goes on: the points of its curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
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


Watcher = Callable[[Sequence[Point], str], None]
"""Told all points so far, and the name of the main metric among their scores."""

_watcher: ContextVar[Watcher | None] = ContextVar("history_watcher", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Tell ``watcher`` about the curves of every run in the block, each time that they have grown."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def show(points: Sequence[Point], metric: str) -> None:
    """Tell whoever watches that the curves have grown."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(points, metric)


def points_of(log: Sequence[Mapping[str, float]]) -> Iterator[Point]:
    """Yield the curves from the library's trainer's log, which goes on where it was after a resume."""
    for entry in log:
        scores = {name.removeprefix("eval_"): float(value) for name, value in entry.items() if name.startswith("eval_")}
        if "loss" in entry or scores:
            loss = float(entry["loss"]) if "loss" in entry else None
            yield Point(float(entry.get("epoch", 0.0)), loss, scores, entry.get("seconds"))
