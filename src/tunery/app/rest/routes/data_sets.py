"""Data sets, their versions, and the rows of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, field_validator
from starlette.responses import Response

from tunery.app.actions import data
from tunery.app.actions.data import Form, Listed, Origin
from tunery.app.datasets import note_of
from tunery.app.rest.answering import Route, unchanged
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import Caller
from tunery.app.rest.pages import PageAnswer, Part
from tunery.app.rest.routes.jobs import JobAnswer
from tunery.store.differences import Change, Kind
from tunery.store.tables import DataSet
from tunery.store.targets import from_text
from tunery.store.version_rows import PlacedRow
from tunery.types import Span

router = APIRouter(tags=["data sets"], route_class=Route)

Split = Literal["train", "dev", "test"]
Before = Annotated[str, Query(max_length=128, description="The version that it is compared with.")]
_FILES: dict[str, Any] = {kind: {"schema": {"type": "string"}} for kind in ("text/plain", "text/csv")}


class VersionAnswer(Answer):
    """A data set as it was at a time."""

    id: str
    data_set: str
    number: int
    parent: str | None
    origin: str
    source: str
    fingerprint: str
    columns: dict[str, Any]
    counts: dict[str, Any]
    lengths: dict[str, Any] = Field(description="How many rows have how many characters, in steps of `width`.")
    notes: list[Any]
    created: datetime
    created_by: str | None

    @field_validator("notes", mode="before")
    @classmethod
    def _said(cls, notes: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
        return [note_of(note).to_dict() for note in notes]


class DataSetAnswer(Answer):
    """A name for versions that follow each other."""

    id: str
    project: str
    name: str
    task: str
    created: datetime
    archived: datetime | None


class ListedAnswer(DataSetAnswer):
    """A data set with its last version."""

    latest: VersionAnswer | None


class PlacedVersionAnswer(VersionAnswer):
    """A version with the name of its data set."""

    name: str = Field(description="The data set's.")


class PlacedVersionsAnswer(Answer):
    """All of a project."""

    items: list[PlacedVersionAnswer]


class DataSetBody(Body):
    """What to change."""

    name: Annotated[str, Field(max_length=1000)] | None = None
    archived: bool | None = None


class ImportBody(Body):
    """What becomes a version."""

    data_set: Annotated[str, Field(max_length=1000, description="It is made where there is none of this name.")]
    task: Annotated[str, Field(max_length=100, examples=["text-classification"])]
    name: Annotated[str, Field(max_length=1000, description="The uploaded file's name, or a source's URI.")]
    blob: Annotated[str, Field(max_length=64)] | None = Field(default=None, description="Of the upload.")
    settings: dict[str, Any] = Field(default_factory=dict, description="How it is read.")


class LookBody(Body):
    """What is looked at."""

    name: Annotated[str, Field(max_length=1000, description="The uploaded file's name, or a source's URI.")]
    blob: Annotated[str, Field(max_length=64)] | None = Field(default=None, description="Of the upload.")
    task: Annotated[str, Field(max_length=100)] | None = Field(default=None, description="Null to find out.")
    settings: dict[str, Any] = Field(default_factory=dict, description="How it is read.")


class LookAnswer(Answer):
    """What a file would become."""

    ok: bool = Field(description="Whether it can be imported.")
    task: str
    columns: list[str]
    problems: list[dict[str, Any]]
    check: dict[str, Any] | None
    text: str = Field(description="All of it for people, in the caller's language.")


class RowAnswer(Answer):
    """A row where it stands in a version."""

    row: str
    split: str
    position: int
    text: str
    text_pair: str | None
    target: Any = Field(description="A label, labels, or spans as [start, end, label].")
    deleted: datetime | None


class DifferenceAnswer(Answer):
    """How many rows two versions don't have alike; one that was moved and labelled anew counts twice."""

    before: str
    after: str
    added: int
    removed: int
    moved: int
    relabelled: int


class ChangeAnswer(Answer):
    """A row that two versions don't have alike."""

    row: str
    text: str
    text_pair: str | None
    split_before: str | None = Field(description="Null where the first version doesn't have it.")
    split_after: str | None
    target_before: Any = Field(description="A label, labels, or spans as [start, end, label].")
    target_after: Any
    deleted: datetime | None


@router.get("/projects/{project}/data-sets", summary="The data sets of a project")
def list_data_sets(context: Caller, part: Part, project: str) -> PageAnswer[ListedAnswer]:
    """Return data sets with their last versions, the newest first."""
    return PageAnswer.of(data.listed(context, project, after=part.after, limit=part.limit), _listed)


@router.post("/projects/{project}/imports", status_code=202, summary="Import a file or a source")
def start_import(context: Caller, project: str, body: ImportBody) -> JobAnswer:
    """Make the next version of a data set; the answer is the job that does it."""
    job = data.start_import(
        context, project, Origin(body.name, body.blob), data_set=body.data_set, task=body.task, settings=body.settings
    )  # fmt: skip
    return JobAnswer.model_validate(job)


@router.post("/projects/{project}/looks", summary="Look at a file or a source")
def look(context: Caller, project: str, body: LookBody) -> LookAnswer:
    """Say what it would become and what is wrong with it; nothing is changed."""
    found = data.look(context, project, Origin(body.name, body.blob), task=body.task, settings=body.settings)
    return LookAnswer(
        ok=found.ok, task=found.task, columns=list(found.columns), problems=[one.to_dict() for one in found.problems],
        check=found.check.to_dict() if found.check is not None else None,
        text=str(found.check) if found.check is not None else "",
    )  # fmt: skip


