"""Short ways to what tests of a store need."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tunery.store import data_sets, projects, versions
from tunery.store.tables import DataSet, Version
from tunery.store.versions import Given, Prepared
from tunery.store.workspace import Workspace
from tunery.types import Example, Target


def data_set(workspace: Workspace, name: str = "data", *, task: str = "text-classification") -> DataSet:
    """Make a project with a data set of the same name."""
    with workspace.writing() as session:
        project = projects.create(session, name=name, user=None)
        return data_sets.create(session, project=project.id, name=name, task=task, user=None)


def version(
    workspace: Workspace, owner: DataSet, rows: Iterable[Given] | Prepared, *, parent: str | None = None
) -> Version:
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


def model_folder(folder: Path, *, word: str = "weights") -> Path:
    """Write a folder that looks like a model's, with a file in a folder of it."""
    (folder / "onnx").mkdir(parents=True)
    manifest = {"format": 1, "task": {"name": "text-classification"}, "labels": ["a", "b"],
                "base": {"source": "hf:base@1", "revision": "1"}}  # fmt: skip
    (folder / "tunery.json").write_text(json.dumps(manifest))
    (folder / "model.safetensors").write_bytes(word.encode() * 1000)
    (folder / "README.md").write_text("A model.")
    (folder / "onnx" / "body.bin").write_bytes(bytes(range(256)) * 40)
    return folder
