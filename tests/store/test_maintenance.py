"""Backups, what is wrong with a workspace, and clearing up, on every kind of store."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from tests.store import making
from tests.store.making import given

from stores import Postgres
from tunery.store import deletion, kept, maintenance, models, rows, runs, version_rows
from tunery.store.failures import ConflictError, StoreError
from tunery.store.maintenance import archive
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Blob, DataSet, Job, Model, ModelFile, Record, Row, Run, Version, VersionRow
from tunery.store.workspace import Workspace
from tunery.types import Example

HOUR = timedelta(hours=1)


def _fill(workspace: Workspace, folder: Path) -> tuple[DataSet, Model]:
    """Make a bit of everything; two models of which the second refers to the first."""
    owner = making.data_set(workspace, "意图")
    full = Example("a text 文", "a", text_pair="pair", words=((0, 1), (2, 6)), id="7", group="g")
    first = making.version(workspace, owner, [("train", full, None), given("dev", "other", None)])
    making.version(workspace, owner, [given("train", "later", "b"), ("test", full, "annotation")], parent=first.id)
    job = Job(id="job", project=owner.project, kind="tune", created=datetime.now(UTC), state="running")
    with workspace.writing() as session:
        session.add(job)
        session.flush()
        run = runs.create(session, project=owner.project, version=first.id, recipe={"a": 1}, user=None, job="job")
        model = models.put(
            workspace,
            session,
            project=owner.project,
            folder=making.model_folder(folder / "model"),
            user=None,
            run=run.id,
        )
        models.put(
            workspace, session, project=owner.project, folder=making.model_folder(folder / "export", word="int8"),
            user=None, derived=model.id,
        )  # fmt: skip
    with workspace.writing() as session:
        deletion.delete_row(workspace, session, rows.name_of(workspace, owner.project, Example("later")), user=None)
    return owner, model


def _contents(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    with workspace.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table)).all()), key=repr)
            for table in Record.metadata.sorted_tables
        }


@pytest.fixture
def elsewhere(
    request: pytest.FixtureRequest, workspace_settings: WorkspaceSettings, tmp_path: Path
) -> WorkspaceSettings:
    """A place on the other kind of store."""
    if workspace_settings.database is not None:
        return WorkspaceSettings(workspace=tmp_path / "new", database=None, blobs=None)
    postgres: Postgres = request.getfixturevalue("postgres")
    bucket = request.getfixturevalue("object_storage")
    name = f"r{os.urandom(8).hex()}"
    return WorkspaceSettings(workspace=tmp_path / "new", database=postgres.create(name), blobs=f"{bucket}/{name}")


def test_a_backup_restores_into_the_other_kind_of_store(
    workspace: Workspace, elsewhere: WorkspaceSettings, tmp_path: Path
) -> None:
    owner, model = _fill(workspace, tmp_path)
    file = tmp_path / "backups" / "backup.zip"
    manifest = maintenance.backup(workspace, file)
    assert list(file.parent.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o600
    assert maintenance.restore(file, elsewhere) == manifest
    with Workspace.open(elsewhere, create=False) as restored:
        expected, found = _contents(workspace), _contents(restored)
        changed = {"jobs", "runs", "workers"}
        assert {name: row for name, row in found.items() if name not in changed} == {
            name: row for name, row in expected.items() if name not in changed
        }
        with restored.reading() as session:
            job, run = session.get(Job, "job"), session.scalars(select(Run)).one()
        assert job is not None
        assert (job.state, run.state, run.recipe) == ("failed", "queued" if run.job is None else "failed", {"a": 1})
        assert restored.digest("a") == workspace.digest("a")
        assert maintenance.check(restored) == []
        place = models.check_out(restored, model.id)
        assert (place / "onnx" / "body.bin").read_bytes() == (tmp_path / "model" / "onnx" / "body.bin").read_bytes()
        again = making.version(
            restored, owner, [("train", Example("a text 文", "a", text_pair="pair", words=((0, 1), (2, 6)), id="7",
                                                group="g"), None), given("dev", "other", None)],
        )  # fmt: skip
        assert again.number == 1  # the names of rows and contents are made with the same secret


def test_a_backup_holds_no_upload_that_nothing_needs(workspace: Workspace, tmp_path: Path) -> None:
    _fill(workspace, tmp_path)
    with workspace.writing() as session:
        (unneeded, needed) = kept.keep(workspace, session, b"an old upload", b"a file to import")
        session.add(Job(id="j", kind="import", arguments={"blob": needed.hash}, created=datetime.now(UTC)))
    manifest = maintenance.backup(workspace, tmp_path / "backup.zip")
    assert needed.hash in manifest.blobs
    assert unneeded.hash not in manifest.blobs


def test_a_workspace_that_is_used_is_not_restored_into(local_workspace: Workspace, tmp_path: Path) -> None:
    _fill(local_workspace, tmp_path)
    file = tmp_path / "backup.zip"
    maintenance.backup(local_workspace, file)
    settings = WorkspaceSettings(workspace=local_workspace.folder, database=None, blobs=None)
    with pytest.raises(ConflictError, match="is not empty"):
        maintenance.restore(file, settings)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    with Workspace.open(folder / "workspace") as workspace:
        _fill(workspace, folder)
        maintenance.backup(workspace, folder / "backup.zip")
    return folder / "backup.zip"


def _repacked(file: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    with zipfile.ZipFile(file) as old:
        entries = {name: change(name, old.read(name)) for name in old.namelist()}
    with zipfile.ZipFile(file, "w") as new:
        for name, data in entries.items():
            if data is not None:
                new.writestr(name, data)


def _other_manifest(data: bytes, **values: Any) -> bytes:
    return json.dumps(json.loads(data) | values).encode()


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("not a backup", lambda name, data: data[:-1] if name.startswith("blobs/") else data),
        ("not a backup", lambda name, data: data + b"x" if name.startswith("blobs/") else data),
        ("not a backup", lambda name, data: data[::-1] if name.startswith("blobs/") else data),
        ("not a backup", lambda name, data: None if name == "tables/rows.jsonl" else data),
        ("not a backup", lambda name, data: data.replace(b"text", b"Text", 1) if name == "tables/rows.jsonl" else data),
        ("not a backup", lambda name, data: data.split(b"\n", 1)[1] if name == "tables/rows.jsonl" else data),
        ("not a backup", lambda name, data: b"[]\n" if name == "tables/rows.jsonl" else data),
        ("not a backup", lambda name, data: b"{" if name == "manifest.json" else data),
        ("not a backup", lambda name, data: None if name == "manifest.json" else data),
        (
            "made by Tunery",
            lambda name, data: _other_manifest(data, format=99) if name == "manifest.json" else data,
        ),
        (
            "made by Tunery",
            lambda name, data: _other_manifest(data, revision="9999") if name == "manifest.json" else data,
        ),
        (
            "not a backup",
            lambda name, data: _other_manifest(data, blobs={"../../outside": 3}) if name == "manifest.json" else data,
        ),
    ],
)
def test_a_damaged_backup_restores_nothing(
    good: Path, tmp_path: Path, words: str, change: Callable[[str, bytes], bytes | None]
) -> None:
    file = tmp_path / "backup.zip"
    shutil.copy(good, file)
    _repacked(file, change)
    settings = WorkspaceSettings(workspace=tmp_path / "new", database=None, blobs=None)
    with pytest.raises(StoreError, match=words):
        maintenance.restore(file, settings)
    with Workspace.open(settings) as found, found.reading() as session:
        assert session.scalars(select(Row)).all() == []
    assert not (tmp_path / "outside").exists()


def test_what_is_no_backup_at_all_is_refused(tmp_path: Path) -> None:
    settings = WorkspaceSettings(workspace=tmp_path / "new", database=None, blobs=None)
    (tmp_path / "text").write_text("a text")
    for name, words in (("text", "not a backup"), ("nothing", "can't be read: No such file")):
        with pytest.raises(StoreError, match=words):
            maintenance.restore(tmp_path / name, settings)
    assert not (tmp_path / "new").exists()


def test_a_backup_that_fails_leaves_the_one_before(local_workspace: Workspace, tmp_path: Path) -> None:
    _fill(local_workspace, tmp_path)
    file = tmp_path / "backups" / "backup.zip"
    maintenance.backup(local_workspace, file)
    before = file.read_bytes()
    digest = next(iter(local_workspace.blobs))
    place = local_workspace.folder / "blobs" / digest[:2] / digest
    place.chmod(0o600)
    place.write_bytes(b"other")
    with pytest.raises(StoreError, match="is damaged"):
        maintenance.backup(local_workspace, file)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_sound_workspace_has_no_faults_and_every_fault_is_named(workspace: Workspace, tmp_path: Path) -> None:
    owner, model = _fill(workspace, tmp_path)
    place = models.check_out(workspace, model.id)
    assert maintenance.check(workspace) == []
    with workspace.reading() as session:
        files = models.files(session, model.id)
    workspace.blobs.remove(files["README.md"].hash)
    damaged = files["onnx/body.bin"].hash
    workspace.blobs.remove(damaged)
    workspace.blobs._filesystem.makedirs(workspace.blobs._path(damaged).rsplit("/", 1)[0], exist_ok=True)
    workspace.blobs._filesystem.pipe_file(workspace.blobs._path(damaged), b"other bytes")
    (place / "model.safetensors").unlink()
    shutil.copytree(place, place.with_name("unknown"))
    with workspace.writing() as session:
        version = session.scalars(select(Version).where(Version.number == 1)).one()
        row = version_rows.page(session, version=version.id).items[0].row
        session.execute(update(VersionRow).where(VersionRow.split == "dev").values(target='"changed"'))
        session.execute(update(Row).where(Row.id == row.id).values(text="changed"))
    found = {(fault.kind, fault.subject) for fault in maintenance.check(workspace)}
    assert found == {
        ("missing-file", files["README.md"].hash),
        ("damaged-file", damaged),
        ("version", version.id),
        ("row", row.id),
        ("copy", model.id),
        ("copy", "unknown"),
    }
    assert all("{" not in fault.message for fault in maintenance.check(workspace))
    assert owner.id


def test_references_that_lead_nowhere_are_found(local_workspace: Workspace, tmp_path: Path) -> None:
    _owner, model = _fill(local_workspace, tmp_path)
    with local_workspace.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()
        connection.connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(delete(Model).where(Model.id == model.id))
        connection.commit()
        connection.connection.execute("PRAGMA foreign_keys=ON")
    found = {(fault.kind, fault.subject) for fault in maintenance.check(local_workspace)}
    assert ("reference", model.id) in found


def test_a_damaged_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    with Workspace.open(tmp_path) as workspace:
        making.version(workspace, making.data_set(workspace), [given("train", f"text {n}", "a") for n in range(500)])
        with workspace.engine.connect() as connection:
            page = connection.execute(
                text("SELECT rootpage FROM sqlite_master WHERE name='ix_rows_project'")
            ).scalar_one()
            size = connection.execute(text("PRAGMA page_size")).scalar_one()
    with (tmp_path / "workspace.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 200)
    with Workspace.open(tmp_path) as workspace:
        assert {fault.kind for fault in maintenance.check(workspace)} == {"database"}


def test_clearing_up_takes_what_nothing_needs_and_nothing_else(workspace: Workspace, tmp_path: Path) -> None:
    _owner, model = _fill(workspace, tmp_path)
    used = set(workspace.blobs)
    now = datetime.now(UTC)
    orphan, _size = workspace.blobs.put(b"an orphan")
    with workspace.writing() as session:
        (upload, waiting) = kept.keep(workspace, session, b"an upload", b"waiting")
        session.add(Job(id="w", kind="import", arguments={"blob": waiting.hash}, created=now))
    models.check_out(workspace, model.id)
    for name in ("models/unknown", "jobs/over", "jobs/job", "models/.half.1234"):
        folder = workspace.folder / name
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x" * 100)
    with workspace.writing() as session:
        session.add(Job(id="over", kind="check", state="done", created=now))
    assert maintenance.gc(workspace, now=now) == 0
    assert set(workspace.blobs) == used | {orphan, upload.hash, waiting.hash}
    freed = maintenance.gc(workspace, now=now + 2 * HOUR)
    assert freed == len(b"an orphan") + len(b"an upload") + 300
    assert set(workspace.blobs) == used | {waiting.hash}
    assert sorted(path.name for path in workspace.place("models").iterdir()) == [model.id]
    assert sorted(path.name for path in workspace.place("jobs").iterdir()) == ["job"]
    with workspace.reading() as session:
        assert set(session.scalars(select(Blob.hash))) == used | {waiting.hash}
    maintenance.gc(workspace, now=now + timedelta(days=8))
    assert list(workspace.place("models").iterdir()) == []
    assert maintenance.check(workspace) == []


def test_what_was_just_kept_again_is_not_cleared_up(workspace: Workspace, tmp_path: Path) -> None:
    owner = making.data_set(workspace)
    folder = making.model_folder(tmp_path / "model")
    models.upload(workspace, folder)  # hours ago, by a run that was stopped before it was stored
    later = datetime.now(UTC) + 2 * HOUR
    with workspace.writing() as session:
        made = models.put(workspace, session, project=owner.project, folder=folder, user=None)
        session.execute(update(Blob).values(created=datetime.now(UTC) - 2 * HOUR))
    assert maintenance.gc(workspace, now=later) == 0
    with workspace.reading() as session:
        files = session.scalars(select(ModelFile.blob).where(ModelFile.model == made.id)).all()
    assert all(workspace.blobs.has(digest) for digest in files)


def test_tables_of_a_backup_stand_behind_those_they_refer_to() -> None:
    seen: set[str] = set()
    for table in archive.tables():
        for key in table.foreign_keys:
            assert key.column.table.name in seen | {table.name}
        seen.add(table.name)
