"""Data sets: files looked at before they are imported, versions, and their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery import tasks
from tunery.app import access, uploads
from tunery.app.context import Context
from tunery.data.check import Check, check
from tunery.data.dataset import Dataset, Schema
from tunery.data.loading import columns_of, load
from tunery.data.settings import DataSettings
from tunery.data.writers import write_conll, write_csv, write_jsonl
from tunery.errors import DataError, Problem
from tunery.settings import build
from tunery.store import audit, data_sets, differences, kept, projects, version_rows, versions
from tunery.store.differences import Change, Kind
from tunery.store.failures import not_found
from tunery.store.paging import Page
from tunery.store.tables import DataSet, Job, Version
from tunery.store.version_rows import PlacedRow
from tunery.store.versions import Bin
from tunery.types import Example

_SAMPLES = 8
_WRITERS = {"jsonl": write_jsonl, "conll": write_conll, "csv": write_csv}
Form = Literal["jsonl", "conll", "csv"]
"""A kind of file that a split can be written to."""


@dataclass(frozen=True)
class Origin:
    """What is to be imported: an uploaded file, or something that `tunery.sources` can fetch.

    Attributes:
        name: The file's name, or the source URI.
        blob: The hash of the file's bytes; None for a source.
    """

    name: str
    blob: str | None = None


@dataclass(frozen=True)
class Look:
    """What a file would become.

    Attributes:
        task: What it is for, as found out or as asked for.
        columns: The names of its columns, where it has any.
        problems: Everything found, errors first.
        check: The data in numbers; None where it can't be used.
        samples: Some of its rows.
        lengths: How long its texts are.
    """

    task: str
    columns: tuple[str, ...]
    problems: tuple[Problem, ...]
    check: Check | None = None
    samples: tuple[Example, ...] = ()
    lengths: tuple[Bin, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it can be imported."""
        return self.check is not None and self.check.ok


@dataclass(frozen=True)
class Listed:
    """A data set in a list.

    Attributes:
        data_set: Itself.
        latest: Its last version; None where it has none yet.
    """

    data_set: DataSet
    latest: Version | None


def may_upload(context: Context, project: str) -> None:
    """Make sure that the context's user may bring files into a project.

    Raises:
        AccessError: The user is no editor.
        NotFoundError: There is no such project, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "editor")


def upload(context: Context, project: str, *, path: Path, name: str) -> Origin:
    """Keep an uploaded file, so that it can be looked at and imported.

    Args:
        context: Of an editor.
        project: Where it belongs.
        path: Where its bytes lie now.
        name: What its owner calls it.

    Raises:
        AccessError: The user is no editor.
        DataError: It is too large, or is no data.
        StoreError: The bytes can't be stored.
    """
    may_upload(context, project)
    uploads.check(path, name=name)
    # Before the transaction, which would let nobody else write meanwhile.
    context.workspace.blobs.put(path)
    with context.workspace.writing() as session:
        (blob,) = kept.keep(context.workspace, session, path)
    return Origin(uploads.file_name(name), blob.hash)


def stage_upload(context: Context, project: str, *, name: str, pieces: Iterable[bytes]) -> Origin:
    """Keep a file that arrives in pieces, so that it can be looked at and imported.

    Args:
        context: Of an editor.
        project: Where it belongs.
        name: What its owner calls it.
        pieces: Its bytes, as they come.

    Raises:
        AccessError: The user is no editor.
        DataError: It is too large, or is no data.
        StoreError: The bytes can't be stored.
    """
    may_upload(context, project)
    with TemporaryDirectory(dir=context.workspace.place("uploads")) as folder:
        path = Path(folder) / "upload"
        uploads.receive(pieces, path, name=name)
        return upload(context, project, path=path, name=name)


def look(
    context: Context,
    project: str,
    origin: Origin,
    *,
    task: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> Look:
    """Read what is to be imported and tell what it would become; nothing is changed.

    Args:
        context: Of an editor.
        project: Where it would go.
        origin: What is to be read.
        task: What it is for; None to find out.
        settings: Fields of `tunery.data.settings.DataSettings`.

    Raises:
        AccessError: The user is no editor.
        SettingError: A setting can't be used.
        SourceError: The source can't be had.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "editor")
        known = projects.get(session, project).task
    chosen = build(DataSettings, settings or {})
    with TemporaryDirectory(dir=context.workspace.place("uploads")) as folder:
        source = _located(context, origin, Path(folder))
        wanted = task or known
        looks = [_look(source, name, chosen) for name in ([wanted] if wanted else tasks.available()[::-1])]
    return next((found for found in looks if found.ok), looks[-1])


def start_import(
    context: Context,
    project: str,
    origin: Origin,
    *,
    data_set: str,
    task: str,
    settings: Mapping[str, object] | None = None,
) -> Job:
    """Import a file as the next version of a data set, which is made where there is none with this name.

    Raises:
        AccessError: The user is no editor.
        SettingError: A setting can't be used.
    """
    build(DataSettings, settings or {})
    with context.workspace.writing() as session:
        access.require(session, context, project, "editor")
        place: dict[str, object] = (
            {"files": [{"name": origin.name, "blob": origin.blob}]} if origin.blob else {"source": origin.name}
        )
        arguments = {"data_set": data_set, "task": task, "settings": dict(settings or {}), **place}
        job = context.jobs.enqueue(session, "import", arguments, project=project, user=context.user_id)
        audit.record(session, user=context.user_id, action="version.import", project=project, subject=job.id)
        return job


