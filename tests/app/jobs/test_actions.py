"""Who may start, see and stop jobs and schedules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tunery.app.access import AccessError
from tunery.app.actions import jobs, runs, schedules
from tunery.app.context import Context
from tunery.app.jobs.queue import Jobs
from tunery.errors import SettingError
from tunery.store import projects
from tunery.store.failures import NotFoundError
from tunery.store.tables import AuditEntry, Member, User
from tunery.store.workspace import Workspace


class Team:
    """A project with somebody of each role, and a stranger."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        now = datetime.now(UTC)
        self.users = {
            name: User(id=name, email=f"{name}@x", name=name, admin=name == "admin", created=now)
            for name in ("admin", "owner", "editor", "annotator", "viewer", "stranger")
        }
        with workspace.writing() as session:
            session.add_all(self.users.values())
            session.flush()
            self.project = projects.create(session, name="p", user="owner").id
            session.add_all(
                Member(project=self.project, user=name, role=name) for name in ("editor", "annotator", "viewer")
            )

    def of(self, name: str) -> Context:
        return Context(self.workspace, Jobs(), self.users[name])

    def audit(self) -> list[tuple[str | None, str, str | None]]:
        with self.workspace.reading() as session:
            found = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
            return [(entry.user, entry.action, entry.subject) for entry in found]


@pytest.fixture
def team(local_workspace: Workspace) -> Team:
    return Team(local_workspace)


def test_editors_start_and_stop_jobs_and_all_members_see_them(team: Team) -> None:
    job = jobs.start(team.of("editor"), "practice", {"steps": 2}, project=team.project)
    assert (job.state, job.arguments, job.created_by) == ("queued", {"steps": 2}, "editor")
    assert [found.id for found in jobs.page(team.of("viewer"), team.project).items] == [job.id]
    assert jobs.get(team.of("annotator"), job.id).id == job.id
    assert jobs.lines(team.of("viewer"), job.id) == []
    assert jobs.cancel(team.of("owner"), job.id).state == "cancelled"
    assert team.audit() == [("editor", "job.start", job.id), ("owner", "job.cancel", job.id)]


@pytest.mark.parametrize("name", ["viewer", "annotator"])
def test_whoever_is_less_may_not(team: Team, name: str) -> None:
    job = jobs.start(team.of("editor"), "practice", {}, project=team.project)
    with pytest.raises(AccessError, match="needs the role editor"):
        jobs.start(team.of(name), "practice", {}, project=team.project)
    with pytest.raises(AccessError):
        jobs.cancel(team.of(name), job.id)
    with pytest.raises(AccessError):
        schedules.create(team.of(name), team.project, "practice", {}, cron="0 6 * * *")
    assert len(team.audit()) == 1


def test_a_stranger_is_told_nothing(team: Team) -> None:
    job = jobs.start(team.of("editor"), "practice", {}, project=team.project)
    stranger = team.of("stranger")
    for look in (
        lambda: jobs.get(stranger, job.id),
        lambda: jobs.lines(stranger, job.id),
        lambda: jobs.cancel(stranger, job.id),
        lambda: jobs.page(stranger, team.project),
        lambda: jobs.start(stranger, "practice", {}, project=team.project),
        lambda: schedules.of_project(stranger, team.project),
        lambda: runs.page(stranger, team.project),
    ):
        with pytest.raises(NotFoundError):
            look()


def test_what_concerns_all_is_for_administrators(team: Team) -> None:
    with pytest.raises(AccessError, match="needs an administrator"):
        jobs.start(team.of("owner"), "practice", {})
    job = jobs.start(team.of("admin"), "practice", {})
    with pytest.raises(AccessError):
        jobs.get(team.of("owner"), job.id)
    assert [found.id for found in jobs.page(team.of("admin"), None).items] == [job.id]


