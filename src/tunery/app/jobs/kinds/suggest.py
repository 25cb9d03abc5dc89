"""A model's answers beside the rows of a queue, and the queue in the order that follows from them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from sqlalchemy.orm import Session
from typing_extensions import override

from tunery.app.jobs import material
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.kind import Arguments, Kind
from tunery.i18n import N_
from tunery.store.annotation import queues
from tunery.store.failures import not_found
from tunery.store.tables import Job, Json


class SuggestArguments(Arguments):
    """What is suggested for."""

    queue: str = Field(description=N_("The queue."))
    model: str = Field(description=N_("The model whose answers are suggested."))
    other: str | None = Field(
        default=None, description=N_("Another model: what the two answer differently is asked first.")
    )
    measure: Literal["margin", "entropy"] = Field(
        default="margin",
        description=N_("How unsure is measured: by the margin between the two best labels, or over all labels."),
    )


class Suggest(Kind[SuggestArguments]):
    """Asks a model about the rows of a queue."""

    name: ClassVar[str] = "suggest"
    title: ClassVar[str] = N_("Suggest answers")
    arguments = SuggestArguments

    @override
    def prepare(self, session: Session, job: Job, arguments: SuggestArguments) -> None:
        if queues.get(session, arguments.queue).project != job.project:
            raise not_found(arguments.queue)
        for model in filter(None, (arguments.model, arguments.other)):
            material.model_in(session, job.project, model)

    @override
    def run(self, context: JobContext, arguments: SuggestArguments) -> Json:
        import tunery
        from tunery.app.annotation.suggesting import suggest

        model = tunery.load_model(material.folder_of(context, arguments.model))
        other = tunery.load_model(material.folder_of(context, arguments.other)) if arguments.other else None
        number = suggest(
            context.workspace,
            arguments.queue,
            model,
            model=arguments.model,
            other=other,
            measure=arguments.measure,
        )
        return {"queue": arguments.queue, "suggestions": number}
