"""Short ways to what tests of a store need."""

from __future__ import annotations

from collections.abc import Iterable

from tunery.store import data_sets, projects, versions
from tunery.store.tables import DataSet, Version
from tunery.store.versions import Given
from tunery.store.workspace import Workspace
from tunery.types import Example, Target


def data_set(workspace: Workspace, name: str = "data", *, task: str = "text-classification") -> DataSet:
    """Make a project with a data set of the same name."""
    with workspace.writing() as session:
        project = projects.create(session, name=name, user=None)
        return data_sets.create(session, project=project.id, name=name, task=task, user=None)


def version(workspace: Workspace, owner: DataSet, rows: Iterable[Given], *, parent: str | None = None) -> Version:
    """Store a version."""
    with workspace.writing() as session:
        made, _new = versions.create(
            workspace, session, data_set=owner.id, rows=rows, fingerprint="f", schema={"target": "label"},
            origin="upload", user=None, parent=parent,
        )  # fmt: skip
    return made


def given(split: str, text: str, target: Target | None, annotation: str | None = None) -> Given:
    """Return a row to make a version of."""
    return split, Example(text, target), annotation
