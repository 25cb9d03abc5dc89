"""What can't be redacted as wanted is refused when it is chosen, not when texts come."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from tunery.app.actions import endpoints as actions
from tunery.app.actions import projects as project_actions
from tunery.app.context import Context
from tunery.errors import MissingExtraError, SettingError
from tunery.i18n import use_language
from tunery.store import endpoints, identifiers, projects
from tunery.store.tables import Model, Request
from tunery.store.workspace import Workspace

pytest.importorskip("presidio_analyzer")


class _NoJobs:
    """Nothing is done later here."""


@pytest.fixture
def context(local_workspace: Workspace) -> Context:
    return Context(local_workspace, _NoJobs())  # type: ignore[arg-type]


@pytest.fixture
def project(local_workspace: Workspace) -> str:
    with local_workspace.writing() as session:
        return projects.create(session, name="P", user=None).id


def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from tunery.store.presidio import finder

    finder.cache_clear()
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)


def test_presidio_is_chosen_with_its_settings(context: Context, project: str) -> None:
    wanted = {"presidio": True, "presidio_entities": ["IBAN_CODE"], "presidio_threshold": 0.6}
    project_actions.change(context, project, settings=wanted)
    found = project_actions.settings(context, project)
    assert (found.presidio, found.presidio_entities, found.presidio_threshold) == (True, ("IBAN_CODE",), 0.6)


def test_where_it_is_missing_it_is_refused_with_the_command(
    context: Context, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing(monkeypatch)
    with pytest.raises(MissingExtraError, match=r'pip install "tunery\[presidio\]"'):
        project_actions.change(context, project, settings={"presidio": True})
    with use_language("zh"), pytest.raises(MissingExtraError, match="安装方法"):
        project_actions.change(context, project, settings={"presidio": True})
    project_actions.change(context, project, settings={"presidio_models": ["en_core_web_sm"]})  # for when it is on
    assert not project_actions.settings(context, project).presidio


def test_a_model_that_is_not_there_is_refused_and_nothing_changes(context: Context, project: str) -> None:
    with pytest.raises(SettingError, match="python -m spacy download zz_none_web_sm"):
        project_actions.change(
            context, project, name="other", settings={"presidio": True, "presidio_models": ["zz_none_web_sm"]}
        )
    assert project_actions.get(context, project).name == "P"
    assert not project_actions.settings(context, project).presidio


def test_notes_of_people_are_redacted_too_or_not_kept(
    context: Context, project: str, local_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_workspace.writing() as session:
        projects.change_settings(session, project, {"presidio": True})
        now = datetime.now(UTC)
        session.add(Model(id="m", project=project, task="text-classification", labels=["a"], size=1, created=now))
        session.flush()
        endpoint = endpoints.deploy(session, project=project, name="e", model="m", user=None)
        asked = Request(
            id=identifiers.new(), call="c", number=0, endpoint=endpoint.id, model="m", at=now, origin="api", text="t",
            answer='"a"',
        )  # fmt: skip
        session.add(asked)
        session.flush()
        request = asked.id
    note = "he paid to DE89370400440532013000"
    assert actions.give_feedback(context, project, request, "wrong", note=note).note == "he paid to [iban_code]"
    missing(monkeypatch)
    with pytest.raises(MissingExtraError):
        actions.give_feedback(context, project, request, "wrong", note=note)
    assert actions.give_feedback(context, project, request, "right").note == ""
