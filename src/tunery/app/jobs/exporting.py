"""Exporting a model of the workspace: what comes of it is a model of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy.orm import Session

from tunery.app.jobs import material
from tunery.app.jobs.context import JobContext
from tunery.store import models
from tunery.store.tables import Json


def export(
    context: JobContext,
    model: str,
    version: str | None,
    *,
    format: str = "auto",  # noqa: A002 - what its users know it by
    accuracy: float | None = None,
) -> Json:
    """Export a model, store what comes of it, and return its name with what was measured.

    Args:
        context: The job.
        model: The model.
        version: The version on whose dev answers are compared; None for what the model learned from.
        format: As in `tunery.export`.
        accuracy: As in `tunery.export`.
    """
    import tunery

    folder = context.folder / "export"
    # An earlier attempt may have left half of something; and what is checked out must not be changed.
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(material.folder_of(context, model), folder, copy_function=shutil.copyfile)
    with context.workspace.reading() as session:
        compared = material.dev_version(session, context.job.project, model, version)
    found = tunery.export(folder, material.data(context, compared), format=format, accuracy=accuracy)
    return _keep(context, model, folder, found.to_dict())


def _keep(context: JobContext, model: str, folder: Path, found: Json) -> Json:
    models.upload(context.workspace, folder)
    result = {name: value for name, value in found.items() if name != "folder"}

    def keep(session: Session) -> Json:
        origin = models.get(session, model)
        made = models.put(
            context.workspace, session, project=origin.project, folder=folder, user=context.job.created_by,
            name=origin.name, run=origin.run, derived=origin.id,
        )  # fmt: skip
        return {"model": made.id, "export": result}

    return context.once("model", keep)
