"""A model, measured on a split, with its answer for every row."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from sqlalchemy.orm import Session
from typing_extensions import override

from tunery.app.jobs import material
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.kind import Arguments, Kind
from tunery.i18n import N_, _
from tunery.store.tables import Job, Json


class EvaluateArguments(Arguments):
    """What is measured."""

    model: str = Field(description=N_("The model that is measured."))
    version: str = Field(description=N_("The version whose rows it is measured on."))
    split: Literal["train", "dev", "test"] = Field(default="test", description=N_("Which of its splits."))


class Evaluate(Kind[EvaluateArguments]):
    """Measures a model, and keeps the report with all answers."""

    name: ClassVar[str] = "evaluate"
    title: ClassVar[str] = N_("Measure a model")
    arguments = EvaluateArguments

    @override
    def prepare(self, session: Session, job: Job, arguments: EvaluateArguments) -> None:
        material.version_in(session, job.project, arguments.version)
        material.model_in(session, job.project, arguments.model)

    @override
    def run(self, context: JobContext, arguments: EvaluateArguments) -> Json:
        import tunery
        from tunery.app.jobs.measuring import measure

        examples, places = material.split(context, arguments.version, arguments.split)
        model = tunery.load_model(material.folder_of(context, arguments.model))
        context.progress(_("Measuring on {n} rows").format(n=len(examples)))
        measured = measure(model, examples)
        context.progress(_("Storing the report"))
        return material.keep_report(context, arguments.model, arguments.version, measured, places)
