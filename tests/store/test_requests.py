"""Requests and what people said about their answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.store.traffic_things import a_model, a_project, a_request

from tunery.errors import SettingError
from tunery.store import endpoints, feedback, requests, targets
from tunery.store.failures import NotFoundError
from tunery.store.requests import RequestFilter
from tunery.store.tables import Endpoint, Request
from tunery.store.workspace import Workspace
from tunery.types import Span, Target


@pytest.fixture
def endpoint(workspace: Workspace) -> Endpoint:
    with workspace.writing() as session:
        project = a_project(session)
        model = a_model(session, project)
        return endpoints.deploy(session, project=project, name="intents", model=model, user=None)


def test_what_is_stored_is_found_and_filtered(workspace: Workspace, endpoint: Endpoint) -> None:
    texts = ["My CARD is lost", "a loan of 50%", "a_pin", "字段 \x00 \ud800"]
    rows = [
        a_request(endpoint, text, answer, number=number, score=score, abstained=score < 0.4, origin=origin)
        for number, (text, answer, score, origin) in enumerate(
            zip(
                texts, ("card", "loan", "pin", "pin"), (0.9, 0.5, 0.3, 0.2), ("api", "api", "share", "api"), strict=True
            )
        )
    ]
    with workspace.writing() as session:
        assert requests.add(session, rows) == rows
        feedback.give(session, rows[0], verdict="right")
        feedback.give(session, rows[1], verdict="wrong")
        feedback.give(session, rows[1], verdict="corrected", target="pin", note="call 13812345678")

    def found(**values: object) -> list[int]:
        chosen = RequestFilter.model_validate(values)
        with workspace.reading() as session:
            return [one.number for one in requests.page(session, project=endpoint.project, chosen=chosen).items]

    assert found() == [3, 2, 1, 0]
    assert found(text="card") == [0]
    assert found(text="50%") == [1]
    assert found(text="A_P") == [2]
    assert found(text="%") == [1]
    assert found(text="字段") == [3]
    assert found(score_below=0.4) == found(abstained=True) == [3, 2]
    assert found(origin="share") == [2]
    assert found(label="pin") == [3, 2]
    assert found(verdict="right") == [0]
    assert found(verdict="corrected") == found(verdict="wrong") == [1]
    assert found(verdict="any") == [1, 0]
    assert found(verdict="none", score_below=0.25) == [3]
    assert found(endpoint="another") == found(model="another") == []
    assert found(until=datetime.now(UTC) + timedelta(minutes=1), since=rows[0].at) == [3, 2, 1, 0]
    with workspace.reading() as session:
        page = requests.page(session, project=endpoint.project, limit=3, total=True)
        rest = requests.page(session, project=endpoint.project, limit=3, after=page.next)
        said = feedback.of(session, [row.id for row in rows])
        kept = requests.get(session, rows[3].id)
        assert requests.page(session, project="another").items == []
    assert (page.total, len(page.items), len(rest.items), rest.next) == (4, 3, 1, None)
    assert [(one.verdict, one.target, one.note) for one in said[rows[1].id]] == [
        ("wrong", None, ""), ("corrected", '"pin"', "call [phone]"),
    ]  # fmt: skip
    assert kept.text == "字段 \ufffd ?"


def test_what_may_be_stored_already_is_stored_once(workspace: Workspace, endpoint: Endpoint) -> None:
    rows = [a_request(endpoint, "a", "card"), a_request(endpoint, "b", "card")]
    with workspace.writing() as session:
        requests.add(session, rows[:1])
    again = [a_request(endpoint, "a", "card"), rows[1]]
    again[0].id = rows[0].id
    with workspace.writing() as session:
        requests.add(session, again, again=True)
    with workspace.reading() as session:
        assert requests.page(session, project=endpoint.project, total=True).total == 2


def test_what_no_endpoint_or_model_is_known_of_is_left_out(workspace: Workspace, endpoint: Endpoint) -> None:
    strange = a_request(endpoint, "a", "card")
    strange.model = "gone"
    own = a_request(endpoint, "b", "card")
    with workspace.writing() as session:
        assert requests.add(session, [strange, own]) == [own]


def test_a_call_is_found_by_its_name_the_latest_first(workspace: Workspace, endpoint: Endpoint) -> None:
    rows = [a_request(endpoint, text, "card", call="mine", number=n) for n, text in enumerate("ab")]
    later = a_request(endpoint, "c", "card", call="mine", number=1)
    with workspace.writing() as session:
        requests.add(session, [*rows, later])
    with workspace.reading() as session:
        found = requests.find(session, "mine", 1, endpoint=endpoint.id)
        assert found is not None
        assert found.id == later.id
        assert requests.find(session, "mine", 2) is None
        assert requests.find(session, "mine", 0, endpoint="another") is None


@pytest.mark.parametrize(
    ("answer", "target", "words"),
    [
        ("card", "nothing", "doesn't know the label 'nothing'"),
        ("card", ("card",), "not of the kind"),
        ("card", (), "not of the kind"),
        (("card",), "card", "not of the kind"),
        (("card",), (Span(0, 1, "card"),), "not of the kind"),
        ((), ("card", "pin"), None),
        (None, "card", None),
    ],
)
def test_a_target_has_to_be_a_possible_answer(
    workspace: Workspace, endpoint: Endpoint, answer: Target | None, target: Target, words: str | None
) -> None:
    row = a_request(endpoint, "a", answer)
    with workspace.writing() as session:
        requests.add(session, [row])
        if words is None:
            assert targets.from_text(feedback.give(session, row, verdict="corrected", target=target).target) == target
        else:
            with pytest.raises(SettingError, match=words):
                feedback.give(session, row, verdict="corrected", target=target)


def test_spans_have_to_lie_in_the_text(workspace: Workspace) -> None:
    with workspace.writing() as session:
        project = a_project(session)
        model = a_model(session, project, ("PER",), "token-classification")
        endpoint = endpoints.deploy(session, project=project, name="names", model=model, user=None)
        row = a_request(endpoint, "Ann left", ())
        requests.add(session, [row])
        given = feedback.give(session, row, verdict="corrected", target=(Span(0, 3, "PER", 0.3),))
        assert given.target == '[[0,3,"PER"]]'
        assert feedback.give(session, row, verdict="corrected", target=()).target == "[]"
        for wrong in (Span(0, 9, "PER"), Span(3, 3, "PER"), Span(-1, 2, "PER")):
            with pytest.raises(SettingError, match="no stretch"):
                feedback.give(session, row, verdict="corrected", target=(wrong,))


def test_a_verdict_fits_its_target(workspace: Workspace, endpoint: Endpoint) -> None:
    row = a_request(endpoint, "a", "card")
    with workspace.writing() as session:
        requests.add(session, [row])
        with pytest.raises(SettingError, match="verdict"):
            feedback.give(session, row, verdict="maybe")  # type: ignore[arg-type]
        for verdict, target in (("right", "card"), ("corrected", None)):
            with pytest.raises(SettingError, match="only with that"):
                feedback.give(session, row, verdict=verdict, target=target)  # type: ignore[arg-type]
        with pytest.raises(SettingError, match="note"):
            feedback.give(session, row, verdict="right", note="a" * 5001)


def test_nothing_is_said_about_what_was_deleted(workspace: Workspace, endpoint: Endpoint) -> None:
    row = a_request(endpoint, "", "card", deleted=datetime.now(UTC))
    with workspace.writing() as session:
        session.add(row)
        with pytest.raises(NotFoundError):
            feedback.give(session, row, verdict="right")


def test_the_table_keeps_where_something_was_taken_out(workspace: Workspace, endpoint: Endpoint) -> None:
    row = a_request(endpoint, "[phone] Ann", "card", places=[[0, 11, 7]])
    with workspace.writing() as session:
        requests.add(session, [row])
    with workspace.reading() as session:
        found = session.get(Request, row.id)
    assert found is not None
    assert found.places == [[0, 11, 7]]
