"""What becomes of jobs when workers, disks and databases are lost."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from tests.app.jobs.helpers import child, ended, enqueue, job, log, start, wait, worker

from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Project
from tunery.store.workspace import Workspace

if TYPE_CHECKING:
    from stores import Postgres


def _made(workspace: Workspace, name: str) -> int:
    with workspace.reading() as session:
        return session.scalar(select(func.count()).select_from(Project).where(Project.name.startswith(name))) or 0


def _reaches(workspace: Workspace, name: str, step: int) -> None:
    wait(lambda: any(line.startswith(f"step {step} ") for line in log(workspace, name)))


def test_a_worker_that_is_killed_goes_on_after_it_was_started_anew(local_workspace: Workspace) -> None:
    first = start(local_workspace)
    name = enqueue(local_workspace, "practice", steps=6, seconds=0.5)
    waiting = enqueue(local_workspace, "practice")
    _reaches(local_workspace, name, 2)
    orphan = child(first)
    first.kill()
    first.wait()
    orphan.wait(60)  # it notices that nobody attends it any more
    assert job(local_workspace, name).state == "running"
    with worker(local_workspace):
        for each in (name, waiting):
            assert ended(local_workspace, each).state == "done"
            assert _made(local_workspace, each) == 1
    assert job(local_workspace, name).attempts == 2
    assert "step 0 of attempt 2" not in log(local_workspace, name)


def test_a_worker_that_is_asked_to_stop_leaves_its_jobs_for_later(local_workspace: Workspace) -> None:
    with worker(local_workspace):
        name = enqueue(local_workspace, "practice", steps=4, seconds=0.5)
        _reaches(local_workspace, name, 1)
    assert job(local_workspace, name).state == "running"
    # As after restoring a backup: what DBOS knew is lost.
    (local_workspace.place("jobs") / "dbos.db").unlink()
    with worker(local_workspace):
        assert ended(local_workspace, name).state == "done"
    assert _made(local_workspace, name) == 1
    assert "step 0 of attempt 2" not in log(local_workspace, name)


def test_a_folder_has_one_worker(local_workspace: Workspace) -> None:
    with worker(local_workspace):
        ended(local_workspace, enqueue(local_workspace, "practice"))
        second = start(local_workspace)
        assert second.wait(60) == 1


def test_a_full_disk_is_said_in_words_and_loses_nothing(local_workspace: Workspace) -> None:
    with worker(local_workspace, "prlimit", f"--fsize={8 << 20}"):
        failed = ended(local_workspace, enqueue(local_workspace, "practice", writes=16 << 20))
        assert failed.state == "failed"
        assert failed.error is not None
        assert failed.error["message"] == "A file can't be read or written: File too large."
        assert "disk is not full" in failed.error["hint"]
        assert ended(local_workspace, enqueue(local_workspace, "practice")).state == "done"


def test_two_workers_share_the_work_and_one_takes_over_from_one_that_is_lost(
    postgres: Postgres, object_storage: str, tmp_path: Path
) -> None:
    database = postgres.create("jobs")
    one, two = (
        WorkspaceSettings(workspace=tmp_path / name, database=database, blobs=f"{object_storage}/jobs")
        for name in ("one", "two")
    )
    with Workspace.open(one) as workspace:
        first = start(one, silence=5, jobs_at_once=1)
        with worker(two, silence=5, jobs_at_once=1):
            names = [enqueue(workspace, "practice", steps=8, seconds=0.5) for _number in range(2)]
            for name in names:
                _reaches(workspace, name, 1)
            workers = {job(workspace, name).worker for name in names}
            assert len(workers) == 2
            first.send_signal(signal.SIGKILL)
            first.wait()
            found = [ended(workspace, name) for name in names]
            assert [each.state for each in found] == ["done", "done"]
            assert sorted(each.attempts for each in found) == [1, 2]
            assert len({each.worker for each in found}) == 1
            assert [_made(workspace, name) for name in names] == [1, 1]


def test_a_database_that_is_away_for_a_while_loses_nothing(
    postgres: Postgres, object_storage: str, tmp_path: Path
) -> None:
    settings = WorkspaceSettings(
        workspace=tmp_path / "w", database=postgres.create("away"), blobs=f"{object_storage}/away"
    )
    with Workspace.open(settings) as workspace, worker(settings):
        name = enqueue(workspace, "practice", steps=6, seconds=0.5)
        _reaches(workspace, name, 1)
        postgres.stop(hard=True)
        postgres.start()
        found = ended(workspace, name)
        assert (found.state, found.attempts) == ("done", 1)
        assert _made(workspace, name) == 1


@pytest.mark.long
def test_a_worker_that_was_only_thought_dead_changes_nothing(
    postgres: Postgres, object_storage: str, tmp_path: Path
) -> None:
    database = postgres.create("asleep")
    one, two = (
        WorkspaceSettings(workspace=tmp_path / name, database=database, blobs=f"{object_storage}/asleep")
        for name in ("one", "two")
    )
    with Workspace.open(one) as workspace, worker(one, silence=5) as first:
        name = enqueue(workspace, "practice", steps=12, seconds=0.5)
        _reaches(workspace, name, 1)
        asleep = child(first)
        first.send_signal(signal.SIGSTOP)
        asleep.suspend()
        with worker(two, silence=5):
            wait(lambda: job(workspace, name).attempts == 2)
            asleep.resume()
            first.send_signal(signal.SIGCONT)
            found = ended(workspace, name)
        assert (found.state, found.attempts) == ("done", 2)
        assert _made(workspace, name) == 1
        pytest.importorskip("psutil")
        asleep.wait(60)