def listed(context: Context, project: str, *, after: str | None = None, limit: int = 50) -> Page[Listed]:
    """Return a project's data sets with their last versions, the newest first."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        page = data_sets.page(session, project=project, after=after, limit=limit)
        return page.map(lambda one: Listed(one, versions.latest(session, one.id)))


def get(context: Context, data_set: str) -> DataSet:
    """Return a data set.

    Raises:
        NotFoundError: There is none, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        found = data_sets.get(session, data_set)
        access.require(session, context, found.project, "viewer")
        return found


def version(context: Context, name: str) -> Version:
    """Return a version.

    Raises:
        NotFoundError: There is none, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, versions.project_of(session, name), "viewer")
        return versions.get(session, name)


def versions_of(context: Context, data_set: str, *, after: str | None = None, limit: int = 50) -> Page[Version]:
    """Return the versions of a data set, the newest first."""
    with context.workspace.reading() as session:
        access.require(session, context, data_sets.get(session, data_set).project, "viewer")
        return versions.page(session, data_set=data_set, after=after, limit=limit)


def versions_in(context: Context, project: str) -> list[tuple[DataSet, Version]]:
    """Return the versions of all data sets of a project but the archived ones, the newest first.

    Raises:
        NotFoundError: There is no such project, or the user may not know of it.
    """
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        found = session.execute(
            select(DataSet, Version)
            .join(Version, Version.data_set == DataSet.id)
            .where(DataSet.project == project, DataSet.archived.is_(None))
            .order_by(Version.created.desc(), Version.id.desc())
        )
        return [(data_set, version) for data_set, version in found.all()]


def rows(
    context: Context,
    name: str,
    *,
    split: str | None = None,
    label: str | None = None,
    text: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[PlacedRow]:
    """Return rows of a version; see `tunery.store.version_rows.page`."""
    with context.workspace.reading() as session:
        access.require(session, context, versions.project_of(session, name), "viewer")
        return version_rows.page(
            session, version=name, split=split, label=label, text=text, after=after, limit=limit
        )  # fmt: skip


def difference(context: Context, before: str, after: str) -> dict[Kind, int]:
    """Return how many rows two versions of a project don't have alike, by the kind of difference.

    Raises:
        NotFoundError: There is no such version, or the user may not know of it; or they are of different projects.
    """
    with context.workspace.reading() as session:
        _require_both(session, context, before, after)
        return differences.counts(session, before=before, after=after)


def changes(
    context: Context, before: str, after: str, *, kind: Kind, start: str | None = None, limit: int = 50
) -> Page[Change]:
    """Return the rows of one kind of difference between two versions; see `tunery.store.differences.page`."""
    with context.workspace.reading() as session:
        _require_both(session, context, before, after)
        return differences.page(session, before=before, after=after, kind=kind, start=start, limit=limit)


def rename(context: Context, data_set: str, *, name: str) -> DataSet:
    """Give a data set another name.

    Raises:
        AccessError: The user is no editor.
        ConflictError: The name is taken.
    """
    with context.workspace.writing() as session:
        project = data_sets.get(session, data_set).project
        access.require(session, context, project, "editor")
        found = data_sets.rename(session, data_set, name=name)
        audit.record(session, user=context.user_id, action="data-set.rename", project=project, subject=data_set)
        return found


def archive(context: Context, data_set: str, *, archived: bool = True) -> DataSet:
    """Put a data set out of the list, or back into it.

    Raises:
        AccessError: The user is no editor.
    """
    with context.workspace.writing() as session:
        project = data_sets.get(session, data_set).project
        access.require(session, context, project, "editor")
        found = data_sets.archive(session, data_set, archived=archived)
        audit.record(session, user=context.user_id, action="data-set.archive", project=project, subject=data_set)
        return found


def export(context: Context, name: str, folder: Path, *, split: str, form: Form = "jsonl") -> Path:
    """Write a split of a version to a file.

    Args:
        context: Of a viewer.
        name: The version.
        folder: Where the file is made.
        split: ``train``, ``dev`` or ``test``.
        form: ``jsonl``; ``conll`` for spans; ``csv`` for labels.

    Raises:
        DataError: A row can't be written in this form.
        NotFoundError: There is no such version, or the user may not know of it.
    """
    path = folder / f"{split}.{form}"
    with context.workspace.reading() as session:
        access.require(session, context, versions.project_of(session, name), "viewer")
        _WRITERS[form]((example for _split, example, _by in version_rows.examples(session, name, split=split)), path)
    return path


def _require_both(session: Session, context: Context, before: str, after: str) -> None:
    project = versions.project_of(session, before)
    access.require(session, context, project, "viewer")
    if versions.project_of(session, after) != project:
        raise not_found(after)


def _located(context: Context, origin: Origin, folder: Path) -> str | Path:
    if origin.blob is None:
        return origin.name
    path = folder / PurePath(origin.name).name
    context.workspace.blobs.fetch(origin.blob, path)
    return path


def _look(source: str | Path, task: str, settings: DataSettings) -> Look:
    schema = tasks.get(task).reads
    try:
        dataset = load(source, schema, settings)
    except DataError as error:
        return Look(task, _columns(source, schema, settings), tuple(map(_shown, error.problems)))
    found = check(dataset)
    problems = tuple(map(_shown, found.problems))
    lengths = tuple(versions.lengths_of(chain.from_iterable(dataset.values())))
    return Look(task, _columns(source, schema, settings), problems, found, _samples(dataset), lengths)


def _columns(source: str | Path, schema: Schema, settings: DataSettings) -> tuple[str, ...]:
    try:
        return columns_of(source, schema, settings)
    except DataError:
        return ()


def _samples(dataset: Dataset) -> tuple[Example, ...]:
    return tuple(example for split in dataset.values() for example in split[:_SAMPLES])[:_SAMPLES]


def _shown(problem: Problem) -> Problem:
    """Return a problem without the folder that the file lay in while it was read."""
    return replace(problem, file=PurePath(problem.file).name) if problem.file else problem
