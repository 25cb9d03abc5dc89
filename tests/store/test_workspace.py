"""Opening a workspace, its transactions and its blobs, on every kind of store."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tunery.store import identifiers
from tunery.store.failures import NotFoundError, StoreError
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Member, Project, Record, User
from tunery.store.workspace import Workspace


def _user(email: str = "a@b.c") -> User:
    return User(id=identifiers.new(), email=email, name="A", created=datetime.now(UTC))


def test_the_migrations_make_the_tables_as_they_are_declared(workspace: Workspace) -> None:
    with workspace.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Record.metadata)
    assert found == []


def test_what_was_written_is_there_after_opening_again(workspace_settings: WorkspaceSettings) -> None:
    with Workspace.open(workspace_settings) as first:
        user = _user()
        with first.writing() as session:
            session.add(user)
        digest = first.digest("a text")
    with Workspace.open(workspace_settings, create=False) as second:
        with second.reading() as session:
            found = session.get(User, user.id)
        assert found is not None
        assert (found.email, found.created) == (user.email, user.created)
        assert second.digest("a text") == digest


def test_a_digest_depends_on_the_secret_and_on_where_texts_end(workspace: Workspace, tmp_path: Path) -> None:
    assert workspace.digest("ab", "c") != workspace.digest("a", "bc")
    with Workspace.open(WorkspaceSettings(workspace=tmp_path / "other", database=None, blobs=None)) as other:
        assert workspace.digest("ab") != other.digest("ab")


def test_an_error_undoes_the_whole_transaction(workspace: Workspace) -> None:
    def fail() -> None:
        with workspace.writing() as session:
            session.add(_user())
            session.flush()
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    with workspace.reading() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 0


def test_foreign_keys_are_on(workspace: Workspace) -> None:
    with pytest.raises(IntegrityError), workspace.writing() as session:
        session.add(Member(project="nowhere", user="nobody", role="owner"))


def test_writers_wait_for_each_other(workspace: Workspace) -> None:
    with workspace.writing() as session:
        session.add(Project(id="p", name="p", settings={"n": 0}, created=datetime.now(UTC)))

    def count() -> None:
        for _ in range(20):
            with workspace.writing() as session:
                project = session.get(Project, "p", with_for_update=True)
                assert project is not None
                project.settings = {"n": project.settings["n"] + 1}

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with workspace.reading() as session:
        project = session.get(Project, "p")
    assert project is not None
    assert project.settings == {"n": 80}


def test_a_time_without_a_zone_is_refused(workspace: Workspace) -> None:
    with pytest.raises(Exception, match="zone"), workspace.writing() as session:
        session.add(User(id="u", email="a", name="a", created=datetime(2026, 1, 1)))


def test_bytes_are_found_by_their_hash_and_stored_once(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes("字节".encode() * 1000)
    digest, size = workspace.blobs.put(file)
    assert size == 6000
    assert workspace.blobs.put(file.read_bytes()) == (digest, size)
    assert list(workspace.blobs) == [digest]
    assert workspace.blobs.get(digest) == file.read_bytes()
    assert workspace.blobs.intact(digest)
    workspace.blobs.fetch(digest, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == file.read_bytes()
    workspace.blobs.remove(digest)
    workspace.blobs.remove(digest)
    assert not workspace.blobs.has(digest)
    with pytest.raises(NotFoundError):
        workspace.blobs.get(digest)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 63 + "/", "A" * 64])
def test_a_hash_that_is_none_leads_nowhere(workspace: Workspace, name: str) -> None:
    with pytest.raises(NotFoundError):
        workspace.blobs.get(name)


def test_two_processes_may_open_a_new_workspace_at_once(tmp_path: Path) -> None:
    words = f"from tunery.store.workspace import Workspace; print(Workspace.open({str(tmp_path / 'w')!r}).digest('a'))"
    running = [subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(set(said)) == 1


def test_a_workspace_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no workspace in"):
        Workspace.open(tmp_path / "none", create=False)


def test_a_database_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't lie in mysql"):
        Workspace.open(WorkspaceSettings(workspace=tmp_path, database="mysql://a/b", blobs=None))


def test_a_database_that_can_not_be_reached_is_said_in_words(tmp_path: Path) -> None:
    settings = WorkspaceSettings(workspace=tmp_path, database="postgresql://u@127.0.0.1:1/x", blobs=None)
    with pytest.raises(StoreError, match="can't be used") as caught:
        Workspace.open(settings)
    assert "Traceback" not in str(caught.value)


def test_identifiers_sort_by_the_order_they_were_made_in() -> None:
    made = [identifiers.new() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == 5000
    assert all(identifiers.PATTERN.fullmatch(name) for name in made)
