"""A version and a recipe into a model."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field
from sqlalchemy.orm import Session
from typing_extensions import override

from tunery.app.jobs import material
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.curves import watching
from tunery.app.jobs.kind import Arguments, Kind
from tunery.i18n import N_, _
from tunery.store.tables import Job, Json


class TuneArguments(Arguments):
    """What is tuned."""

    version: str = Field(description=N_("The version that is learned from."))
    recipe: dict[str, Any] = Field(
        description=N_("The recipe: base, strategy and whatever else is not at its default.")
    )
    name: str = Field(default="", max_length=100, description=N_("What the run and its model are called."))


class Tune(Kind[TuneArguments]):
    """Carries out a recipe."""

    name: ClassVar[str] = "tune"
    title: ClassVar[str] = N_("Tune")
    arguments = TuneArguments
    heavy: ClassVar[bool] = True

    @override
    def prepare(self, session: Session, job: Job, arguments: TuneArguments) -> None:
        material.make_run(session, job, arguments.version, arguments.recipe, name=arguments.name)

    @override
    def run(self, context: JobContext, arguments: TuneArguments) -> Json:
        import tunery

        version = material.version(context, arguments.version)
        recipe = material.recipe_for(version, arguments.recipe)
        with watching(context):
            model = tunery.tune(
                material.data(context, version.id), recipe=recipe, output=context.folder / "model", resume=True
            )
        context.check()  # asked to stop, it returned the best so far
        context.progress(_("Storing the model"))
        return material.keep_model(context, model, name=arguments.name)
