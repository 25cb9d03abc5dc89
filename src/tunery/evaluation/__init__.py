"""Any predictor into a report, and two predictors into a comparison.

What lives here: asking a predictor for its answers (`answers`), intervals by bootstrap (`bootstrap`), p-values by
randomisation (`significance`), calibration, the report and the comparison as data, and how they look: as text, as JSON
and as one self-contained HTML page. `recorded` makes a predictor of answers in a file: anything can be measured.

May import `tunery.tasks`, `tunery.data` and what lies below them. Never imports torch, and knows neither strategies nor
training: a tuned model is a predictor like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunery.evaluation.comparison import Comparison
    from tunery.evaluation.measure import evaluate
    from tunery.evaluation.paired import compare
    from tunery.evaluation.report import Report

__all__ = ["Comparison", "Report", "compare", "evaluate"]

_HOME = {
    "Comparison": "tunery.evaluation.comparison",
    "Report": "tunery.evaluation.report",
    "compare": "tunery.evaluation.paired",
    "evaluate": "tunery.evaluation.measure",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'tunery.evaluation' has no attribute {name!r}")
    value: object = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
