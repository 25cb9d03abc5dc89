"""Runs: recipes carried out on versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.store import identifiers
from tunery.store.failures import not_found
from tunery.store.paging import Page
from tunery.store.paging import page as page_of
from tunery.store.tables import Run


def create(
    session: Session,
    *,
    project: str,
    version: str,
    recipe: Mapping[str, object],
    user: str | None,
    kind: str = "tune",
    name: str = "",
    job: str | None = None,
    parent: str | None = None,
) -> Run:
    """Write down that a recipe will be carried out.

    Args:
        session: A writing one.
        project: Where.
        version: What it learns from.
        recipe: Its settings.
        user: Who asked for it; None for the workspace itself.
        kind: ``tune``, ``search`` or ``trial``.
        name: What people call it.
        job: What does it.
        parent: The search that a trial belongs to.
    """
    made = Run(
        id=identifiers.new(), project=project, version=version, recipe=dict(recipe), kind=kind, name=name, job=job,
        parent=parent, created=datetime.now(UTC), created_by=user,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def get(session: Session, run: str) -> Run:
    """Return a run.

    Raises:
        NotFoundError: There is none with this name.
    """
    found = session.get(Run, run)
    if found is None:
        raise not_found(run)
    return found


def page(
    session: Session,
    *,
    project: str,
    version: str | None = None,
    parent: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Run]:
    """Return a project's runs, the newest first.

    Args:
        session: Where to read.
        project: The project.
        version: Only those on this version.
        parent: The trials of this search; None for what is no trial.
        after: The ``next`` of the page before.
        limit: How many at most.
    """
    statement = select(Run).where(Run.project == project)
    statement = statement.where(Run.parent.is_(None) if parent is None else Run.parent == parent)
    if version is not None:
        statement = statement.where(Run.version == version)
    return page_of(session, statement, by=[Run.id], after=after, limit=limit, descending=True, total=True)


def change(session: Session, run: str, **values: Any) -> Run:
    """Write down how a run goes: ``state``, ``curves``, ``metrics``, ``ended_by``, ``started``, ``ended``, ``name``."""
    found = get(session, run)
    for field, value in values.items():
        if field not in {"state", "curves", "metrics", "ended_by", "started", "ended", "name"}:
            raise TypeError(f"a run's {field} is not changed")
        setattr(found, field, value)
    session.flush()
    return found
