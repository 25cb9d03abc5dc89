"""The curves of a run, written down while it goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.orm import Session

from tunery.store.tables import Json, Run

if TYPE_CHECKING:
    from tunery.app.jobs.context import JobContext
    from tunery.tuning.history import Point

_EVERY = 1.0
"""Seconds between two writes."""


def as_curves(points: Sequence[Point], metric: str) -> Json:
    """Return points as the table of runs has them."""
    return {
        "metric": metric,
        "loss": [[point.epoch, point.loss] for point in points if point.loss is not None],
        "dev": [[point.epoch, point.scores[metric]] for point in points if metric in point.scores],
    }


@contextmanager
def watching(context: JobContext) -> Iterator[None]:
    """Write down the curves of the job's run while the block runs."""
    from tunery.tuning.history import watched

    last = 0.0

    def keep(points: Sequence[Point], metric: str) -> None:
        nonlocal last
        if time.monotonic() - last < _EVERY:
            return
        last = time.monotonic()
        curves = as_curves(points, metric)

        def write(session: Session) -> None:
            session.execute(update(Run).where(Run.job == context.job.id).values(curves=curves))

        context.show(write)

    with watched(keep):
        yield
