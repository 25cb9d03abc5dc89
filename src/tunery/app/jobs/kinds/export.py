"""A model made ready for serving."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from sqlalchemy.orm import Session
from typing_extensions import override

from tunery.app.jobs import material
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.exporting import export
from tunery.app.jobs.kind import Arguments, Kind
from tunery.i18n import N_
from tunery.store.tables import Job, Json


class ExportArguments(Arguments):
    """What is exported."""

    model: str = Field(description=N_("The model that is exported."))
    version: str | None = Field(
        default=None, description=N_("The version on whose dev answers are compared. Default: what it learned from.")
    )
    format: Literal["auto", "onnx", "onnx-int8"] = Field(default="auto", description=N_("The format."))
    accuracy: float | None = Field(
        default=None, gt=0, lt=1, description=N_("The share of given answers that is to be right.")
    )


class Export(Kind[ExportArguments]):
    """Exports a model into a format that answers faster; the result is a model of its own."""

    name: ClassVar[str] = "export"
    title: ClassVar[str] = N_("Export a model")
    arguments = ExportArguments

    @override
    def prepare(self, session: Session, job: Job, arguments: ExportArguments) -> None:
        material.model_in(session, job.project, arguments.model)
        material.dev_version(session, job.project, arguments.model, arguments.version)

    @override
    def run(self, context: JobContext, arguments: ExportArguments) -> Json:
        return export(context, arguments.model, arguments.version, format=arguments.format, accuracy=arguments.accuracy)
