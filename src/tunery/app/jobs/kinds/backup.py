"""The whole workspace into one file."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy.orm import Session
from typing_extensions import override

from tunery.app.jobs.context import JobContext
from tunery.app.jobs.kind import Arguments, Kind, check_place
from tunery.i18n import N_
from tunery.store.tables import Job, Json


class Backup(Kind[Arguments]):
    """Backs the workspace up into a file in its folder, ``backups``."""

    name: ClassVar[str] = "backup"
    title: ClassVar[str] = N_("Back up the workspace")
    arguments = Arguments
    of_workspace: ClassVar[bool] = True

    @override
    def prepare(self, session: Session, job: Job, arguments: Arguments) -> None:
        check_place(self, job.project)

    @override
    def run(self, context: JobContext, arguments: Arguments) -> Json:
        from tunery.store.maintenance.backup import backup

        target = context.workspace.place("backups") / f"{context.job.created:%Y-%m-%d-%H%M%S}-{context.job.id}.zip"
        if not target.exists():
            backup(context.workspace, target)
        return {"file": str(target), "size": target.stat().st_size}
