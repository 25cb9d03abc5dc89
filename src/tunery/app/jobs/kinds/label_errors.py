"""Rows whose labels are likely wrong."""

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
from tunery.store.targets import to_text


class LabelErrorsArguments(Arguments):
    """What is looked through."""

    version: str = Field(description=N_("The version whose labels are looked through."))
    base: str = Field(description=N_("A base model: the rows answer for each other, by a probe on its features."))
    split: Literal["train", "dev", "test"] = Field(default="train", description=N_("Which of its splits."))
    count: int | None = Field(default=None, ge=1, le=100_000, description=N_("How many rows at most."))


class LabelErrors(Kind[LabelErrorsArguments]):
    """Looks for rows whose labels are likely wrong."""

    name: ClassVar[str] = "label-errors"
    title: ClassVar[str] = N_("Look for wrong labels")
    arguments = LabelErrorsArguments

    @override
    def prepare(self, session: Session, job: Job, arguments: LabelErrorsArguments) -> None:
        material.version_in(session, job.project, arguments.version)

    @override
    def run(self, context: JobContext, arguments: LabelErrorsArguments) -> Json:
        import tunery

        examples, places = material.split(context, arguments.version, arguments.split)
        context.progress(_("Looking through {n} rows").format(n=len(examples)))
        found = tunery.label_errors(examples, arguments.base, count=arguments.count)
        rows = [
            {"row": places[one.index][1], "position": places[one.index][0], "score": one.score, "likely": one.likely,
             "suggested": to_text(one.suggested), "reason": one.reason}
            for one in found.rows
        ]  # fmt: skip
        return {"version": arguments.version, "split": arguments.split, "checked": found.checked, "rows": rows}
