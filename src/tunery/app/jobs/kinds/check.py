"""Everything in a version that would cost quality."""

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


class CheckArguments(Arguments):
    """What is checked."""

    version: str = Field(description=N_("The version that is checked."))
    base: str | None = Field(default=None, description=N_("A base model; lengths are then counted in its tokens."))


class Check(Kind[CheckArguments]):
    """Looks for faults in a version."""

    name: ClassVar[str] = "check"
    title: ClassVar[str] = N_("Check data")
    arguments = CheckArguments

    @override
    def prepare(self, session: Session, job: Job, arguments: CheckArguments) -> None:
        material.version_in(session, job.project, arguments.version)

    @override
    def run(self, context: JobContext, arguments: CheckArguments) -> Json:
        import tunery

        found = tunery.check(material.data(context, arguments.version), arguments.base)
        return {"version": arguments.version, "check": found.to_dict()}