def test_what_is_refused_leaves_nothing_behind(team: Team) -> None:
    with pytest.raises(SettingError):
        jobs.start(team.of("editor"), "practice", {"steps": "many"}, project=team.project)
    with pytest.raises(NotFoundError):
        runs.tune(team.of("editor"), team.project, "no version", {"base": "b"})
    assert jobs.page(team.of("editor"), team.project).items == []
    assert team.audit() == []


def test_a_schedule_says_when_it_is_next_and_is_switched_off_and_on(team: Team) -> None:
    editor, now = team.of("editor"), datetime.now(UTC)
    made = schedules.create(editor, team.project, "practice", {}, cron="0 6 * * *", zone="Asia/Shanghai")
    assert now < made.due <= now + timedelta(days=1)
    assert (made.due.hour, made.due.minute) == (22, 0)
    assert schedules.enable(editor, made.id, False).enabled is False
    switched_on = schedules.enable(editor, made.id, True)
    assert (switched_on.enabled, switched_on.due) == (True, made.due)
    assert [found.id for found in schedules.of_project(team.of("viewer"), team.project)] == [made.id]
    schedules.remove(editor, made.id)
    assert schedules.of_project(editor, team.project) == []
    assert [action for _user, action, _subject in team.audit()] == [
        "schedule.create", "schedule.disable", "schedule.enable", "schedule.delete",
    ]  # fmt: skip


def test_administrators_schedule_what_is_about_the_whole_workspace(team: Team) -> None:
    admin = team.of("admin")
    made = schedules.create(admin, None, "backup", {}, cron="0 3 * * *")
    assert [found.id for found in schedules.of_project(admin, None)] == [made.id]
    assert schedules.of_project(admin, team.project) == []
    for refused in (
        lambda: schedules.create(team.of("owner"), None, "backup", {}, cron="0 3 * * *"),
        lambda: schedules.of_project(team.of("owner"), None),
        lambda: schedules.enable(team.of("owner"), made.id, False),
        lambda: schedules.remove(team.of("owner"), made.id),
    ):
        with pytest.raises(AccessError, match="needs an administrator"):
            refused()
    assert schedules.enable(admin, made.id, False).enabled is False
    schedules.remove(admin, made.id)
    assert schedules.of_project(admin, None) == []


def test_a_kind_is_scheduled_where_it_belongs(team: Team) -> None:
    with pytest.raises(SettingError, match="backup is about the whole workspace"):
        schedules.create(team.of("owner"), team.project, "backup", {}, cron="0 3 * * *")
    with pytest.raises(SettingError, match="check is about a project"):
        schedules.create(team.of("admin"), None, "check", {"version": "v"}, cron="0 3 * * *")


def test_a_schedule_that_can_not_be_meant_is_refused(team: Team) -> None:
    editor = team.of("editor")
    with pytest.raises(SettingError, match="is not a time table"):
        schedules.create(editor, team.project, "practice", {}, cron="daily")
    with pytest.raises(SettingError, match="no setting practise"):
        schedules.create(editor, team.project, "practise", {}, cron="0 6 * * *")


def test_too_many_runs_are_not_compared(team: Team) -> None:
    with pytest.raises(SettingError, match="9 runs can't be compared"):
        runs.compare(team.of("viewer"), [str(number) for number in range(9)])


def test_every_kind_has_a_title(team: Team) -> None:
    from tunery.app.jobs.kind import kinds

    assert {"import", "check", "plan", "tune", "search", "rank", "curve", "evaluate", "export"} <= set(kinds())
    assert all(jobs.title(name) == kind.title for name, kind in kinds().items())
    assert jobs.title("of another version") == "of another version"


def test_strangers_learn_nothing_of_a_jobs_log_or_run(team: Team) -> None:
    job = jobs.start(team.of("editor"), "practice", {"steps": 2}, project=team.project)
    assert runs.of_job(team.of("viewer"), job.id) is None
    for look in (jobs.lines, runs.of_job):
        with pytest.raises(NotFoundError):
            look(team.of("stranger"), job.id)
