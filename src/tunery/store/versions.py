"""Versions: data sets as they were at a time, never changed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tunery.store import data_sets, identifiers, targets
from tunery.store import rows as rows_of
from tunery.store.failures import not_found
from tunery.store.paging import Page
from tunery.store.paging import page as page_of
from tunery.store.tables import DataSet, Deletion, Version
from tunery.store.workspace import Workspace
from tunery.types import Example, Span, Target

SPLITS = ("train", "dev", "test")
Given = tuple[str, Example, str | None]
"""What a version is made of: a split, an example, and the annotation or feedback that its target comes from."""
_CHUNK = 2000
_BINS = 20
"""About how many steps of length are told apart."""
_Place = tuple[str, int, str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows of a version to come, written already; a version has them only when `create` has made it.

    Attributes:
        project: Whose rows they are.
        places: Split, position, row, target and annotation of each.
        content: What will be `Version.content`.
        rows: How many there are in each split.
        labels: How often each label is in each split.
        lengths: What will be `Version.lengths`.
    """

    project: str
    places: Sequence[_Place]
    content: str
    rows: Mapping[str, int]
    labels: Mapping[str, Mapping[str, int]]
    lengths: Mapping[str, Any]


def prepare(workspace: Workspace, *, project: str, rows: Iterable[Given]) -> Prepared:
    """Write the rows of a version to come, some at a time, so that others who write get their turn in between.

    What is written is seen by nobody until `create` makes the version. Where that never happens,
    `tunery.store.maintenance.gc` removes it.

    Args:
        workspace: Where.
        project: Whose rows they are.
        rows: In the order of each split; read once.

    Raises:
        StoreError: A text can't be kept.
        ValueError: A split has another name than train, dev or test.
    """
    gathered = _Gathered(workspace, project)
    for chunk in _in_chunks(rows):
        values = rows_of.prepare(workspace, project=project, examples=[example for _split, example, _by in chunk])
        with workspace.writing() as session:
            rows_of.write(session, values)
        gathered.add(chunk, [value[0] for value in values])
    return gathered.end()


def create(
    workspace: Workspace,
    session: Session,
    *,
    data_set: str,
    rows: Iterable[Given] | Prepared,
    fingerprint: str,
    schema: Mapping[str, object],
    origin: str,
    user: str | None,
    source: str = "",
    columns: Mapping[str, object] | None = None,
    notes: Sequence[Mapping[str, object]] = (),
    parent: str | None = None,
) -> tuple[Version, bool]:
    """Store a version, or find the one of the same data set that holds the same.

    Args:
        workspace: Where its rows get their names.
        session: A writing one of it.
        data_set: Whose version it is.
        rows: In the order of each split, read once; or, so that others need not wait while many are written, prepared.
        fingerprint: `tunery.data.dataset.Dataset.fingerprint`.
        schema: The fields of `tunery.data.dataset.Schema`.
        origin: ``upload``, ``source``, ``annotation``, ``feedback``, ``review`` or ``edit``.
        user: Who makes it; None for the workspace itself.
        source: A source URI with its revision, or the name of the file.
        columns: The fields of `tunery.data.settings.DataSettings`.
        notes: What was found while reading, without texts.
        parent: The version that it was made from.

    Returns:
        The version, and whether it is new. Where texts of it had been deleted before, it counts them under
        ``deleted``: they don't come back.

    Raises:
        NotFoundError: There is no such data set.
        StoreError: A text can't be kept.
        ValueError: A split has another name than train, dev or test.
    """
    owner = data_sets.get(session, data_set)
    rows_of.lock(session, owner.project)
    prepared = rows if isinstance(rows, Prepared) else _prepared(workspace, session, owner.project, rows)
    if prepared.project != owner.project:
        raise ValueError("the rows are another project's")
    same = session.scalar(select(Version.id).where(Version.data_set == data_set, Version.content == prepared.content))
    if same is not None:
        return get(session, same), False
    made = Version(
        id=identifiers.new(), data_set=data_set, content=prepared.content, number=_next_number(session, data_set),
        parent=parent, origin=origin, source=source, fingerprint=fingerprint, schema=dict(schema),
        columns=dict(columns or {}), notes=[dict(note) for note in notes], created=datetime.now(UTC), created_by=user,
        counts=_counts(session, prepared), lengths=dict(prepared.lengths),
    )  # fmt: skip
    session.add(made)
    session.flush()
    _place(session, made.id, prepared.places)
    return made, True


def get(session: Session, version: str) -> Version:
    """Return a version.

    Raises:
        NotFoundError: There is none with this name.
    """
    found = session.get(Version, version)
    if found is None:
        raise not_found(version)
    return found


def latest(session: Session, data_set: str) -> Version | None:
    """Return the last version of a data set; None where it has none yet."""
    return session.scalar(select(Version).where(Version.data_set == data_set).order_by(Version.number.desc()).limit(1))


def page(session: Session, *, data_set: str, after: str | None = None, limit: int = 50) -> Page[Version]:
    """Return the versions of a data set, the newest first."""
    statement = select(Version).where(Version.data_set == data_set)
    return page_of(session, statement, by=[Version.number], after=after, limit=limit, descending=True, total=True)


def project_of(session: Session, version: str) -> str:
    """Return the project that a version belongs to.

    Raises:
        NotFoundError: There is no such version.
    """
    found = session.scalar(
        select(DataSet.project).join(Version, Version.data_set == DataSet.id).where(Version.id == version)
    )
    if found is None:
        raise not_found(version)
    return found


