"""Users, sign-ins, tokens, invitations, members, attempts, requests with keys, and the audit log, on every store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest

from tunery.errors import SettingError
from tunery.store import (
    access_tokens,
    attempts,
    audit,
    idempotency,
    invitations,
    members,
    projects,
    sign_ins,
    users,
)
from tunery.store.failures import ConflictError, NotFoundError
from tunery.store.workspace import Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def ada(workspace: Workspace) -> str:
    with workspace.writing() as session:
        return users.create(session, email="Ada@Example.com", name=" Ada  L ", password="x", admin=True).id  # noqa: S106


def test_a_user_is_found_by_the_e_mail_in_any_case(workspace: Workspace, ada: str) -> None:
    with workspace.reading() as session:
        found = users.by_email(session, " ADA@example.COM")
        assert found is not None
        assert (found.id, found.email, found.name) == (ada, "ada@example.com", "Ada L")
        assert (users.count(session), users.active_admins(session)) == (1, 1)
    with pytest.raises(ConflictError, match=r"ada@example\.com"), workspace.writing() as session:
        users.create(session, email="ada@EXAMPLE.com", name="B")
    for email in ("", "a", "a@b@c", "a b@c", "a@", "\x00@b"):
        with pytest.raises(SettingError, match="is not an e-mail"), workspace.writing() as session:
            users.create(session, email=email, name="B")


def test_a_sign_in_is_good_until_it_expires_or_is_ended(workspace: Workspace, ada: str) -> None:
    with workspace.writing() as session:
        for digest in ("one", "two", "three"):
            sign_ins.create(session, digest=digest, user=ada, now=NOW, expires=NOW + HOUR, agent="x" * 1000)
    with workspace.writing() as session:
        assert sign_ins.find(session, "one", NOW) is not None
        assert sign_ins.find(session, "one", NOW + HOUR) is None
        assert sign_ins.remove_of_user(session, ada, but="two") == 2
        assert [one.digest for one in sign_ins.of_user(session, ada, NOW)] == ["two"]
        sign_ins.purge(session, NOW + HOUR)
        assert sign_ins.find(session, "two", NOW) is None


def test_a_token_is_good_until_it_is_revoked(workspace: Workspace, ada: str) -> None:
    with workspace.writing() as session:
        token = access_tokens.create(session, digest="d", user=ada, name="build")
        assert access_tokens.find(session, "d", NOW) is token
        access_tokens.revoke(session, token, NOW)
        assert access_tokens.find(session, "d", NOW) is None
        assert access_tokens.of_user(session, ada) == []


def test_an_invitation_replaces_the_one_before(workspace: Workspace, ada: str) -> None:
    with workspace.writing() as session:
        for digest in ("first", "second"):
            invitations.create(session, digest=digest, user=ada, now=NOW, expires=NOW + HOUR)
        assert invitations.find(session, "first", NOW) is None
        assert invitations.find(session, "second", NOW + HOUR) is None
        assert invitations.find(session, "second", NOW) is not None


def test_waits_double_and_end(workspace: Workspace) -> None:
    about = {"email a": 2}
    with workspace.writing() as session:
        waits = []
        for _turn in range(9):
            waits.append(attempts.wait(session, about, NOW))
            attempts.add(session, about, NOW)
        assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60]
        assert attempts.wait(session, about, NOW + timedelta(seconds=59)) == 1
        assert attempts.wait(session, {"email b": 2}, NOW) == 0
        names = attempts.add(session, ["address"], NOW)
        attempts.add(session, ["address"], NOW)
        attempts.forget(session, names, "email a", NOW)
        assert attempts.wait(session, about, NOW) == 0
        # Who succeeds with one account has still tried the others from the same address.
        assert attempts.wait(session, {"address": 1}, NOW) == 1


def test_a_project_keeps_an_owner(workspace: Workspace, ada: str) -> None:
    with workspace.writing() as session:
        project = projects.create(session, name="p", user=ada).id
        bob = users.create(session, email="b@b.cc", name="Bob").id
    for change in (
        lambda session: members.put(session, project=project, user=ada, role="viewer"),
        lambda session: members.remove(session, members.get(session, project, ada)),
    ):
        with pytest.raises(ConflictError, match="needs an owner"), workspace.writing() as session:
            change(session)
    with workspace.writing() as session:
        members.put(session, project=project, user=bob, role="owner")
        members.remove(session, members.get(session, project, ada))
        assert [(user.name, member.role) for member, user in members.of_project(session, project)] == [("Bob", "owner")]
        assert members.of_user(session, bob) == {project: "owner"}
    with pytest.raises(NotFoundError), workspace.reading() as session:
        members.get(session, project, ada)


def test_a_request_with_a_key_is_worked_on_once(workspace: Workspace, ada: str) -> None:
    barrier = Barrier(4)
    came: list[str] = []

    def ask() -> None:
        barrier.wait()
        try:
            with workspace.writing() as session:
                idempotency.begin(session, user=ada, key="k", request="r", now=NOW)
            came.append("begun")
        except ConflictError:
            came.append("refused")

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == ["begun", "refused", "refused", "refused"]
    with workspace.writing() as session:
        idempotency.finish(session, user=ada, key="k", status=201, body="{}")
    with workspace.writing() as session:
        kept = idempotency.begin(session, user=ada, key="k", request="r", now=NOW)
        assert kept is not None
        assert (kept.status, kept.body) == (201, "{}")
    with pytest.raises(SettingError, match="another request"), workspace.writing() as session:
        idempotency.begin(session, user=ada, key="k", request="other", now=NOW)
    with workspace.writing() as session:
        later = NOW + idempotency.KEPT
        assert idempotency.begin(session, user=ada, key="k", request="other", now=later) is None
    with pytest.raises(ConflictError, match="being worked on"), workspace.writing() as session:
        idempotency.begin(session, user=ada, key="k", request="other", now=later)
    with workspace.writing() as session:
        assert idempotency.begin(session, user=ada, key="k", request="other", now=later, abandoned=True) is None
        idempotency.give_up_all(session)
        assert idempotency.begin(session, user=ada, key="k", request="third", now=NOW) is None


def test_the_audit_log_is_read_in_pages_the_latest_first(workspace: Workspace, ada: str) -> None:
    with workspace.writing() as session:
        for number in range(5):
            audit.record(session, user=ada, action="version.create", project="p", subject=str(number))
        audit.record(session, user=None, action="versionless", project="q")
    with workspace.reading() as session:
        first = audit.page(session, project="p", limit=3)
        rest = audit.page(session, project="p", limit=3, after=first.next)
        assert [one.entry.subject for one in first.items + rest.items] == ["4", "3", "2", "1", "0"]
        assert rest.next is None
        assert {one.who for one in first.items} == {"ada@example.com"}
        assert len(audit.page(session, action="version.").items) == 5
        assert [one.who for one in audit.page(session, action="versionless").items] == [None]


def test_what_is_done_together_is_done_or_undone_together(workspace: Workspace, ada: str) -> None:
    def fail() -> None:
        with workspace.together():
            with workspace.writing() as session:
                users.create(session, email="b@b.cc", name="B")
            with workspace.reading() as session:
                assert users.count(session) == 2  # what was written is seen within
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    with workspace.together():
        with workspace.writing() as session:
            users.create(session, email="c@c.cc", name="C")
        with pytest.raises(ConflictError), workspace.writing() as session:
            users.create(session, email="ada@example.com", name="again")
        with workspace.writing() as session:
            users.create(session, email="d@d.cc", name="D")
    with workspace.reading() as session:
        assert {user.email for user in users.everybody(session)} == {"ada@example.com", "c@c.cc", "d@d.cc"}
