"""Models, runs and reports, on every kind of store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.store import making
from tests.store.making import given

from tunery.store import models, reports, rows, runs
from tunery.store.failures import NotFoundError, StoreError
from tunery.store.reports import Answer
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import DataSet, Model
from tunery.store.workspace import Workspace


@pytest.fixture
def owner(workspace: Workspace) -> DataSet:
    return making.data_set(workspace)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return making.model_folder(tmp_path / "model")


def _put(workspace: Workspace, owner: DataSet, folder: Path, **more: str) -> Model:
    models.upload(workspace, folder)
    with workspace.writing() as session:
        return models.put(workspace, session, project=owner.project, folder=folder, user=None, **more)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_a_model_is_checked_out_as_it_was_without_what_is_hidden(
    workspace: Workspace, owner: DataSet, folder: Path
) -> None:
    expected = _contents(folder)
    (folder / ".run").mkdir()
    (folder / ".run" / "checkpoint").write_bytes(b"half")
    (folder / ".lock").write_bytes(b"")
    made = _put(workspace, owner, folder, name="first")
    assert (made.task, made.labels, made.base) == ("text-classification", ["a", "b"], "hf:base@1")
    assert made.size == sum(map(len, expected.values()))
    shutil.rmtree(folder)
    place = models.check_out(workspace, made.id)
    assert _contents(place) == expected
    assert place == workspace.folder / "models" / made.id
    assert models.check_out(workspace, made.id) == place
    assert list(place.parent.iterdir()) == [place]


def test_the_same_folder_is_the_same_model_and_shares_files_with_others(
    workspace: Workspace, owner: DataSet, folder: Path
) -> None:
    first = _put(workspace, owner, folder)
    assert _put(workspace, owner, folder).id == first.id
    stored = set(workspace.blobs)
    (folder / "README.md").write_text("other")
    derived = _put(workspace, owner, folder, derived=first.id)
    assert derived.id != first.id
    assert len(set(workspace.blobs) - stored) == 1
    with workspace.reading() as session:
        page = models.page(session, project=owner.project, limit=1)
        rest = models.page(session, project=owner.project, after=page.next)
        assert sorted(models.files(session, first.id)) == sorted(_contents(folder))
    assert [one.id for one in page.items + rest.items] == [derived.id, first.id]
    assert page.total == 2


def test_links_out_of_the_folder_are_refused_and_links_within_it_are_copied(
    workspace: Workspace, owner: DataSet, folder: Path, tmp_path: Path
) -> None:
    (folder / "again.bin").symlink_to("onnx/body.bin")
    made = _put(workspace, owner, folder)
    place = models.check_out(workspace, made.id)
    assert (place / "again.bin").read_bytes() == (folder / "onnx" / "body.bin").read_bytes()
    assert not (place / "again.bin").is_symlink()
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("key")
    for link, target in (("out", secret / "key"), ("out", secret), ("out", Path("nowhere"))):
        (folder / link).symlink_to(target)
        with pytest.raises(StoreError, match="is not a file of the model"):
            _put(workspace, owner, folder)
        (folder / link).unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(StoreError, match="is not a file of the model"):
        _put(workspace, owner, folder)


def test_a_folder_that_is_no_model_is_refused(workspace: Workspace, owner: DataSet, tmp_path: Path) -> None:
    for text in (None, "{}", "[", '{"task": {"name": 1}, "labels": []}'):
        if text is not None:
            (tmp_path / "tunery.json").write_text(text)
        with pytest.raises(StoreError, match="is not a model"):
            _put(workspace, owner, tmp_path)


def test_a_folder_that_lost_files_is_made_again(workspace: Workspace, owner: DataSet, folder: Path) -> None:
    made = _put(workspace, owner, folder)
    place = models.check_out(workspace, made.id)
    (place / "tunery.json").unlink()
    assert _contents(models.check_out(workspace, made.id)) == _contents(folder)


def test_many_check_out_at_once(workspace: Workspace, owner: DataSet, folder: Path) -> None:
    made = _put(workspace, owner, folder)
    places: list[Path] = []
    threads = [threading.Thread(target=lambda: places.append(models.check_out(workspace, made.id))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(places) == 6
    assert set(places) == {workspace.folder / "models" / made.id}
    assert list(places[0].parent.iterdir()) == [places[0]]
    assert _contents(places[0]) == _contents(folder)


def test_a_process_that_dies_while_it_checks_out_leaves_no_half_a_model(tmp_path: Path) -> None:
    settings = WorkspaceSettings(workspace=tmp_path / "workspace", database=None, blobs=None)
    with Workspace.open(settings) as workspace:
        made = _put(workspace, making.data_set(workspace), making.model_folder(tmp_path / "model"))
        words = f"""
