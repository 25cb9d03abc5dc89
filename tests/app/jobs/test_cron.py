from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tunery.app.jobs.cron import next_after
from tunery.errors import SettingError


def _at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "moment", "expected"),
    [
        ("0 6 * * *", "UTC", "2026-01-01T05:59:59", "2026-01-01T06:00"),
        ("0 6 * * *", "UTC", "2026-01-01T06:00:00", "2026-01-02T06:00"),
        ("0 6 * * *", "Asia/Shanghai", "2026-01-01T00:00", "2026-01-01T22:00"),
        ("0 6 * * 1", "Europe/Berlin", "2026-11-25T00:00", "2026-11-30T05:00"),
        ("*/15 * * * *", "UTC", "2026-01-01T00:01", "2026-01-01T00:15"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00", "2028-02-29T00:00"),
        # The clock goes forward on 2026-03-29 and back on 2026-10-25 in Berlin: six there stays six.
        ("0 6 * * *", "Europe/Berlin", "2026-03-28T05:00", "2026-03-29T04:00"),
        ("0 6 * * *", "Europe/Berlin", "2026-10-24T04:00", "2026-10-25T05:00"),
    ],
)
def test_the_next_time_is_meant_in_its_zone(cron: str, zone: str, moment: str, expected: str) -> None:
    assert next_after(cron, zone, _at(moment)) == _at(expected)


@pytest.mark.parametrize("cron", ["", "never", "* * * *", "* * * * * *", "61 * * * *", "0 6 * * *" * 100])
def test_what_is_no_time_table_is_refused(cron: str) -> None:
    with pytest.raises(SettingError, match="is not a time table"):
        next_after(cron, "UTC", _at("2026-01-01T00:00"))


def test_a_time_that_never_comes_is_refused() -> None:
    with pytest.raises(SettingError, match="never comes"):
        next_after("0 0 30 2 *", "UTC", _at("2026-01-01T00:00"))


@pytest.mark.parametrize("zone", ["", "Berlin", "../etc/passwd", "UTC\0"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(SettingError, match="There is no time zone"):
        next_after("0 6 * * *", zone, _at("2026-01-01T00:00"))
