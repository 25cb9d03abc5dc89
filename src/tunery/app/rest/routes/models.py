"""Models, and their files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import FileResponse

from tunery.app.actions import models
from tunery.app.rest.answering import Route, unchanged
from tunery.app.rest.archives import zipped
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import Caller
from tunery.app.rest.pages import PageAnswer, Part

router = APIRouter(tags=["models"], route_class=Route)

_ZIP: dict[str, Any] = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}


class ModelAnswer(Answer):
    """What a run gave."""

    id: str
    project: str
    run: str | None
    derived: str | None = Field(description="The model that it was exported from.")
    name: str
    task: str
    labels: list[Any]
    base: str
    manifest: dict[str, Any]
    size: int = Field(description="Bytes of all files.")
    created: datetime


class ModelBody(Body):
    """What may be changed."""

    name: Annotated[str, Field(max_length=100)]


@router.get("/projects/{project}/models", summary="The models of a project")
def list_models(context: Caller, part: Part, project: str, run: str | None = None) -> PageAnswer[ModelAnswer]:
    """Return models, the newest first."""
    page = models.page(context, project, run=run, after=part.after, limit=part.limit)
    return PageAnswer.of(page, ModelAnswer.model_validate)


@router.get("/models/{model}", summary="A model")
def show(context: Caller, model: str) -> ModelAnswer:
    """Return what is known of a model."""
    return ModelAnswer.model_validate(models.get(context, model))


@router.patch("/models/{model}", summary="Give a model another name")
def change(context: Caller, model: str, body: ModelBody) -> ModelAnswer:
    """Give it another name."""
    unchanged(ModelAnswer.model_validate(models.get(context, model)))
    return ModelAnswer.model_validate(models.rename(context, model, name=body.name))


@router.get(
    "/models/{model}/files",
    summary="A model's folder",
    response_class=FileResponse,
    responses={200: {"description": "A zip archive.", "content": _ZIP}},
)
def files(context: Caller, model: str) -> FileResponse:
    """Return the folder as a zip archive."""
    folder = models.folder(context, model)
    return zipped(folder, f"model-{model[:10]}", context.workspace.place("uploads"))
