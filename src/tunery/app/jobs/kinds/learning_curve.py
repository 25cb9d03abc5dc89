"""What twice as many labels would bring."""

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


class CurveArguments(Arguments):
    """What is measured."""

    version: str = Field(description=N_("The version that shares are learned from."))
    recipe: dict[str, Any] = Field(description=N_("The recipe of each run."))
    points: int = Field(default=5, ge=2, le=20, description=N_("How many numbers of rows: all, half, a quarter, ..."))


class Curve(Kind[CurveArguments]):
    """Tunes on growing shares of the labels."""

    name: ClassVar[str] = "curve"
    title: ClassVar[str] = N_("Learning curve")
    arguments = CurveArguments
    heavy: ClassVar[bool] = True

    @override
    def prepare(self, session: Session, job: Job, arguments: CurveArguments) -> None:
        material.recipe_for(material.version_in(session, job.project, arguments.version), arguments.recipe)

    @override
    def run(self, context: JobContext, arguments: CurveArguments) -> Json:
        import tunery

        version = material.version(context, arguments.version)
        curve = tunery.learning_curve(
            material.data(context, version.id), recipe=material.recipe_for(version, arguments.recipe),
            points=arguments.points, output=context.folder / "curve", resume=True,
        )  # fmt: skip
        context.check()
        return {"version": version.id, "curve": curve.to_dict()}
