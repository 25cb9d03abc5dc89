"""Files or a source into a version."""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from pydantic import Field, field_validator
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

_MOST_FILES = 1_000
_MOST_BYTES = 2_000_000_000
_DEEPEST = 3
"""Parts of a path: folders further down are not read either."""


class File(Arguments):
    """A file that was uploaded, and where in its folder it lay."""

    name: str = Field(max_length=500)
    blob: str

    @field_validator("name")
    @classmethod
    def _within(cls, name: str) -> str:
        parts = name.split("/")
        bad = len(parts) > _DEEPEST or any(not part.strip() or part.startswith(".") for part in parts)
        if bad or not name.isprintable() or "\\" in name:
            raise ValueError(_("{name!r} is no place within a folder").format(name=name[:100]))
        return name


class ImportArguments(Arguments):
    """What is read, and where it goes."""

    data_set: str = Field(description=N_("Name of the data set; it is made where there is none."))
    task: str = Field(description=N_("What the data is for, for example text-classification."))
    files: tuple[File, ...] = Field(
        default=(), max_length=_MOST_FILES, description=N_("Uploaded files; several are named for their split.")
    )
    source: str | None = Field(default=None, description=N_("A source URI, in place of files."))
    settings: dict[str, Any] = Field(default_factory=dict, description=N_("How to read it."))

    @field_validator("files")
    @classmethod
    def _apart(cls, files: tuple[File, ...]) -> tuple[File, ...]:
        names = [PurePosixPath(file.name) for file in files]
        count = Counter(names)
        folders = {folder for name in names for folder in name.parents}
        twice = next((str(name) for name in names if name in folders or count[name] > 1), None)
        if twice is not None:
            raise ValueError(_("{name!r} is named twice").format(name=twice))
        return files


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
        rows = datasets.prepare(context.workspace, str(context.job.project), data)
        return context.once("version", lambda session: _store(context, session, arguments, data, rows))


def _store(
    context: JobContext, session: Session, arguments: ImportArguments, data: Dataset, rows: versions.Prepared
) -> Json:
    project, user = str(context.job.project), context.job.created_by
    data_set = data_sets.find(session, project=project, name=arguments.data_set) or data_sets.create(
        session, project=project, name=arguments.data_set, task=arguments.task, user=user
    )
    before = versions.latest(session, data_set.id)
    version, new = datasets.to_store(
        context.workspace, session, data, data_set=data_set.id, user=user,
        origin="source" if arguments.source else "upload",
        source=None if arguments.source else _named(arguments.files),
        settings=build(DataSettings, arguments.settings), parent=before.id if before is not None else None,
        rows=rows,
    )  # fmt: skip
    return {"data_set": data_set.id, "version": version.id, "new": new}


def _named(files: tuple[File, ...]) -> str:
    return ", ".join([file.name for file in files[:20]] + ["..."] * (len(files) > 20))


def _unpacked(context: JobContext, files: tuple[File, ...]) -> Path:
    """Return the file, or the folder with the files, as they were called when they were uploaded."""
    folder = context.folder / "files"
    left = _MOST_BYTES
    for file in files:
        path = folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # half of one may be left from an earlier attempt
        context.workspace.blobs.fetch(file.blob, path)
        left -= path.stat().st_size
        if left < 0:
            raise SettingError(
                _("The files are larger than {size} MB together.").format(size=_MOST_BYTES // 1_000_000),
                _("Divide them, or import them from a source."),
            )
    # A file alone is divided as the settings say; in a folder of a split it is that split.
    return folder / files[0].name if len(files) == 1 and "/" not in files[0].name else folder
