"""What came from what."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from tunery.app.actions import lineage
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer
from tunery.app.rest.callers import Caller
from tunery.app.rest.routes.data_sets import DataSetAnswer, VersionAnswer
from tunery.app.rest.routes.endpoints import AskedAnswer
from tunery.app.rest.routes.models import ModelAnswer
from tunery.app.rest.routes.runs import RunAnswer

router = APIRouter(tags=["lineage"], route_class=Route)


class TextAnswer(Answer):
    """A row without its place in a version."""

    id: str
    project: str
    text: str = Field(description="Empty where it was deleted.")
    text_pair: str | None
    created: datetime
    deleted: datetime | None


class LearnedAnswer(Answer):
    """That a model depends on a row."""

    model: ModelAnswer
    how: Literal["train", "dev"] = Field(description="Whether it learned from the row, or was chosen by it.")
    version: str = Field(description="Where its run had the row.")


class PlaceAnswer(Answer):
    """That a version has a row."""

    version: VersionAnswer
    data_set: DataSetAnswer
    splits: list[str]


class ModelLineageAnswer(Answer):
    """Where a model came from."""

    model: ModelAnswer
    derived: list[ModelAnswer] = Field(description="The models that it was exported from, the nearest first.")
    run: RunAnswer | None = Field(description="What the first of them learned in; null where it was brought.")
    version: VersionAnswer | None = Field(description="What it learned from.")
    data_set: DataSetAnswer | None
    base: str = Field(description="The base model, as a source with its revision.")


class RequestLineageAnswer(Answer):
    """Where an answer came from, and what became of its text."""

    request: AskedAnswer
    origin: ModelLineageAnswer
    row: TextAnswer | None = Field(description="The row that it became; null where it was taken into no data set.")
    learned: list[LearnedAnswer]


class RowLineageAnswer(Answer):
    """What became of a row."""

    row: TextAnswer
    requests: list[AskedAnswer] = Field(description="The requests that it came from.")
    places: list[PlaceAnswer] = Field(description="The versions that have it, the oldest first.")
    learned: list[LearnedAnswer]


@router.get("/models/{model}/lineage", summary="Where a model came from")
def of_model(context: Caller, model: str) -> ModelLineageAnswer:
    """Return the run, the version and the base model behind a model."""
    return ModelLineageAnswer.model_validate(lineage.of_model(context, model))


@router.get("/requests/{request}/lineage", summary="Where an answer came from")
def of_request(context: Caller, request: str) -> RequestLineageAnswer:
    """Return what is behind an answer, and the models that learned from its text."""
    return RequestLineageAnswer.model_validate(lineage.of_request(context, request))


@router.get("/rows/{row}/lineage", summary="What became of a row")
def of_row(context: Caller, row: str) -> RowLineageAnswer:
    """Return the requests that a row came from, the versions that have it, and the models that learned from it."""
    return RowLineageAnswer.model_validate(lineage.of_row(context, row))
