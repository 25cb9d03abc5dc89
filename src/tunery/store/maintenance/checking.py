"""Everything that is wrong with a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from tunery import progress
from tunery.i18n import _
from tunery.store import models, rows
from tunery.store.maintenance import needed
from tunery.store.tables import Blob, Model, Record, Row, Version, VersionRow
from tunery.store.versions import SPLITS, Digest
from tunery.store.workspace import Workspace

Kind = Literal["database", "reference", "missing-file", "damaged-file", "version", "row", "copy"]
_CHUNK = 2000


@dataclass(frozen=True)
class Fault:
    """Something that is wrong.

    Attributes:
        kind: A stable name for programs.
        subject: The name of what it is about.
        message: What is wrong, in the reader's language.
    """

    kind: Kind
    subject: str
    message: str


def check(workspace: Workspace) -> list[Fault]:
    """Return everything that is wrong: in the database, with files, versions and rows, and with copies of models.

    Of a damaged database nothing more is said, since what is read from it proves nothing.
    """
    if damage := _of_database(workspace):
        return damage
    with workspace.reading() as session:
        return [
            *_of_references(session),
            *_of_files(workspace, session),
            *_of_versions(workspace, session),
            *_of_rows(workspace, session),
            *_of_copies(workspace, session),
        ]


def _of_database(workspace: Workspace) -> list[Fault]:
    if workspace.engine.dialect.name != "sqlite":
        return []
    try:
        with workspace.engine.connect() as connection:
            found = connection.scalars(text("PRAGMA integrity_check")).all()
    except DatabaseError as error:  # so damaged that even looking fails
        found = [str(error.orig)]
    message = _("The database is damaged: {reason}.")
    return [Fault("database", "workspace.db", message.format(reason=said)) for said in found if said != "ok"]


def _of_references(session: Session) -> Iterator[Fault]:
    for table in Record.metadata.sorted_tables:
        for key in table.foreign_keys:
            there = key.column.table.alias("there")
            lost = (
                select(key.parent)
                .outerjoin(there, there.c[key.column.name] == key.parent)
                .where(key.parent.is_not(None), there.c[key.column.name].is_(None))
                .distinct()
            )
            for (name,) in session.execute(lost).all():
                message = _("{table} refers to {name} of {other}, which is not there.")
                yield Fault("reference", name, message.format(table=table.name, name=name, other=key.column.table.name))


def _of_files(workspace: Workspace, session: Session) -> Iterator[Fault]:
    recorded = set(session.scalars(select(Blob.hash)))
    wanted = sorted(needed.blobs(session) | recorded)
    used = needed.blobs(session)
    for digest in progress.track(wanted, _("Files"), len(wanted)):
        if not workspace.blobs.has(digest):
            if digest in used:
                yield Fault("missing-file", digest, _("The file {name} is missing.").format(name=digest))
        elif not workspace.blobs.intact(digest):
            yield Fault("damaged-file", digest, _("The file {name} is not what it was.").format(name=digest))


def _of_versions(workspace: Workspace, session: Session) -> Iterator[Fault]:
    versions = session.execute(select(Version.id, Version.content)).all()
    for version, content in progress.track(versions, _("Versions"), len(versions)):
        digest = Digest(workspace)
        for split in SPLITS:
            position = -1
            while chunk := _places(session, version, split, position):
                for _position, row, target in chunk:
                    digest.add(split, row, target)
                position = chunk[-1][0]
        if digest.hexdigest() != content:
            yield Fault(
                "version", version, _("The rows of version {name} are not what they were.").format(name=version)
            )


def _places(session: Session, version: str, split: str, position: int) -> list[tuple[int, str, str | None]]:
    statement = (
        select(VersionRow.position, VersionRow.row, VersionRow.target)
        .where(VersionRow.version == version, VersionRow.split == split, VersionRow.position > position)
        .order_by(VersionRow.position)
        .limit(_CHUNK)
    )
    return [(place, row, target) for place, row, target in session.execute(statement).all()]


def _of_rows(workspace: Workspace, session: Session) -> Iterator[Fault]:
    statement = select(Row).where(Row.deleted.is_(None)).execution_options(yield_per=_CHUNK)
    for row in session.scalars(statement):
        if rows.name_of(workspace, row.project, rows.to_example(row)) != row.id:
            yield Fault("row", row.id, _("The row {name} is not what it was.").format(name=row.id))
        session.expunge(row)


def _of_copies(workspace: Workspace, session: Session) -> Iterator[Fault]:
    known = set(session.scalars(select(Model.id)))
    for folder in sorted(workspace.place("models").iterdir()):
        if folder.name.startswith("."):
            continue
        if folder.name not in known:
            yield Fault("copy", folder.name, _("{path} is a copy of no model.").format(path=folder))
        elif not models.is_complete(folder, models.files(session, folder.name)):
            yield Fault("copy", folder.name, _("{path} is not complete any more.").format(path=folder))