import os
from tunery.store.blobs import Blobs
from tunery.store import models
from tunery.store.workspace import Workspace
fetch, fetched = Blobs.fetch, []
def fetch_some(self, digest, path):
    if len(fetched) == 2:
        os._exit(9)
    fetched.append(digest)
    fetch(self, digest, path)
Blobs.fetch = fetch_some
models.check_out(Workspace.open({str(workspace.folder)!r}), {made.id!r})
"""
        assert subprocess.run([sys.executable, "-c", words], check=False, timeout=120).returncode == 9
        assert not (workspace.folder / "models" / made.id).exists()
        assert _contents(models.check_out(workspace, made.id)) == _contents(tmp_path / "model")


def test_a_model_that_is_not_there_can_not_be_checked_out(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError):
        models.check_out(workspace, "nothing")


def test_runs_know_their_trials_and_how_they_go(workspace: Workspace, owner: DataSet) -> None:
    version = making.version(workspace, owner, [given("train", "a", "a")])
    about = {"project": owner.project, "version": version.id, "user": None}
    with workspace.writing() as session:
        search = runs.create(session, recipe={"strategy": "probe"}, kind="search", **about)  # type: ignore[arg-type]
        trials = [runs.create(session, recipe={}, kind="trial", parent=search.id, **about).id for _ in range(3)]  # type: ignore[arg-type]
        runs.change(session, search.id, state="done", metrics={"accuracy": 0.9})
        with pytest.raises(TypeError, match="recipe"):
            runs.change(session, search.id, recipe={})
    with workspace.reading() as session:
        assert [one.id for one in runs.page(session, project=owner.project).items] == [search.id]
        assert [one.id for one in runs.page(session, project=owner.project, parent=search.id).items] == trials[::-1]
        found = runs.get(session, search.id)
    assert (found.state, found.metrics, found.recipe) == ("done", {"accuracy": 0.9}, {"strategy": "probe"})


def test_answers_of_a_report_are_found_by_what_was_right_and_what_was_said(
    workspace: Workspace, owner: DataSet, folder: Path
) -> None:
    given_rows = [given("test", f"text {number}", "ab"[number % 2]) for number in range(10)]
    version = making.version(workspace, owner, given_rows)
    model = _put(workspace, owner, folder)
    said = ["a", "a", "a", "b", "b", "b", "a", "a", "a", "b"]
    with workspace.writing() as session:
        report = reports.create(
            session, project=owner.project, model=model.id, version=version.id, split="test", user=None,
            summary={"metrics": {"accuracy": 0.7}},
            answers=[
                Answer(position, rows.name_of(workspace, owner.project, example), example.target, answer,
                       example.target == answer, 0.5, {"a": 0.5, "b": 0.5})
                for position, ((_split, example, _by), answer) in enumerate(zip(given_rows, said, strict=True))
            ],
        )  # fmt: skip
    with workspace.reading() as session:
        cell = reports.answers(session, report.id, target="b", answer="a")
        wrong = reports.answers(session, report.id, right=False, limit=2)
        rest = reports.answers(session, report.id, right=False, limit=2, after=wrong.next)
        listed = reports.page(session, project=owner.project, model=model.id)
        none = reports.page(session, project=owner.project, version="other")
    assert [(one.position, row.text) for one, row in cell.items] == [(1, "text 1"), (7, "text 7")]
    assert [one.position for one, _row in wrong.items + rest.items] == [1, 4, 7]
    assert wrong.total == 3
    assert [one.summary for one in listed.items] == [{"metrics": {"accuracy": 0.7}}]
    assert none.items == []


def test_the_manifest_is_kept_whole(workspace: Workspace, owner: DataSet, folder: Path) -> None:
    assert _put(workspace, owner, folder).manifest == json.loads((folder / "tunery.json").read_text())
