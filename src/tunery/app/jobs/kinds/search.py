"""Many runs, for settings that are better than the defaults."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field
from sqlalchemy.orm import Session
from typing_extensions import override

from tunery.app.jobs import material
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.kind import Arguments, Kind
from tunery.i18n import N_, _
from tunery.store.tables import Job, Json


class SearchArguments(Arguments):
    """What is searched."""

    version: str = Field(description=N_("The version that is learned from."))
    recipe: dict[str, Any] = Field(description=N_("The recipe; what is given in it is not searched."))
    trials: int = Field(
        default=16,
        ge=2,
        le=1000,
        description=N_("How many settings are tried, in short runs; the first are the defaults."),
    )
    name: str = Field(default="", max_length=100, description=N_("What the run and its model are called."))


class Search(Kind[SearchArguments]):
    """Looks for better settings, and keeps the best model."""

    name: ClassVar[str] = "search"
    title: ClassVar[str] = N_("Search settings")
    arguments = SearchArguments
    heavy: ClassVar[bool] = True

    @override
    def prepare(self, session: Session, job: Job, arguments: SearchArguments) -> None:
        material.make_run(session, job, arguments.version, arguments.recipe, name=arguments.name, kind="search")

    @override
    def run(self, context: JobContext, arguments: SearchArguments) -> Json:
        import tunery

        version = material.version(context, arguments.version)
        recipe = material.recipe_for(version, arguments.recipe)
        found = tunery.search(
            material.data(context, version.id), recipe=recipe, trials=arguments.trials,
            budget=recipe.budget, output=context.folder / "search", resume=True,
        )  # fmt: skip
        context.check()
        context.progress(_("Storing the model"))
        kept = material.keep_model(context, found.model, name=arguments.name)
        context.once("trials", lambda session: material.keep_trials(session, context.job, found))
        return {**kept, "search": found.to_dict()}
