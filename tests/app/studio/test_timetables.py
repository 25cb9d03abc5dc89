"""Timetables that people choose from, and the cron lines that they are."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.app.jobs.cron import next_after
from tunery.app.studio.views import timetables
from tunery.app.studio.views.timetables import Timetable

_TIMES = {"hour": st.integers(0, 23), "minute": st.integers(0, 59)}
_TIMETABLES = st.one_of(
    st.builds(Timetable, st.just("day"), **_TIMES),
    st.builds(Timetable, st.just("week"), **_TIMES, day=st.integers(0, 6)),
    st.builds(Timetable, st.just("month"), **_TIMES, day=st.integers(1, timetables.LAST_DAY)),
)
_NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@given(_TIMETABLES)
def test_what_was_chosen_is_read_back(timetable: Timetable) -> None:
    assert timetables.read_cron(timetable.cron) == timetable


@given(_TIMETABLES)
def test_jobs_start_when_the_timetable_says(timetable: Timetable) -> None:
    there = next_after(timetable.cron, "Asia/Shanghai", _NOW).astimezone(ZoneInfo("Asia/Shanghai"))

    assert (there.hour, there.minute) == (timetable.hour, timetable.minute)
    if timetable.every == "week":
        assert there.isoweekday() % 7 == timetable.day
    if timetable.every == "month":
        assert there.day == timetable.day


@pytest.mark.parametrize("cron", ["*/5 * * * *", "0 3 1 * 1", "0 3 * 2 *", "* 3 * * *", "0 3 1-5 * *", "0 3 * *", ""])
def test_other_lines_are_shown_as_they_are(cron: str) -> None:
    assert timetables.words(cron) == cron


def test_people_read_words() -> None:
    assert timetables.words("0 3 * * *") == "every day at 03:00"
    assert timetables.words("30 18 * * 7") == "every Sunday at 18:30"
    assert timetables.words("5 0 28 * *") == "on day 28 of every month at 00:05"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("03:30", (3, 30)),
        (" 3:05 ", (3, 5)),
        ("23：59", (23, 59)),
        ("24:00", None),
        ("3:60", None),
        ("3", None),
        ("", None),
    ],
)
def test_times_are_read(text: str, time: tuple[int, int] | None) -> None:
    assert timetables.read_time(text) == time
