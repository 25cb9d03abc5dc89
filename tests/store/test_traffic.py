"""What was counted by several processes is read as one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.traffic_things import a_model, a_project

from tunery.store import endpoints, traffic
from tunery.store.traffic import Counts
from tunery.store.workspace import Workspace

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = int(NOON.timestamp() // 60)


def counted(requests: int, seconds: float, **more: int) -> Counts:
    found = Counts(texts=requests, **more)
    for _ in range(requests):
        found.answered(200, seconds)
    return found


def test_what_several_writers_counted_is_put_together(workspace: Workspace) -> None:
    with workspace.writing() as session:
        project = a_project(session)
        ids = [
            endpoints.deploy(session, project=project, name=name, model=a_model(session, project), user=None).id
            for name in ("a", "b")
        ]
        traffic.write(session, endpoint=ids[0], minute=MINUTE, writer="one", counts=counted(1, 0.01))
    failed = counted(90, 0.01, lost=3)
    failed.answered(500, 1.0)
    failed.answered(429, 0.0)
    with workspace.writing() as session:
        for _ in range(2):  # what is said twice counts once
            traffic.write(session, endpoint=ids[0], minute=MINUTE, writer="one", counts=failed)
            traffic.write(session, endpoint=ids[0], minute=MINUTE + 2, writer="two", counts=counted(10, 0.1, stored=9))
        traffic.write(session, endpoint=ids[1], minute=MINUTE, writer="one", counts=counted(5, 0.01))
        traffic.write(session, endpoint=ids[0], minute=MINUTE + 4, writer="one", counts=counted(5, 0.01))
    with workspace.reading() as session:
        found = traffic.read(session, ids[:1], since=NOON, until=NOON + timedelta(minutes=4))
        both = traffic.read(session, ids, since=NOON, until=NOON + timedelta(minutes=5), minutes=3)
    counts = found.counts
    assert (counts.requests, counts.texts, counts.failed, counts.refused) == (102, 100, 1, 1)
    assert (counts.lost, counts.stored) == (3, 9)
    assert found.rate == pytest.approx(102 / 240)
    assert found.error_rate == pytest.approx(1 / 102)
    assert counts.quantile(0.5) == pytest.approx(10, rel=0.1)
    assert counts.quantile(0.95) == pytest.approx(100, rel=0.1)
    assert [point.requests for _at, point in found.points] == [92, 0, 10, 0]
    assert [(at, point.requests) for at, point in both.points] == [(NOON, 107), (NOON + timedelta(minutes=3), 5)]


def test_of_nothing_there_is_no_quantile_and_no_rate_of_errors(local_workspace: Workspace) -> None:
    with local_workspace.reading() as session:
        found = traffic.read(session, [], since=NOON, until=NOON + timedelta(minutes=1))
    assert (found.counts.quantile(0.5), found.error_rate, found.rate) == (None, None, 0)


@given(st.lists(st.floats(0.0001, 100), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_is_off_by_a_twelfth_at_most(seconds: list[float], share: float) -> None:
    counts = Counts()
    for one in seconds:
        counts.answered(200, one)
    ordered = sorted(max(1.0, 1000 * one) for one in seconds)
    exact = ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)]
    found = counts.quantile(share)
    assert found is not None
    assert exact / 1.0906 <= found <= exact * 1.0906
