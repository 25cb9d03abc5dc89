"""Tunery: a pretrained model and a few labelled examples in, a model that is yours out.

Everything public is named in ``__all__`` and loaded when it is first used, so that ``import tunery`` takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tunery.api import (
        agreement,
        check,
        compare,
        evaluate,
        explain,
        export,
        label_errors,
        learning_curve,
        load_data,
        load_model,
        package,
        plan,
        rank,
        search,
        tune,
    )
    from tunery.data.dataset import Dataset, Split
    from tunery.errors import DataError, ModelError, Problem, ServerError, SettingError, SourceError, TuneryError
    from tunery.evaluation.report import Report
    from tunery.models.export.result import ExportResult
    from tunery.models.model import Model
    from tunery.serving.client import AsyncClient, Client
    from tunery.tuning.learning_curve_result import LearningCurve
    from tunery.tuning.planning import RunPlan
    from tunery.tuning.ranking import Candidate, Ranking
    from tunery.tuning.recipe import Recipe
    from tunery.tuning.search_result import Search
    from tunery.types import Example, Prediction, Predictor, Span

_HOME = {
    "tunery.api": (
        "agreement",
        "check",
        "compare",
        "evaluate",
        "explain",
        "export",
        "label_errors",
        "learning_curve",
        "load_data",
        "load_model",
        "package",
        "plan",
        "rank",
        "search",
        "tune",
    ),
    "tunery.data.dataset": ("Dataset", "Split"),
    "tunery.errors": (
        "DataError",
        "ModelError",
        "Problem",
        "ServerError",
        "SettingError",
        "SourceError",
        "TuneryError",
    ),
    "tunery.evaluation.report": ("Report",),
    "tunery.models.export.result": ("ExportResult",),
    "tunery.models.model": ("Model",),
    "tunery.serving.client": ("AsyncClient", "Client"),
    "tunery.tuning.learning_curve_result": ("LearningCurve",),
    "tunery.tuning.planning": ("RunPlan",),
    "tunery.tuning.ranking": ("Candidate", "Ranking"),
    "tunery.tuning.recipe": ("Recipe",),
    "tunery.tuning.search_result": ("Search",),
    "tunery.types": ("Example", "Prediction", "Predictor", "Span"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "AsyncClient",
    "Candidate",
    "Client",
    "DataError",
    "Dataset",
    "Example",
    "ExportResult",
    "LearningCurve",
    "Model",
    "ModelError",
    "Prediction",
    "Predictor",
    "Problem",
    "Ranking",
    "Recipe",
    "Report",
    "RunPlan",
    "Search",
    "ServerError",
    "SettingError",
    "SourceError",
    "Span",
    "Split",
    "TuneryError",
    "agreement",
    "check",
    "compare",
    "evaluate",
    "explain",
    "export",
    "label_errors",
    "learning_curve",
    "load_data",
    "load_model",
    "package",
    "plan",
    "rank",
    "search",
    "tune",
]


def __getattr__(name: str) -> object:
    try:
        module = _MODULE_OF[name]
    except KeyError:
        raise AttributeError(f"module 'tunery' has no attribute {name!r}") from None
    value: object = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
