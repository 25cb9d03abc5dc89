"""The rows of a queue that are likely labelled wrong."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator
from sqlalchemy.orm import Session
from typing_extensions import override

from tunery.app.jobs import material
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.kind import Arguments, Kind
from tunery.i18n import N_, _
from tunery.store.annotation import queues
from tunery.store.failures import not_found
from tunery.store.tables import Job, Json


class LabelErrorsArguments(Arguments):
    """Where errors are looked for."""

    queue: str = Field(description=N_("A queue of labelled rows; only those that are likely wrong stay in it."))
    base: str | None = Field(
        default=None, description=N_("A base model; the rows then answer for each other, by cross-validation.")
    )
    model: str | None = Field(default=None, description=N_("Instead of it a model that did not learn from these rows."))

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.base is None) == (self.model is None):
            raise ValueError(_("either a base model or a model has to be named"))
        return self


class LabelErrors(Kind[LabelErrorsArguments]):
    """Looks for labels that are likely wrong."""

    name: ClassVar[str] = "label-errors"
    title: ClassVar[str] = N_("Find label errors")
    arguments = LabelErrorsArguments
    heavy: ClassVar[bool] = True

    @override
    def prepare(self, session: Session, job: Job, arguments: LabelErrorsArguments) -> None:
        if queues.get(session, arguments.queue).project != job.project:
            raise not_found(arguments.queue)
        if arguments.model is not None:
            material.model_in(session, job.project, arguments.model)

    @override
    def run(self, context: JobContext, arguments: LabelErrorsArguments) -> Json:
        import tunery
        from tunery.app.annotation.suggesting import likely_errors

        model = (
            tunery.load_model(material.folder_of(context, arguments.model))
            if arguments.model is not None
            else str(arguments.base)
        )
        found = likely_errors(context.workspace, arguments.queue, lambda rows: tunery.label_errors(rows, model))
        return {"queue": arguments.queue, "likely": found}
