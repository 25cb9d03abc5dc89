"""A model that answers under a name."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from sqlalchemy.orm import Session
from typing_extensions import override

from tunery.app.jobs import material
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.exporting import export
from tunery.app.jobs.kind import Arguments, Kind
from tunery.i18n import N_
from tunery.store import endpoints
from tunery.store.tables import Job, Json


class DeployArguments(Arguments):
    """What is deployed."""

    model: str = Field(description=N_("The model that is to answer."))
    endpoint: str = Field(description=N_("What callers use; it is made where there is none."))
    export: bool = Field(default=True, description=N_("Export it first, so that it answers faster."))
    version: str | None = Field(
        default=None, description=N_("The version on whose dev answers are compared. Default: what it learned from.")
    )
    reason: str = Field(default="", max_length=1000, description=N_("Why, for people."))


class Deploy(Kind[DeployArguments]):
    """Exports a model where that is asked for, and lets it answer under a name."""

    name: ClassVar[str] = "deploy"
    title: ClassVar[str] = N_("Deploy a model")
    arguments = DeployArguments

    @override
    def prepare(self, session: Session, job: Job, arguments: DeployArguments) -> None:
        material.model_in(session, job.project, arguments.model)
        if arguments.export:
            material.dev_version(session, job.project, arguments.model, arguments.version)

    @override
    def run(self, context: JobContext, arguments: DeployArguments) -> Json:
        made = {"model": arguments.model}
        if arguments.export:
            made = export(context, arguments.model, arguments.version)

        def deploy(session: Session) -> Json:
            found = endpoints.deploy(
                session, project=str(context.job.project), name=arguments.endpoint, model=str(made["model"]),
                user=context.job.created_by, reason=arguments.reason,
            )  # fmt: skip
            return {"endpoint": found.id}

        return {**made, **context.once("endpoint", deploy)}
