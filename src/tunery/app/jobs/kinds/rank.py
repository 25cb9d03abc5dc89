"""Base models, by how near they are to a version."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from sqlalchemy.orm import Session
from typing_extensions import override

from tunery.app.jobs import material
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.kind import Arguments, Kind
from tunery.i18n import N_
from tunery.store.tables import Job, Json


class RankArguments(Arguments):
    """What is ranked."""

    version: str = Field(description=N_("The version that they are to be near to."))
    bases: tuple[str, ...] = Field(min_length=1, description=N_("Sources of the base models."))


class Rank(Kind[RankArguments]):
    """Ranks base models without tuning any."""

    name: ClassVar[str] = "rank"
    title: ClassVar[str] = N_("Rank base models")
    arguments = RankArguments
    heavy: ClassVar[bool] = True

    @override
    def prepare(self, session: Session, job: Job, arguments: RankArguments) -> None:
        material.version_in(session, job.project, arguments.version)

    @override
    def run(self, context: JobContext, arguments: RankArguments) -> Json:
        import tunery

        ranking = tunery.rank(material.data(context, arguments.version), list(arguments.bases))
        return {"version": arguments.version, "ranking": ranking.to_dict()}
