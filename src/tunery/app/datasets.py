"""Data sets between the store, which keeps rows, and `tunery.data`, which reads files and feeds runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import PurePath
from typing import Any

from sqlalchemy.orm import Session

from tunery import i18n
from tunery.data.dataset import SPLITS, Dataset, Schema, Split
from tunery.data.settings import DataSettings
from tunery.errors import Problem
from tunery.store import version_rows, versions
from tunery.store.tables import Version
from tunery.store.versions import Given, Prepared
from tunery.store.workspace import Workspace
from tunery.types import Example

_PARTS = "parts"
"""Where a stored note has what its words are made of."""


def prepare(workspace: Workspace, project: str, dataset: Dataset) -> Prepared:
    """Write the rows of what was read, so that storing it as a version takes little time; see `versions.prepare`.

    Raises:
        StoreError: A text can't be kept.
    """
    return versions.prepare(workspace, project=project, rows=_rows(dataset, {}))


def to_store(
    workspace: Workspace,
    session: Session,
    dataset: Dataset,
    *,
    data_set: str,
    origin: str,
    user: str | None,
    source: str | None = None,
    settings: DataSettings | None = None,
    parent: str | None = None,
    annotations: Mapping[tuple[str, int], str] | None = None,
    rows: Prepared | None = None,
) -> tuple[Version, bool]:
    """Store what was read as a version of a data set.

    Args:
        workspace: Where.
        session: A writing one of it.
        dataset: What was read.
        data_set: Whose version it becomes.
        origin: ``upload``, ``source``, ``annotation``, ``feedback``, ``review`` or ``edit``.
        user: Who makes it; None for the workspace itself.
        source: What it was read from; None for what the data set itself says.
        settings: What it was read with.
        parent: The version that it was made from.
        annotations: By split and position, the annotation or feedback that a target comes from.
        rows: What `prepare` made of the same, if it did; without ``annotations``.

    Returns:
        The version, and whether it is new: the same content is the version that is there.

    Raises:
        NotFoundError: There is no such data set.
        StoreError: A text can't be kept.
    """
    given = _rows(dataset, annotations or {}) if rows is None else rows
    return versions.create(
        workspace, session, data_set=data_set, rows=given, fingerprint=dataset.fingerprint,
        schema=asdict(dataset.schema), origin=origin, user=user, source=dataset.source if source is None else source,
        columns=settings.model_dump(mode="json", exclude_defaults=True) if settings is not None else None,
        notes=[_plain(note) for note in dataset.notes], parent=parent,
    )  # fmt: skip


def from_store(workspace: Workspace, version: str) -> Dataset:
    """Return a version as a run wants it: with the fingerprint that it was stored with, if nothing was deleted since.

    Rows whose text was deleted are left out.

    Raises:
        NotFoundError: There is no such version.
    """
    with workspace.reading() as session:
        record = versions.get(session, version)
        examples: dict[str, list[Example]] = {name: [] for name in SPLITS if name in record.counts}
        for name, example, _annotation in version_rows.examples(session, version):
            examples[name].append(example)
    splits = {name: Split(name, found) for name, found in examples.items()}
    return Dataset(splits, Schema(**record.schema), record.source, [note_of(note) for note in record.notes])


def note_of(stored: Mapping[str, Any]) -> Problem:
    """Return a note of `Version.notes`, in the reader's language where it is known what it was made of."""
    said = {field: i18n.say(parts) for field, parts in stored.get(_PARTS, {}).items()}
    return Problem(**{**{name: value for name, value in stored.items() if name != _PARTS}, **said})


def _rows(dataset: Dataset, annotations: Mapping[tuple[str, int], str]) -> Iterator[Given]:
    for name, split in dataset.items():
        for position, example in enumerate(split):
            yield name, example, annotations.get((name, position))


def _plain(note: Problem) -> dict[str, object]:
    """Return a note without the folder that the file lay in while it was read."""
    plain = replace(note, file=PurePath(note.file).name if note.file else None).to_dict()
    parts = {field: i18n.parts_of(text) for field, text in (("message", note.message), ("hint", note.hint))}
    return plain | {_PARTS: {field: found for field, found in parts.items() if found is not None}}
