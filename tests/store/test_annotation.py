"""Queues, leases, answers, disputes and progress, on every kind of store."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tunery.store import identifiers, targets
from tunery.store.annotation import answers, leases, outcomes, progress, queues
from tunery.store.failures import ConflictError, NotFoundError
from tunery.store.tables import Annotation, DataSet, Lease, Project, QueueItem, Row, User
from tunery.store.workspace import Workspace
from tunery.types import Span, Target

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _people(workspace: Workspace, *names: str) -> None:
    with workspace.writing() as session:
        for name in names:
            session.add(User(id=name, email=f"{name}@example.org", name=name, created=_NOW))


def _queue(workspace: Workspace, rows: int = 4, *, overlap: int = 1, people: tuple[str, ...] = ("ann", "ben")) -> str:
    _people(workspace, *people)
    with workspace.writing() as session:
        session.add(Project(id="p", name="p", created=_NOW))
        session.flush()
        session.add(DataSet(id="d", project="p", name="d", task="text-classification", created=_NOW))
        for number in range(rows):
            session.add(Row(id=f"r{number}", project="p", text=f"text {number}", length=6, created=_NOW))
        session.flush()
        queue = queues.create(
            session, project="p", data_set="d", name="q", labels=["good", "bad"], order="given", overlap=overlap
        )
        added = queues.add(
            session, queue=queue.id, items=[queues.NewItem(f"r{number}", "given") for number in range(rows)]
        )
        assert added == rows
    return queue.id


def _take(workspace: Workspace, queue: str, user: str, count: int = 1, *, skipped: bool = False) -> list[leases.Handed]:
    with workspace.writing() as session:
        return leases.take(session, queue=queue, user=user, count=count, skipped=skipped)


def _rows(handed: list[leases.Handed]) -> list[str]:
    return [one.row.id for one in handed]


def _say(
    workspace: Workspace, item: str, user: str, target: Target | None, *, name: str | None = None, decides: bool = False
) -> Annotation:
    with workspace.writing() as session:
        return answers.submit(
            session,
            id=name or identifiers.new(),
            item=item,
            user=user,
            target=target,
            seconds=2.0,
            adjudication=decides,
        )


def _items(workspace: Workspace, queue: str) -> list[str]:
    with workspace.reading() as session:
        return [item.id for item in queues.items(session, queue=queue)]


def _outcomes(workspace: Workspace, queue: str) -> list[outcomes.Outcome]:
    with workspace.reading() as session:
        return outcomes.outcomes(answers.standing(session, queue=queue))


def test_rows_are_handed_out_in_order_and_kept_for_whoever_has_them(workspace: Workspace) -> None:
    queue = _queue(workspace)
    assert _rows(_take(workspace, queue, "ann", 2)) == ["r0", "r1"]
    assert _rows(_take(workspace, queue, "ben", 5)) == ["r2", "r3"]
    assert _rows(_take(workspace, queue, "ann", 5)) == ["r0", "r1"]


def test_a_row_that_is_in_a_queue_is_not_put_into_it_again(workspace: Workspace) -> None:
    queue = _queue(workspace)
    with workspace.writing() as session:
        session.add(Row(id="new", project="p", text="new", length=3, created=_NOW))
        session.flush()
        items = [queues.NewItem(row, "given") for row in ("r1", "new", "new")]
        assert queues.add(session, queue=queue, items=items) == 1
        assert [item.row for item in queues.items(session, queue=queue)] == ["r0", "r1", "r2", "r3", "new"]


def test_an_expired_lease_goes_to_somebody_else_and_a_draft_renews_it(workspace: Workspace) -> None:
    queue = _queue(workspace, 2)
    kept, lost = _take(workspace, queue, "ann", 2)
    with workspace.writing() as session:
        for lease in session.scalars(select(Lease)):
            lease.until = datetime.now(UTC) - timedelta(seconds=1)
        leases.keep(session, item=kept.item.id, user="ann", draft='"go')
    assert _rows(_take(workspace, queue, "ben", 5)) == [lost.row.id]
    (again,) = _take(workspace, queue, "ann", 5)
    assert (again.row.id, again.draft) == (kept.row.id, '"go')
    assert again.until > datetime.now(UTC) + leases.LEASE - timedelta(minutes=1)


def test_whoever_stops_gives_rows_back_and_finds_the_draft_again(workspace: Workspace) -> None:
    queue = _queue(workspace, 1)
    (mine,) = _take(workspace, queue, "ann")
    with workspace.writing() as session:
        leases.keep(session, item=mine.item.id, user="ann", draft="begun")
        leases.release(session, queue=queue, user="ann")
    assert _rows(_take(workspace, queue, "ben")) == ["r0"]
    with workspace.writing() as session:
        leases.release(session, queue=queue, user="ben")
    assert _take(workspace, queue, "ann")[0].draft == "begun"


def test_what_was_renewed_meanwhile_is_not_given_back(workspace: Workspace) -> None:
    queue = _queue(workspace, 2)
    first, second = _take(workspace, queue, "ann", 2)
    with workspace.writing() as session:
        leases.keep(session, item=second.item.id, user="ann", draft="begun")
        leases.release(session, queue=queue, user="ann", items=[first.item.id, second.item.id], until=first.until)
    assert _rows(_take(workspace, queue, "ben", 2)) == [first.row.id]


@pytest.mark.parametrize("overlap", [1, 2])
def test_no_two_people_get_the_same_place(workspace: Workspace, overlap: int) -> None:
    people = tuple(f"u{number}" for number in range(6))
    queue = _queue(workspace, 30, overlap=overlap, people=people)
    failures: list[BaseException] = []

    def work(user: str) -> None:
        try:
            while handed := _take(workspace, queue, user, 3):
                _say(workspace, handed[0].item.id, user, "good")
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with workspace.reading() as session:
        said = answers.standing(session, queue=queue)
        assert Counter(one.row for one in said) == {f"r{number}": overlap for number in range(30)}
        assert len({(one.row, one.user) for one in said}) == 30 * overlap
        assert progress.of_queue(session, queue).done == 30


def test_overlap_gives_a_row_to_as_many_different_people(workspace: Workspace) -> None:
    queue = _queue(workspace, 1, overlap=2, people=("ann", "ben", "cid"))
    (mine,) = _take(workspace, queue, "ann")
    _say(workspace, mine.item.id, "ann", "good")
    assert _take(workspace, queue, "ann") == []
    assert _rows(_take(workspace, queue, "ben")) == ["r0"]
    assert _take(workspace, queue, "cid") == []


def test_an_answer_that_is_sent_twice_is_stored_once(workspace: Workspace) -> None:
    queue = _queue(workspace)
    (mine,) = _take(workspace, queue, "ann")
    name = identifiers.new()
    first = _say(workspace, mine.item.id, "ann", "good", name=name)
    again = _say(workspace, mine.item.id, "ann", "bad", name=name)
    assert (again.id, again.target) == (first.id, '"good"')
    with pytest.raises(ConflictError, match="stands for another answer"):
        _say(workspace, mine.item.id, "ben", "good", name=name)
    with pytest.raises(ConflictError, match="can't be the name"):
        _say(workspace, mine.item.id, "ann", "good", name="1")
    with pytest.raises(NotFoundError):
        _say(workspace, "nothing", "ann", "good")


def test_many_attempts_at_once_store_an_answer_once(workspace: Workspace) -> None:
    queue = _queue(workspace)
    (mine,) = _take(workspace, queue, "ann")
    name = identifiers.new()
    found: list[str] = []
    tries = [
        threading.Thread(target=lambda: found.append(_say(workspace, mine.item.id, "ann", "good", name=name).id))
        for _ in range(8)
    ]
    for thread in tries:
        thread.start()
    for thread in tries:
        thread.join()
    assert found == [name] * 8
    with workspace.reading() as session:
        assert [one.id for one in answers.standing(session, queue=queue)] == [name]


def test_a_late_answer_counts_though_the_place_was_given_away(workspace: Workspace) -> None:
    queue = _queue(workspace, 1)
    (mine,) = _take(workspace, queue, "ann")
    with workspace.writing() as session:
        leases.release(session, queue=queue, user="ann")
    (theirs,) = _take(workspace, queue, "ben")
    _say(workspace, theirs.item.id, "ben", "good")
    _say(workspace, mine.item.id, "ann", "bad")
    with workspace.reading() as session:
        assert [one.user for one in answers.standing(session, queue=queue)] == ["ben", "ann"]
        assert len(answers.disputes(session, queue=queue)) == 1


def test_who_skips_a_row_leaves_it_to_others_and_may_have_it_again(workspace: Workspace) -> None:
    queue = _queue(workspace, 1)
    (mine,) = _take(workspace, queue, "ann")
    _say(workspace, mine.item.id, "ann", None)
    assert _take(workspace, queue, "ann") == []
    assert _rows(_take(workspace, queue, "ann", skipped=True)) == ["r0"]
    with workspace.writing() as session:
        leases.release(session, queue=queue, user="ann")
        assert progress.of_person(session, queue, "ann") == (0, 1)
    (theirs,) = _take(workspace, queue, "ben")
    _say(workspace, theirs.item.id, "ben", "good")
    assert _take(workspace, queue, "ann", skipped=True) == []


def test_any_number_of_answers_can_be_taken_back(workspace: Workspace) -> None:
    queue = _queue(workspace)
    said = [
        _say(workspace, one.item.id, "ann", label).id
        for one, label in zip(_take(workspace, queue, "ann", 3), ("good", "bad", None), strict=True)
    ]
    for expected in reversed(said):
        with workspace.writing() as session:
            assert answers.own(session, queue=queue, user="ann")[0][0].id == expected
            answers.undo(session, annotation=expected, user="ann")
            answers.undo(session, annotation=expected, user="ann")
    with workspace.reading() as session:
        assert answers.own(session, queue=queue, user="ann") == []
    assert _rows(_take(workspace, queue, "ben", 9)) == ["r3"], "what was taken back is its owner's to do again"
    assert _rows(_take(workspace, queue, "ann", 9)) == ["r0", "r1", "r2"]
    with workspace.writing() as session, pytest.raises(NotFoundError):
        answers.undo(session, annotation=said[0], user="ben")


def test_a_second_answer_replaces_the_first_and_both_are_kept(workspace: Workspace) -> None:
    queue = _queue(workspace)
    item = _items(workspace, queue)[0]
    first = _say(workspace, item, "ann", "good")
    second = _say(workspace, item, "ann", "bad")
    with workspace.reading() as session:
        assert [one.id for one in answers.standing(session, queue=queue)] == [second.id]
        old = session.get(Annotation, first.id)
    assert old is not None
    assert old.undone is not None


def test_what_was_suggested_and_why_is_kept_with_the_answer(workspace: Workspace) -> None:
    queue = _queue(workspace, 3)
    spans = (Span(0, 4, "x"),)
    with workspace.writing() as session:
        first, second, _third = queues.items(session, queue=queue)
        places = [
            queues.Place(second.id, "uncertain", 0.1, {"target": targets.to_plain(spans), "score": 0.4}),
            queues.Place(first.id, "uncertain", 0.3, {"target": "good", "score": 0.7}),
        ]
        queues.arrange(session, queue=queue, places=places, model=None)
        assert [item.row for item in queues.items(session, queue=queue)] == ["r1", "r0", "r2"]
    handed = _take(workspace, queue, "ann", 3)
    said = [
        _say(workspace, one.item.id, "ann", target) for one, target in zip(handed, (spans, "bad", "good"), strict=True)
    ]
    assert [one.accepted for one in said] == [True, False, None]
    assert [one.reason for one in said] == ["uncertain", "uncertain", "given"]
    assert said[1].suggestion == {"target": "good", "score": 0.7}


def test_disputes_are_listed_until_they_are_settled(workspace: Workspace) -> None:
    queue = _queue(workspace, 3, overlap=2, people=("ann", "ben", "eve"))
    same, other, alone = _items(workspace, queue)
    for user, label in (("ann", "good"), ("ben", "good")):
        _say(workspace, same, user, label)
    for user, label in (("ann", "good"), ("ben", "bad")):
        _say(workspace, other, user, label)
    _say(workspace, alone, "ann", "good")
    _say(workspace, alone, "ben", None)
    with workspace.reading() as session:
        (dispute,) = answers.disputes(session, queue=queue)
        assert progress.of_queue(session, queue).disputed == 1
    assert [(one.user, one.target) for one in dispute.answers] == [("ann", '"good"'), ("ben", '"bad"')]
    assert [one.how for one in _outcomes(workspace, queue)] == ["agreed", "tie", "agreed"]
    decision = _say(workspace, other, "eve", "bad", decides=True)
    changed = _say(workspace, other, "ann", "good", decides=True)
    with workspace.reading() as session:
        assert answers.disputes(session, queue=queue) == []
        (dispute,) = answers.disputes(session, queue=queue, settled=True)
        found = progress.of_queue(session, queue)
    assert dispute.decision is not None
    assert (dispute.decision.id, decision.id != changed.id) == (changed.id, True)
    assert (found.disputed, found.settled, found.done) == (0, 1, 2)
    settled = _outcomes(workspace, queue)[1]
    assert (settled.how, settled.target, settled.annotation) == ("settled", '"good"', changed.id)


def test_the_majority_decides_where_nobody_did(workspace: Workspace) -> None:
    queue = _queue(workspace, 2, overlap=3, people=("ann", "ben", "cid"))
    first, second = _items(workspace, queue)
    _say(workspace, first, "ann", "bad")
    good = _say(workspace, first, "ben", "good")
    _say(workspace, first, "cid", "good")
    _say(workspace, second, "ann", None)
    (outcome,) = _outcomes(workspace, queue)
    assert outcome == outcomes.Outcome("r0", "majority", '"good"', good.id)


def test_progress_counts_for_each_person(workspace: Workspace) -> None:
    queue = _queue(workspace)
    first, second, third, _last = _items(workspace, queue)
    _say(workspace, first, "ann", "good")
    _say(workspace, second, "ann", None)
    _say(workspace, third, "ben", "good")
    _take(workspace, queue, "ben", 1)
    with workspace.reading() as session:
        found = progress.of_queue(session, queue)
    assert (found.items, found.done, found.begun, found.held) == (4, 2, 2, 1)
    assert [(person.user, person.answered, person.skipped, person.seconds) for person in found.people] == [
        ("ann", 1, 1, 2.0),
        ("ben", 1, 0, 2.0),
    ]


def test_a_closed_queue_hands_nothing_out_and_still_takes_answers(workspace: Workspace) -> None:
    queue = _queue(workspace)
    (mine,) = _take(workspace, queue, "ann")
    with workspace.writing() as session:
        queues.close(session, queue=queue)
    assert _take(workspace, queue, "ben") == []
    _say(workspace, mine.item.id, "ann", "good")
    with workspace.writing() as session:
        queues.close(session, queue=queue, closed=False)
    assert _rows(_take(workspace, queue, "ben")) == ["r1"]


def test_more_overlap_opens_what_was_done(workspace: Workspace) -> None:
    queue = _queue(workspace, 1)
    _say(workspace, _items(workspace, queue)[0], "ann", "good")
    assert _take(workspace, queue, "ben") == []
    with workspace.writing() as session:
        queues.change(session, queue=queue, overlap=2, name="twice", guidelines="Read it all.")
    assert _rows(_take(workspace, queue, "ben")) == ["r0"]
    with workspace.reading() as session:
        (found,) = queues.of_project(session, "p")
    assert (found.name, found.guidelines, found.overlap) == ("twice", "Read it all.", 2)


def test_a_deleted_text_is_not_handed_out(workspace: Workspace) -> None:
    queue = _queue(workspace, 2)
    with workspace.writing() as session:
        row = session.get(Row, "r0")
        assert row is not None
        row.text, row.deleted = "", _NOW
    assert _rows(_take(workspace, queue, "ann", 5)) == ["r1"]
    with workspace.reading() as session:
        assert progress.of_queue(session, queue).items == 1


def test_what_is_not_there_is_said_so(workspace: Workspace) -> None:
    with workspace.writing() as session:
        with pytest.raises(NotFoundError, match="There is no nothing"):
            queues.get(session, "nothing")
        with pytest.raises(NotFoundError):
            leases.take(session, queue="nothing", user="ann")
        with pytest.raises(NotFoundError):
            leases.keep(session, item="nothing", user="ann", draft=None)
        assert session.scalars(select(QueueItem)).all() == []
