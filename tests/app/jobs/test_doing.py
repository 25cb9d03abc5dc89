"""What all jobs have in common, with one worker that does them all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.app.jobs.helpers import ended, enqueue, job, log, wait, worker

from tunery.app.jobs.kind import Arguments
from tunery.app.jobs.queue import Jobs
from tunery.errors import SettingError
from tunery.i18n import use_language
from tunery.settings import build
from tunery.store import jobs, schedules
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Job, Project, User
from tunery.store.workspace import Workspace


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("doing")
    settings = WorkspaceSettings(workspace=folder / "w", database=None, blobs=None)
    with Workspace.open(settings) as workspace, worker(workspace, jobs_at_once=2, grace=2):
        yield workspace


def _made(workspace: Workspace, name: str) -> int:
    """Return how many projects a job has made."""
    with workspace.reading() as session:
        return session.scalar(select(func.count()).select_from(Project).where(Project.name.startswith(name))) or 0


def test_a_job_is_done_and_says_what_it_made(opened: Workspace) -> None:
    name = enqueue(opened, "practice", steps=2)
    done = ended(opened, name)
    assert (done.state, done.error, done.attempts) == ("done", None, 1)
    assert list(done.result or {}) == ["project"]
    assert log(opened, name) == ["step 0 of attempt 1", "step 1 of attempt 1"]
    assert not (opened.place("jobs") / name).exists()


def test_how_far_it_is_can_be_seen_meanwhile(opened: Workspace) -> None:
    name = enqueue(opened, "practice", steps=4, seconds=1.0)
    seen = wait(lambda: found if (found := job(opened, name).progress).get("share") == 0.5 else None)
    assert seen["step"] == "Practising"
    assert seen["left"] > 0
    assert ended(opened, name).state == "done"


def test_what_goes_wrong_is_said_in_the_words_of_whoever_asked(opened: Workspace) -> None:
    now = datetime.now(UTC)
    with opened.writing() as session:
        session.add(User(id="u", email="u@x", name="U", preferences={"language": "zh"}, created=now))
        session.flush()
        # Not by `Jobs`, which would refuse it: as by another version of Tunery.
        name = jobs.create(session, kind="practice", arguments={"nonsense": 1}, user="u").id
    failed = ended(opened, name)
    assert (failed.state, failed.attempts) == ("failed", 1)
    with use_language("zh"), pytest.raises(SettingError) as caught:
        build(Arguments, {"nonsense": 1})
    assert failed.error is not None
    assert failed.error["message"] == caught.value.message != "There is no setting nonsense."


def test_a_process_that_is_killed_goes_on_where_it_was(opened: Workspace) -> None:
    name = enqueue(opened, "practice", steps=3, die_before=2)
    done = ended(opened, name)
    assert (done.state, done.attempts) == ("done", 2)
    assert log(opened, name)[-2:] == [
        "The process was killed, probably for lack of memory.", "step 2 of attempt 2",
    ]  # fmt: skip
    assert _made(opened, name) == 1


def test_a_process_that_is_killed_again_and_again_has_failed(opened: Workspace) -> None:
    name = enqueue(opened, "practice", die_before=0, dies_always=True)
    failed = ended(opened, name)
    assert (failed.state, failed.attempts) == ("failed", 3)
    assert failed.error is not None
    assert failed.error["message"] == "The process was killed, probably for lack of memory."
    assert _made(opened, name) == 0


@pytest.mark.parametrize("deaf", [False, True], ids=["that listens", "that doesn't listen"])
def test_a_job_is_cancelled(opened: Workspace, deaf: bool) -> None:
    name = enqueue(opened, "practice", steps=1000, seconds=0.1, deaf=deaf)
    wait(lambda: log(opened, name))
    with opened.writing() as session:
        Jobs().cancel(session, name)
    cancelled = ended(opened, name)
    assert (cancelled.state, cancelled.result, cancelled.error) == ("cancelled", None, None)
    assert _made(opened, name) == 0
    assert not (opened.place("jobs") / name).exists()


def test_what_was_undone_is_not_done(opened: Workspace) -> None:
    def undo() -> None:
        with opened.writing() as session:
            names.append(Jobs().enqueue(session, "practice", {}).id)
            raise RuntimeError("never mind")

    names: list[str] = []
    with pytest.raises(RuntimeError, match="never mind"):
        undo()
    ended(opened, enqueue(opened, "practice", fails=True))
    with opened.reading() as session:
        assert session.get(Job, names[0]) is None
    assert _made(opened, names[0]) == 0


def test_what_can_not_be_meant_is_refused_at_once(opened: Workspace) -> None:
    with pytest.raises(SettingError, match=r"no setting practise.*Did you mean practice"):
        enqueue(opened, "practise")
    with pytest.raises(SettingError, match="no setting step"):
        enqueue(opened, "practice", step=1)


def test_a_backup_is_made_when_its_schedule_is_due(opened: Workspace) -> None:
    with opened.writing() as session:
        due = datetime.now(UTC)
        schedule = schedules.create(
            session, project=None, kind="backup", arguments={}, cron="0 3 * * *", zone="UTC", due=due
        )

    def started() -> list[Job]:
        with opened.reading() as session:
            return [found for found in jobs.page(session).items if found.schedule == schedule.id]

    [name] = [found.id for found in wait(started)]
    done = ended(opened, name)
    assert (done.state, done.project) == ("done", None)
    assert Path((done.result or {})["file"]).stat().st_size == (done.result or {})["size"]


def test_a_schedule_that_was_missed_is_made_up_for_once(opened: Workspace) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    with opened.writing() as session:
        session.add(Project(id="p", name="p", created=long_ago))
        session.flush()
        schedule = schedules.create(
            session, project="p", kind="practice", arguments={}, cron="0 6 * * *", zone="Asia/Shanghai", due=long_ago
        )

    def started() -> list[Job]:
        with opened.reading() as session:
            return jobs.page(session, project="p").items

    [name] = [found.id for found in wait(started)]
    assert ended(opened, name).state == "done"
    with opened.reading() as session:
        due = schedules.get(session, schedule.id).due
    assert datetime.now(UTC) < due <= datetime.now(UTC) + timedelta(days=1)
    assert (due.hour, due.minute) == (22, 0)
    assert [found.id for found in started()] == [name]
    assert started()[0].schedule == schedule.id
