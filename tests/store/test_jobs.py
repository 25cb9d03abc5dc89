from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tunery.store import jobs, schedules, workers
from tunery.store.failures import ConflictError, NotFoundError
from tunery.store.jobs import FIRST_LINES, LAST_LINES
from tunery.store.tables import Job, Project, Schedule
from tunery.store.workspace import Workspace


def _job(workspace: Workspace) -> Job:
    with workspace.writing() as session:
        return jobs.create(session, kind="tune", arguments={"base": "b"})


def _begun(workspace: Workspace) -> Job:
    name = _job(workspace).id
    with workspace.writing() as session:
        job = jobs.begin(session, name, worker="w")
    assert job is not None
    return job


def test_a_job_goes_from_queued_through_running_to_done(workspace: Workspace) -> None:
    job = _job(workspace)
    assert (job.state, job.attempts, job.started) == ("queued", 0, None)
    with workspace.writing() as session:
        assert jobs.begin(session, job.id, worker="w") is not None
    with workspace.writing() as session:
        assert jobs.beat(session, job.id, 1, progress={"step": "s", "share": 0.5}) is False
    with workspace.reading() as session:
        found = jobs.get(session, job.id)
    assert (found.state, found.attempts, found.progress) == ("running", 1, {"step": "s", "share": 0.5})
    with workspace.writing() as session:
        jobs.end(session, job.id, 1, "done", result={"model": "m"})
    with workspace.reading() as session:
        found = jobs.get(session, job.id)
    assert (found.state, found.result, found.progress) == ("done", {"model": "m"}, {})
    assert found.created <= (found.started or found.created) <= (found.ended or found.created)


def test_an_attempt_that_was_followed_by_another_changes_nothing(workspace: Workspace) -> None:
    job = _begun(workspace)
    with workspace.writing() as session:
        jobs.begin(session, job.id, worker="v")
    for change in (
        lambda session: jobs.beat(session, job.id, 1),
        lambda session: jobs.hold(session, job.id, 1),
        lambda session: jobs.end(session, job.id, 1, "done"),
    ):
        with pytest.raises(ConflictError), workspace.writing() as session:
            change(session)
    with workspace.writing() as session:
        jobs.end(session, job.id, 2, "done")


def test_a_job_that_has_ended_is_not_begun_again(workspace: Workspace) -> None:
    job = _begun(workspace)
    with workspace.writing() as session:
        jobs.end(session, job.id, 1, "failed", error={"message": "m", "hint": ""})
    with workspace.writing() as session:
        assert jobs.begin(session, job.id, worker="w") is None
        assert jobs.unfinished(session) == []


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked(workspace: Workspace) -> None:
    waiting, running = _job(workspace), _begun(workspace)
    with workspace.writing() as session:
        assert jobs.cancel(session, waiting.id).state == "cancelled"
        assert jobs.cancel(session, running.id).state == "running"
    with workspace.writing() as session:
        assert jobs.beat(session, running.id, 1) is True
        jobs.end(session, running.id, 1, "done")
    with workspace.writing() as session:
        assert jobs.cancel(session, running.id).state == "done"
    with pytest.raises(NotFoundError), workspace.writing() as session:
        jobs.cancel(session, "none")


def test_a_long_log_keeps_its_beginning_and_its_end(workspace: Workspace) -> None:
    job = _job(workspace)
    count = FIRST_LINES + LAST_LINES + 700
    for start in range(0, count, 300):
        with workspace.writing() as session:
            jobs.say(session, job.id, [f"line {number}" for number in range(start, min(start + 300, count))])
    with workspace.reading() as session:
        found = jobs.lines(session, job.id, limit=10_000)
        behind = jobs.lines(session, job.id, after=found[-2].number)
    assert len(found) == FIRST_LINES + LAST_LINES
    assert [line.number for line in found[:FIRST_LINES]] == list(range(1, FIRST_LINES + 1))
    assert found[FIRST_LINES].number == count - LAST_LINES + 1
    assert [line.line for line in behind] == [f"line {count - 1}"]


def test_a_line_may_hold_anything(workspace: Workspace) -> None:
    job = _job(workspace)
    with workspace.writing() as session:
        jobs.say(session, job.id, ["a\0b", "字" * 10_000, ""])
    with workspace.reading() as session:
        found = [line.line for line in jobs.lines(session, job.id)]
    assert found == ["ab", "字" * 4000, ""]


def test_jobs_are_listed_from_the_newest_and_by_what_is_asked_for(workspace: Workspace) -> None:
    with workspace.writing() as session:
        session.add(Project(id="p", name="p", created=datetime.now(UTC)))
        session.flush()
        made = [
            jobs.create(session, kind=kind, arguments={}, project=project).id
            for kind, project in (("tune", "p"), ("check", "p"), ("tune", None))
        ]
        jobs.cancel(session, made[0])
    with workspace.reading() as session:
        first = jobs.page(session, limit=2)
        rest = jobs.page(session, limit=2, after=first.next)
        assert [job.id for job in [*first.items, *rest.items]] == made[::-1]
        assert [job.id for job in jobs.page(session, project="p").items] == [made[1], made[0]]
        assert [job.id for job in jobs.page(session, kind="tune", state="queued").items] == [made[2]]
        assert jobs.unfinished(session) == [(made[1], "check"), (made[2], "tune")]


def test_workers_that_are_silent_are_gone(workspace: Workspace) -> None:
    with workspace.writing() as session:
        workers.beat(session, "a", host="h")
        workers.beat(session, "b", host="h")
        workers.beat(session, "a", host="h")
    with workspace.writing() as session:
        assert [worker.id for worker in workers.every(session)] == ["a", "b"]
        workers.every(session)[1].beat -= timedelta(minutes=2)
    with workspace.writing() as session:
        assert [worker.id for worker in workers.gone(session, silent=timedelta(minutes=1))] == ["b"]


def _schedule(workspace: Workspace, due: datetime) -> Schedule:
    with workspace.writing() as session:
        session.add(Project(id="p", name="p", created=due))
        session.flush()
        return schedules.create(
            session, project="p", kind="backup", arguments={}, cron="0 6 * * *", zone="UTC", due=due
        )


def test_a_schedule_is_due_when_its_time_has_come_unless_it_is_switched_off(workspace: Workspace) -> None:
    now = datetime.now(UTC)
    schedule = _schedule(workspace, now)
    with workspace.writing() as session:
        assert schedules.due(session, now - timedelta(seconds=1)) == []
        assert [found.id for found in schedules.due(session, now)] == [schedule.id]
        schedules.enable(session, schedule.id, due=None)
    with workspace.writing() as session:
        assert schedules.due(session, now) == []
        schedules.enable(session, schedule.id, due=now + timedelta(hours=1))
    with workspace.writing() as session:
        assert schedules.due(session, now) == []
        assert len(schedules.due(session, now + timedelta(hours=1))) == 1


def test_a_schedule_that_is_removed_leaves_its_jobs(workspace: Workspace) -> None:
    schedule = _schedule(workspace, datetime.now(UTC))
    with workspace.writing() as session:
        job = jobs.create(session, kind="backup", arguments={}, project="p", schedule=schedule.id)
        assert schedules.is_running(session, schedule.id)
        schedules.remove(session, schedule.id)
    with workspace.reading() as session:
        assert schedules.of_project(session, "p") == []
        assert jobs.get(session, job.id).schedule == schedule.id
    with pytest.raises(NotFoundError), workspace.writing() as session:
        schedules.remove(session, schedule.id)
