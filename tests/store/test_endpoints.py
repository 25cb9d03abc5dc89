"""Endpoints, what was changed about them, and their keys."""

from __future__ import annotations

import pytest
from tests.store.traffic_things import a_model, a_project

from tunery.errors import SettingError
from tunery.store import endpoint_keys, endpoints
from tunery.store.failures import ConflictError, NotFoundError
from tunery.store.workspace import Workspace


def test_models_follow_each_other_and_come_back(workspace: Workspace) -> None:
    with workspace.writing() as session:
        project = a_project(session)
        first, second, third = (a_model(session, project) for _ in range(3))
        endpoint = endpoints.deploy(session, project=project, name="intents", model=first, user=None)
        for model in (second, second, third):
            endpoints.promote(session, endpoint.id, model=model, user=None, reason="better")
    answered = []
    for _ in range(2):
        with workspace.writing() as session:
            answered.append(endpoints.roll_back(session, endpoint.id, user=None).champion)
    assert answered == [second, first]
    with (
        pytest.raises(ConflictError, match="No other model has answered for intents yet"),
        workspace.writing() as session,
    ):
        endpoints.roll_back(session, endpoint.id, user=None)
    with workspace.writing() as session:
        endpoints.promote(session, endpoint.id, model=third, user=None)
        assert endpoints.roll_back(session, endpoint.id, user=None).champion == first
    with workspace.reading() as session:
        events = endpoints.events(session, endpoint.id).items
    assert [event.action for event in events][::-1] == [
        "deploy", "promote", "promote", "roll-back", "roll-back", "promote", "roll-back",
    ]  # fmt: skip
    assert (events[4].model, events[4].before, events[4].reason) == (third, second, "better")


def test_what_was_deployed_again_can_be_rolled_back(workspace: Workspace) -> None:
    with workspace.writing() as session:
        project = a_project(session)
        first, second = a_model(session, project), a_model(session, project)
        endpoint = endpoints.deploy(session, project=project, name="intents", model=first, user=None)
        endpoints.stop(session, endpoint.id, user=None)
        assert endpoints.active(session) == []
        again = endpoints.deploy(session, project=project, name="intents", model=second, user=None)
        assert (again.id, again.stopped, again.champion) == (endpoint.id, None, second)
        assert endpoints.active(session) == [again]
        assert endpoints.roll_back(session, endpoint.id, user=None).champion == first


def test_a_challenger_stands_beside_until_it_is_promoted(workspace: Workspace) -> None:
    with workspace.writing() as session:
        project = a_project(session)
        first, second = a_model(session, project), a_model(session, project)
        endpoint = endpoints.deploy(session, project=project, name="intents", model=first, user=None)
        with pytest.raises(ConflictError, match="is the one that answers"):
            endpoints.challenge(session, endpoint.id, model=first, user=None)
        assert endpoints.challenge(session, endpoint.id, model=second, user=None).challenger == second
        endpoints.promote(session, endpoint.id, model=second, user=None)
        assert (endpoint.champion, endpoint.challenger) == (second, None)
        endpoints.challenge(session, endpoint.id, model=first, user=None)
        assert endpoints.challenge(session, endpoint.id, model=None, user=None).challenger is None


def test_what_can_not_be_meant_is_refused(workspace: Workspace) -> None:
    with workspace.writing() as session:
        project, other = a_project(session), a_project(session, "Other")
        model, entities = a_model(session, project), a_model(session, project, task="token-classification")
        endpoint = endpoints.deploy(session, project=project, name="intents", model=model, user=None)
        with pytest.raises(SettingError, match="can't be the name of an endpoint"):
            endpoints.deploy(session, project=project, name="a/b", model=model, user=None)
        with pytest.raises(ConflictError, match="The name intents is taken"):
            endpoints.deploy(session, project=other, name="intents", model=a_model(session, other), user=None)
        with pytest.raises(NotFoundError):
            endpoints.deploy(session, project=other, name="new", model=model, user=None)
        with pytest.raises(ConflictError, match="answers with text-classification"):
            endpoints.promote(session, endpoint.id, model=entities, user=None)
        with pytest.raises(NotFoundError):
            endpoints.promote(session, "nothing", model=model, user=None)


def test_settings_are_changed_one_by_one_and_checked(workspace: Workspace) -> None:
    with workspace.writing() as session:
        project = a_project(session)
        endpoint = endpoints.deploy(
            session, project=project, name="intents", model=a_model(session, project), user=None
        )
        endpoints.change_settings(session, endpoint.id, {"share": True, "share_examples": ["Hello"]}, user=None)
        endpoints.change_settings(session, endpoint.id, {"sample": 0.1}, user=None)
        for wrong in ({"sample": 2}, {"share_rate": "often"}, {"shared": True}):
            with pytest.raises(SettingError):
                endpoints.change_settings(session, endpoint.id, wrong, user=None)
    with workspace.reading() as session:
        settings = endpoints.settings_of(endpoints.by_name(session, "intents"))
        events = endpoints.events(session, endpoint.id).items
    assert (settings.share, settings.share_examples, settings.sample) == (True, ("Hello",), 0.1)
    assert [(event.action, event.reason) for event in events[:2]] == [
        ("settings", "sample"), ("settings", "share, share_examples"),
    ]  # fmt: skip


def test_keys_are_for_endpoints_of_their_project_until_they_are_revoked(workspace: Workspace) -> None:
    with workspace.writing() as session:
        project, other = a_project(session), a_project(session, "Other")
        for name in ("intents", "topics"):
            endpoints.deploy(session, project=project, name=name, model=a_model(session, project), user=None)
        with pytest.raises(NotFoundError):
            endpoint_keys.create(session, project=other, digest="x", name="a", endpoints=["intents"], user=None)
        one, both = (
            endpoint_keys.create(session, project=project, digest=digest, name=digest, endpoints=names, user=None)
            for digest, names in (("one", ["intents"]), ("both", ["intents", "topics"]))
        )
        assert [key.id for key in endpoint_keys.page(session, project=project, endpoint="topics").items] == [both.id]
        revoked = endpoint_keys.revoke(session, one.id).revoked
        assert endpoint_keys.revoke(session, one.id).revoked == revoked is not None
        assert endpoint_keys.valid(session) == [both]
        assert endpoint_keys.page(session, project=project).total == 2
