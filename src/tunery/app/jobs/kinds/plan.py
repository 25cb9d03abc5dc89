"""What tuning would do."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field
from sqlalchemy.orm import Session
from typing_extensions import override

from tunery.app.jobs import material
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.kind import Arguments, Kind
from tunery.i18n import N_
from tunery.store.tables import Job, Json


class PlanArguments(Arguments):
    """What would be tuned."""

    version: str = Field(description=N_("The version that is learned from."))
    recipe: dict[str, Any] = Field(
        description=N_("The recipe: base, strategy and whatever else is not at its default.")
    )


class Plan(Kind[PlanArguments]):
    """Says which strategies a run would try on this machine, how long it would take, and with how much memory."""

    name: ClassVar[str] = "plan"
    title: ClassVar[str] = N_("Plan a run")
    arguments = PlanArguments

    @override
    def prepare(self, session: Session, job: Job, arguments: PlanArguments) -> None:
        material.recipe_for(material.version_in(session, job.project, arguments.version), arguments.recipe)

    @override
    def run(self, context: JobContext, arguments: PlanArguments) -> Json:
        import tunery

        version = material.version(context, arguments.version)
        recipe = material.recipe_for(version, arguments.recipe)
        return {"plan": tunery.plan(material.data(context, version.id), recipe=recipe).to_dict()}
