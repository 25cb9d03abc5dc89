"""What came from what, both ways: from an answer back to the rows behind it, and from a row on to every model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.store import models as models_of
from tunery.store import rows as rows_of
from tunery.store.failures import not_found
from tunery.store.tables import DataSet, Endpoint, Model, Request, Row, Run, Version, VersionRow
from tunery.store.versions import SPLITS

How = Literal["train", "dev"]
"""A model learned from the rows of train, and was chosen by those of dev."""


@dataclass(frozen=True)
class ModelOrigin:
    """Where a model came from.

    Attributes:
        model: The model.
        derived: The models that it was exported from, the nearest first.
        run: What the first of them learned in; None where it was brought from elsewhere.
        version: What it learned from.
        data_set: Whose version that is.
        base: The base model, as a source with its revision.
    """

    model: Model
    derived: list[Model]
    run: Run | None
    version: Version | None
    data_set: DataSet | None
    base: str


@dataclass(frozen=True)
class RequestOrigin:
    """Where an answer came from, and what became of its text.

    Attributes:
        request: The request.
        origin: Where its model came from.
        row: The row that it became; None where it was taken into no data set.
        learned: The models that learned from that row or were chosen by it.
    """

    request: Request
    origin: ModelOrigin
    row: Row | None
    learned: list[Learned]


@dataclass(frozen=True)
class Place:
    """That a version has a row.

    Attributes:
        version: The version.
        data_set: Whose version it is.
        splits: In which splits.
    """

    version: Version
    data_set: DataSet
    splits: tuple[str, ...]


@dataclass(frozen=True)
class Learned:
    """That a model depends on a row.

    Attributes:
        model: The model; its weights are made from the row, or were chosen by it.
        how: The stronger of the two.
        version: Where its run had the row.
    """

    model: Model
    how: How
    version: str


@dataclass(frozen=True)
class RowUses:
    """What became of a row.

    Attributes:
        row: The row.
        requests: The requests that it came from.
        places: The versions that have it, the oldest first.
        learned: The models that learned from it or were chosen by it, those exported from them included.
    """

    row: Row
    requests: list[Request]
    places: list[Place]
    learned: list[Learned]


def of_model(session: Session, model: str) -> ModelOrigin:
    """Return where a model came from.

    Raises:
        NotFoundError: There is no such model.
    """
    found = models_of.get(session, model)
    chain = [found]
    while chain[-1].derived is not None:
        chain.append(models_of.get(session, chain[-1].derived))
    run_name = next((one.run for one in chain if one.run is not None), None)
    run = session.get(Run, run_name) if run_name is not None else None
    version = session.get(Version, run.version) if run is not None else None
    data_set = session.get(DataSet, version.data_set) if version is not None else None
    return ModelOrigin(found, chain[1:], run, version, data_set, chain[-1].base or found.base)


def of_request(session: Session, request: str) -> RequestOrigin:
    """Return where an answer came from, and what became of its text.

    Raises:
        NotFoundError: There is no such request.
    """
    found = session.get(Request, request)
    if found is None:
        raise not_found(request)
    row = session.get(Row, found.row) if found.row is not None else None
    learned = learned_from(session, row.id) if row is not None else []
    return RequestOrigin(found, of_model(session, found.model), row, learned)


def of_row(session: Session, row: str) -> RowUses:
    """Return what became of a row.

    Raises:
        NotFoundError: There is no such row.
    """
    found = rows_of.get(session, row)
    requests = session.scalars(select(Request).where(Request.row == row).order_by(Request.id))
    return RowUses(found, list(requests), _places(session, row), learned_from(session, row))


def learned_from(session: Session, row: str) -> list[Learned]:
    """Return the models that learned from a row or were chosen by it, those exported from them included.

    Each model once, those that learned from it first.
    """
    found: dict[str, Learned] = {}
    for how in ("train", "dev"):
        statement = (
            select(Model, Run.version)
            .join(Run, Run.id == Model.run)
            .join(VersionRow, VersionRow.version == Run.version)
            .where(VersionRow.row == row, VersionRow.split == how)
            .order_by(Model.created, Model.id)
        )
        for model, version in session.execute(statement).all():
            for one in [model, *exported_from(session, [model.id])]:
                found.setdefault(one.id, Learned(one, how, version))
    return list(found.values())


def exported_from(session: Session, models: Sequence[str]) -> list[Model]:
    """Return all models that were made from others, over any number of steps."""
    found: dict[str, Model] = {}
    front = list(models)
    while front:
        derived = session.scalars(select(Model).where(Model.derived.in_(front)).order_by(Model.created, Model.id))
        fresh = {one.id: one for one in derived if one.id not in found}
        found |= fresh
        front = list(fresh)
    return list(found.values())


def project_of_request(session: Session, request: str) -> str:
    """Return the project that a request belongs to: its endpoint's.

    Raises:
        NotFoundError: There is no such request.
    """
    found = session.scalar(
        select(Endpoint.project).join(Request, Request.endpoint == Endpoint.id).where(Request.id == request)
    )
    if found is None:
        raise not_found(request)
    return found


def _places(session: Session, row: str) -> list[Place]:
    splits: dict[str, set[str]] = {}
    for version, split in session.execute(
        select(VersionRow.version, VersionRow.split).where(VersionRow.row == row).distinct()
    ).all():
        splits.setdefault(version, set()).add(split)
    versions = session.execute(
        select(Version, DataSet)
        .join(DataSet, DataSet.id == Version.data_set)
        .where(Version.id.in_(select(VersionRow.version).where(VersionRow.row == row)))
        .order_by(Version.id)
    )
    return [
        Place(version, data_set, tuple(name for name in SPLITS if name in splits[version.id]))
        for version, data_set in versions.all()
    ]
