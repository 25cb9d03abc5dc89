"""Scores as bars with their intervals, and differences as dots on either side of none."""

from __future__ import annotations

from nicegui import ui

from tunery.app.studio.components.markup import Tag
from tunery.evaluation import pictures, wording
from tunery.evaluation.bootstrap import Interval
from tunery.evaluation.calibration import Calibration


def score_bar(value: float, ends: Interval, kind: str = "plain") -> None:
    """Build a bar from 0 to a score, with its interval; ``kind`` is ``plain``, ``soft`` or ``main``."""
    _drawn(pictures.score_bar(value, ends, kind))


def difference_bar(value: float, ends: Interval, reach: float) -> None:
    """Build a dot with its interval on a scale from ``-reach`` to ``reach``."""
    _drawn(pictures.difference_bar(value, ends, reach))


def reliability_diagram(calibration: Calibration) -> None:
    """Build the share of right answers against confidence."""
    _drawn(pictures.reliability_diagram(calibration))


def big_score(name: str, value: float, below: str, *, void: bool = False) -> None:
    """Build the number that a page is about.

    Args:
        name: What is measured.
        value: How much.
        below: Its interval and what it was measured on.
        void: Whether it says nothing of how good a model is.
    """
    with Tag("div", classes="big-score"):
        Tag("p", name, classes="big-score-name")
        Tag("p", wording.number(value), classes=f"big-score-value{' is-void' if void else ''}")
        Tag("p", below, classes="muted")


def _drawn(picture: str) -> None:
    ui.html(picture, sanitize=False).classes("picture")  # numbers and our own words only