@dataclass(frozen=True)
class Bin:
    """How many rows have from ``low`` to ``high`` characters, both included."""

    low: int
    high: int
    rows: int


def lengths(version: Version, *, split: str | None = None) -> list[Bin]:
    """Return how long the rows of a version were when it was made, in about 20 steps of equal width.

    Args:
        version: The version.
        split: Only this one; None for all.
    """
    return _bins(version.lengths, SPLITS if split is None else (split,))


def lengths_of(examples: Iterable[Example]) -> list[Bin]:
    """Return how long examples are, in the same steps as a version of them would have."""
    return _bins(_in_steps({"train": Counter(map(rows_of.length_of, examples))}), ("train",))


def _bins(found: Mapping[str, Any], splits: Sequence[str]) -> list[Bin]:
    width = int(found.get("width", 1))
    parts = [found.get(name, []) for name in splits]
    sums = [sum(column) for column in zip(*(part for part in parts if part), strict=True)]
    return [Bin(number * width, (number + 1) * width - 1, rows) for number, rows in enumerate(sums)]


def _in_steps(splits: Mapping[str, Counter[int]]) -> dict[str, Any]:
    longest = max((length for counter in splits.values() for length in counter), default=0)
    width = longest // _BINS + 1
    found: dict[str, Any] = {"width": width}
    for name, counter in splits.items():
        if counter:
            found[name] = [0] * (longest // width + 1)
            for length, rows in counter.items():
                found[name][length // width] += rows
    return found


class Digest:
    """The name for the content of a version: a keyed hash over its rows and their targets, split by split."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._splits = {name: hashlib.sha256() for name in SPLITS}

    def add(self, split: str, row: str, target: str | None) -> None:
        """Add a row; within a split the order matters."""
        self._splits[split].update(f"{row} {target if target is not None else '-'}\n".encode())

    def hexdigest(self) -> str:
        """Return the name."""
        return self._workspace.digest("version", *(one.hexdigest() for one in self._splits.values()))


class _Gathered:
    """Gathers where the rows of a version stand, and counts them."""

    def __init__(self, workspace: Workspace, project: str) -> None:
        self._project = project
        self._places: list[_Place] = []
        self._digest = Digest(workspace)
        self._rows: Counter[str] = Counter()
        self._labels: dict[str, Counter[str]] = {name: Counter() for name in SPLITS}
        self._lengths: dict[str, Counter[int]] = {name: Counter() for name in SPLITS}

    def add(self, chunk: Sequence[Given], names: Sequence[str]) -> None:
        """Add the next rows, whose names are known."""
        for (split, example, annotation), row in zip(chunk, names, strict=True):
            if split not in self._labels:
                raise ValueError(f"there is no split {split!r}")
            target = targets.to_text(example.target)
            self._digest.add(split, row, target)
            self._labels[split].update(_labels(example.target))
            self._lengths[split][rows_of.length_of(example)] += 1
            self._places.append((split, self._rows[split], row, target, annotation))
            self._rows[split] += 1

    def end(self) -> Prepared:
        """Return all of it."""
        return Prepared(
            self._project, self._places, self._digest.hexdigest(), self._rows, self._labels, self._steps_of_length()
        )  # fmt: skip

    def _steps_of_length(self) -> dict[str, Any]:
        """Return what `Version.lengths` holds."""
        return _in_steps(self._lengths)


def _prepared(workspace: Workspace, session: Session, project: str, rows: Iterable[Given]) -> Prepared:
    gathered = _Gathered(workspace, project)
    for chunk in _in_chunks(rows):
        examples = [example for _split, example, _by in chunk]
        gathered.add(chunk, rows_of.put(workspace, session, project=project, examples=examples))
    return gathered.end()


def _counts(session: Session, prepared: Prepared) -> dict[str, dict[str, Any]]:
    """Return what `Version.counts` holds."""
    of_project = select(Deletion.subject).where(Deletion.project == prepared.project, Deletion.kind == "row")
    gone = set(session.scalars(of_project))
    deleted = Counter(place[0] for place in prepared.places if place[2] in gone) if gone else {}
    return {
        name: {"rows": prepared.rows[name], "labels": dict(sorted(prepared.labels[name].items()))}
        | ({"deleted": deleted[name]} if name in deleted else {})
        for name in SPLITS
        if prepared.rows[name]
    }


def _place(session: Session, version: str, places: Sequence[_Place]) -> None:
    """Let a version have its rows: all at once, since it is seen whole or not at all."""
    columns = ("version", "split", "position", "row", "target", "annotation")
    connection = session.connection()
    statement = rows_of.insertion(connection.dialect, "version_rows", columns)
    for start in range(0, len(places), _CHUNK):
        # Past SQLAlchemy, which would spend more time on them than the database does.
        connection.exec_driver_sql(statement, [(version, *place) for place in places[start : start + _CHUNK]])


def _labels(target: Target | None) -> list[str]:
    """Return the labels of a target, each as often as it is there."""
    if target is None:
        return []
    if isinstance(target, str):
        return [target]
    return [item.label if isinstance(item, Span) else item for item in target]


def _in_chunks(rows: Iterable[Given]) -> Iterator[list[Given]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk


def _next_number(session: Session, data_set: str) -> int:
    last = session.scalar(select(func.max(Version.number)).where(Version.data_set == data_set))
    return (last or 0) + 1
