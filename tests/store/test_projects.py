"""Projects and data sets, on every kind of store."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tunery.errors import SettingError
from tunery.store import data_sets, identifiers, projects
from tunery.store.failures import ConflictError, NotFoundError
from tunery.store.projects import ProjectSettings
from tunery.store.tables import Member, User
from tunery.store.workspace import Workspace


@pytest.fixture
def user(workspace: Workspace) -> str:
    made = User(id=identifiers.new(), email="a@b.c", name="A", created=datetime.now(UTC))
    with workspace.writing() as session:
        session.add(made)
    return made.id


def test_whoever_makes_a_project_owns_it(workspace: Workspace, user: str) -> None:
    with workspace.writing() as session:
        made = projects.create(session, name=" 客服 意图 ", user=user)
    with workspace.reading() as session:
        found = projects.get(session, made.id)
        member = session.get(Member, (made.id, user))
    assert (found.name, found.created_by, found.archived) == ("客服 意图", user, None)
    assert member is not None
    assert member.role == "owner"
    assert projects.settings_of(found) == ProjectSettings()


def test_two_projects_have_not_the_same_name(workspace: Workspace, user: str) -> None:
    with workspace.writing() as session:
        first = projects.create(session, name="one", user=user)
        projects.create(session, name="two", user=user)
    with pytest.raises(ConflictError, match="The name one is taken"), workspace.writing() as session:
        projects.create(session, name="one", user=user)
    with pytest.raises(ConflictError, match="The name two is taken"), workspace.writing() as session:
        projects.rename(session, first.id, name="two")
    with workspace.reading() as session:
        assert projects.get(session, first.id).name == "one"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101, "a\0b"])
def test_a_name_that_can_not_be_shown_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(SettingError, match="can't be a name"), workspace.writing() as session:
        projects.create(session, name=name, user=None)


def test_lists_hold_what_a_user_is_a_member_of(workspace: Workspace, user: str) -> None:
    with workspace.writing() as session:
        mine = [projects.create(session, name=f"mine {n}", user=user).id for n in range(3)]
        other = projects.create(session, name="other", user=None).id
        projects.archive(session, mine[0])
    with workspace.reading() as session:
        all_of_them = projects.page(session)
        of_user = projects.page(session, user=user, limit=1)
        rest = projects.page(session, user=user, limit=1, after=of_user.next)
        archived = projects.page(session, archived=True)
    assert [project.id for project in all_of_them.items] == [other, mine[2], mine[1]]
    assert [project.id for project in of_user.items + rest.items] == [mine[2], mine[1]]
    assert (of_user.total, rest.next) == (2, None)
    assert [project.id for project in archived.items] == [mine[0]]
    with workspace.writing() as session:
        projects.archive(session, mine[0], archived=False)
    with workspace.reading() as session:
        assert projects.page(session, archived=True).items == []


def test_settings_change_one_by_one_and_only_to_what_they_may_be(workspace: Workspace) -> None:
    with workspace.writing() as session:
        made = projects.create(session, name="one", user=None)
        projects.change_settings(session, made.id, {"retention_days": "30", "labels": {"退款": "要钱"}})
        projects.change_settings(session, made.id, {"redact": ["phone"]})
    with workspace.reading() as session:
        found = projects.settings_of(projects.get(session, made.id))
    assert found == ProjectSettings(retention_days=30, labels={"退款": "要钱"}, redact=("phone",))
    for values, words in (
        ({"sample": 2}, "must be at most 1"),
        ({"redact": ["name"]}, "must be one of"),
        ({"retain": 1}, "There is no setting retain"),
    ):
        with pytest.raises(SettingError, match=words), workspace.writing() as session:
            projects.change_settings(session, made.id, values)


def test_what_is_not_there_is_said_not_to_be(workspace: Workspace) -> None:
    with workspace.reading() as session:
        with pytest.raises(NotFoundError, match="There is no nothing in this workspace"):
            projects.get(session, "nothing")
        with pytest.raises(NotFoundError):
            data_sets.get(session, "nothing")


def test_data_sets_of_a_project_have_names_of_their_own_and_one_task(workspace: Workspace) -> None:
    with workspace.writing() as session:
        first = projects.create(session, name="one", user=None).id
        second = projects.create(session, name="two", user=None).id
        made = data_sets.create(session, project=first, name="data", task="text-classification", user=None)
        data_sets.create(session, project=second, name="data", task="token-classification", user=None)
        later = data_sets.create(session, project=first, name="more", task="text-classification", user=None)
    with pytest.raises(ConflictError, match="The name data is taken"), workspace.writing() as session:
        data_sets.create(session, project=first, name="data ", task="text-classification", user=None)
    with pytest.raises(ConflictError, match="is about text-classification"), workspace.writing() as session:
        data_sets.create(session, project=first, name="other", task="token-classification", user=None)
    with workspace.writing() as session:
        data_sets.rename(session, made.id, name="old data")
        data_sets.archive(session, later.id)
    with workspace.reading() as session:
        assert [one.name for one in data_sets.page(session, project=first).items] == ["old data"]
        assert [one.name for one in data_sets.page(session, project=first, archived=True).items] == ["more"]
        assert data_sets.find(session, project=first, name="old data") is not None
        assert data_sets.find(session, project=second, name="old data") is None
        assert projects.get(session, first).task == "text-classification"