@router.get("/data-sets/{data_set}", summary="A data set")
def show(context: Caller, data_set: str) -> DataSetAnswer:
    """Return a data set."""
    return DataSetAnswer.model_validate(data.get(context, data_set))


@router.patch("/data-sets/{data_set}", summary="Change a data set")
def change(context: Caller, data_set: str, body: DataSetBody) -> DataSetAnswer:
    """Give it another name, or put it out of the list."""
    found = data.get(context, data_set)
    unchanged(DataSetAnswer.model_validate(found))
    with context.workspace.together():
        if body.name is not None:
            found = data.rename(context, data_set, name=body.name)
        if body.archived is not None:
            found = data.archive(context, data_set, archived=body.archived)
    return DataSetAnswer.model_validate(found)


@router.get("/data-sets/{data_set}/versions", summary="The versions of a data set")
def list_versions(context: Caller, part: Part, data_set: str) -> PageAnswer[VersionAnswer]:
    """Return versions, the newest first."""
    page = data.versions_of(context, data_set, after=part.after, limit=part.limit)
    return PageAnswer.of(page, VersionAnswer.model_validate)


@router.get("/projects/{project}/versions", summary="The versions of a project")
def list_all_versions(context: Caller, project: str) -> PlacedVersionsAnswer:
    """Return the versions of all data sets but the archived ones, the newest first."""
    items = [
        PlacedVersionAnswer(**VersionAnswer.model_validate(version).model_dump(), name=owner.name)
        for owner, version in data.versions_in(context, project)
    ]
    return PlacedVersionsAnswer(items=items)


@router.get("/versions/{version}", summary="A version")
def show_version(context: Caller, version: str) -> VersionAnswer:
    """Return a version."""
    return VersionAnswer.model_validate(data.version(context, version))


@router.get("/versions/{version}/rows", summary="The rows of a version")
def rows(
    context: Caller,
    part: Part,
    version: str,
    split: Split | None = None,
    label: Annotated[str | None, Query(max_length=1000, description="Only rows with this label.")] = None,
    text: Annotated[str | None, Query(max_length=1000, description="Only rows that hold this.")] = None,
) -> PageAnswer[RowAnswer]:
    """Return rows in their order."""
    page = data.rows(context, version, split=split, label=label, text=text, after=part.after, limit=part.limit)
    return PageAnswer.of(page, _row)


@router.get("/versions/{version}/difference", summary="How much a version differs from another")
def difference(context: Caller, version: str, before: Before) -> DifferenceAnswer:
    """Return how many rows were added, removed, moved to another split, and labelled anew."""
    return DifferenceAnswer.model_validate(
        {"before": before, "after": version, **data.difference(context, before, version)}
    )


@router.get("/versions/{version}/changes", summary="What a version has otherwise than another")
def changes(context: Caller, part: Part, version: str, before: Before, kind: Kind) -> PageAnswer[ChangeAnswer]:
    """Return the rows of one kind of difference, in an order of no meaning."""
    page = data.changes(context, before, version, kind=kind, start=part.after, limit=part.limit)
    return PageAnswer.of(page, _change)


@router.get(
    "/versions/{version}/files/{split}",
    summary="A split as a file",
    response_class=Response,
    responses={200: {"description": "JSON lines, CoNLL for spans, or CSV for labels.", "content": _FILES}},
)
def file(context: Caller, version: str, split: Split, form: Form = "jsonl") -> Response:
    """Return a split of a version, as a file that can be imported again."""
    with TemporaryDirectory(dir=context.workspace.place("uploads")) as folder:
        path = data.export(context, version, Path(folder), split=split, form=form)
        headers = {"Content-Disposition": f'attachment; filename="{path.name}"'}
        kind = "csv" if form == "csv" else "plain"
        return Response(path.read_bytes(), 200, headers, f"text/{kind}; charset=utf-8")


def _listed(one: Listed) -> ListedAnswer:
    latest = VersionAnswer.model_validate(one.latest) if one.latest is not None else None
    return ListedAnswer(**_plain(one.data_set), latest=latest)


def _plain(data_set: DataSet) -> dict[str, Any]:
    return DataSetAnswer.model_validate(data_set).model_dump()


def _row(placed: PlacedRow) -> RowAnswer:
    place, row = placed.place, placed.row
    return RowAnswer(
        row=row.id, split=place.split, position=place.position, text=row.text, text_pair=row.text_pair,
        target=_target(place.target), deleted=row.deleted,
    )  # fmt: skip


def _change(one: Change) -> ChangeAnswer:
    row = one.row
    return ChangeAnswer(
        row=row.id, text=row.text, text_pair=row.text_pair, split_before=one.split_before, split_after=one.split_after,
        target_before=_target(one.target_before), target_after=_target(one.target_after), deleted=row.deleted,
    )  # fmt: skip


def _target(text: str | None) -> Any:
    target = from_text(text)
    if target is None or isinstance(target, str):
        return target
    return [[one.start, one.end, one.label] if isinstance(one, Span) else one for one in target]
