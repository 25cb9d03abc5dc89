"""Data sets: names for versions that follow each other."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tunery.store import identifiers, projects
from tunery.store.failures import not_found
from tunery.store.paging import Page
from tunery.store.paging import page as page_of
from tunery.store.tables import DataSet


def create(session: Session, *, project: str, name: str, task: str, user: str | None) -> DataSet:
    """Make a data set without versions. The project is about its task from now on.

    Raises:
        ConflictError: The project has one with this name, or is about another task.
        NotFoundError: There is no such project.
        SettingError: The name can't be one.
    """
    projects.set_task(session, project, task=task)
    made = DataSet(
        id=identifiers.new(), project=project, name=projects.checked_name(name), task=task, created=datetime.now(UTC),
        created_by=user,
    )  # fmt: skip
    session.add(made)
    _flush(session, made.name)
    return made


def get(session: Session, data_set: str) -> DataSet:
    """Return a data set.

    Raises:
        NotFoundError: There is none with this name.
    """
    found = session.get(DataSet, data_set)
    if found is None:
        raise not_found(data_set)
    return found


def find(session: Session, *, project: str, name: str) -> DataSet | None:
    """Return a project's data set by the name that people read."""
    return session.scalar(select(DataSet).where(DataSet.project == project, DataSet.name == name.strip()))


def page(
    session: Session, *, project: str, archived: bool = False, after: str | None = None, limit: int = 50
) -> Page[DataSet]:
    """Return a project's data sets, the newest first: those that are archived, or the others."""
    statement = select(DataSet).where(
        DataSet.project == project, DataSet.archived.is_not(None) if archived else DataSet.archived.is_(None)
    )
    return page_of(session, statement, by=[DataSet.id], after=after, limit=limit, descending=True, total=True)


def rename(session: Session, data_set: str, *, name: str) -> DataSet:
    """Give a data set another name.

    Raises:
        ConflictError: Its project has one with this name.
        NotFoundError: There is no such data set.
        SettingError: The name can't be one.
    """
    found = get(session, data_set)
    found.name = projects.checked_name(name)
    _flush(session, found.name)
    return found


def archive(session: Session, data_set: str, *, archived: bool = True) -> DataSet:
    """Put a data set out of the list, or back into it; nothing of it is deleted.

    Raises:
        NotFoundError: There is no such data set.
    """
    found = get(session, data_set)
    found.archived = (found.archived or datetime.now(UTC)) if archived else None
    session.flush()
    return found


def _flush(session: Session, name: str) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise projects.name_taken(name) from error
