"""Files or a source into a version."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field
from sqlalchemy.orm import Session
from typing_extensions import override

from tunery import i18n
from tunery.app import datasets
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.kind import Arguments, Kind
from tunery.data.dataset import Dataset
from tunery.data.settings import DataSettings
from tunery.errors import SettingError
from tunery.i18n import N_, _
from tunery.settings import build
from tunery.store import data_sets, versions
from tunery.store.tables import Job, Json


class File(Arguments):
    """A file that was uploaded."""

    name: str
    blob: str


class ImportArguments(Arguments):
    """What is read, and where it goes."""

    data_set: str = Field(description=N_("Name of the data set; it is made where there is none."))
    task: str = Field(description=N_("What the data is for, for example text-classification."))
    files: tuple[File, ...] = Field(default=(), description=N_("Uploaded files; several are named for their split."))
    source: str | None = Field(default=None, description=N_("A source URI, in place of files."))
    settings: dict[str, Any] = Field(default_factory=dict, description=N_("How to read it."))


class Import(Kind[ImportArguments]):
    """Reads files that were uploaded, or a source, and stores what they hold as a version."""

    name: ClassVar[str] = "import"
    title: ClassVar[str] = N_("Import data")
    arguments = ImportArguments

    @override
    def prepare(self, session: Session, job: Job, arguments: ImportArguments) -> None:
        from tunery import tasks

        if bool(arguments.files) == bool(arguments.source):
            raise SettingError(_("Nothing to read is named."), _("Give files, or a source."))
        tasks.get_class(arguments.task)
        build(DataSettings, arguments.settings)

    @override
    def run(self, context: JobContext, arguments: ImportArguments) -> Json:
        import tunery

        place = arguments.source or _unpacked(context, arguments.files)
        with i18n.remembering():  # its readers' languages may be others than that of whoever imports it
            data = tunery.load_data(place, arguments.task, **arguments.settings)
        context.progress(_("Storing the rows"))
        return context.once("version", lambda session: _store(context, session, arguments, data))


def _store(context: JobContext, session: Session, arguments: ImportArguments, data: Dataset) -> Json:
    project, user = str(context.job.project), context.job.created_by
    data_set = data_sets.find(session, project=project, name=arguments.data_set) or data_sets.create(
        session, project=project, name=arguments.data_set, task=arguments.task, user=user
    )
    before = versions.latest(session, data_set.id)
    version, new = datasets.to_store(
        context.workspace, session, data, data_set=data_set.id, user=user,
        origin="source" if arguments.source else "upload",
        source=None if arguments.source else ", ".join(file.name for file in arguments.files),
        settings=build(DataSettings, arguments.settings), parent=before.id if before is not None else None,
    )  # fmt: skip
    return {"data_set": data_set.id, "version": version.id, "new": new}


def _unpacked(context: JobContext, files: tuple[File, ...]) -> Path:
    """Return the file, or the folder with the files, as they were called when they were uploaded."""
    folder = context.folder / "files"
    folder.mkdir(exist_ok=True)
    for file in files:
        path = folder / Path(file.name).name
        path.unlink(missing_ok=True)  # half of one may be left from an earlier attempt
        context.workspace.blobs.fetch(file.blob, path)
    return next(folder.iterdir()) if len(files) == 1 else folder
