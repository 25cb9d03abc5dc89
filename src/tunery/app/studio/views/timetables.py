"""Timetables that people choose from: every day, every week or every month, at a time of the day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tunery.i18n import N_, _

Every = Literal["day", "week", "month"]
EVERY: dict[Every, str] = {"day": N_("Every day"), "week": N_("Every week"), "month": N_("Every month")}
WEEKDAYS = (
    N_("Sunday"), N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"),
)  # fmt: skip
LAST_DAY = 28
"""The last day that every month has."""
_TIME = re.compile(r"(\d\d?)[:：](\d\d)")


@dataclass(frozen=True)
class Timetable:
    """When something is done again and again.

    Attributes:
        every: How often.
        hour: At which hour, 0 to 23...
        minute: ... and minute.
        day: Of a week the day, 0 for Sunday; of a month the day, 1 to 28.
    """

    every: Every
    hour: int
    minute: int
    day: int = 1

    @property
    def cron(self) -> str:
        """Minute, hour, day, month and day of the week."""
        month_day = self.day if self.every == "month" else "*"
        week_day = self.day if self.every == "week" else "*"
        return f"{self.minute} {self.hour} {month_day} * {week_day}"

    @property
    def words(self) -> str:
        """What people read."""
        time = f"{self.hour:02d}:{self.minute:02d}"
        if self.every == "week":
            return _("every {weekday} at {time}").format(weekday=_(WEEKDAYS[self.day]), time=time)
        if self.every == "month":
            return _("on day {day} of every month at {time}").format(day=self.day, time=time)
        return _("every day at {time}").format(time=time)


def read_cron(cron: str) -> Timetable | None:
    """Return the timetable that a cron line means; None for one that can't be chosen here."""
    fields = cron.split()
    if len(fields) != 5 or fields[3] != "*" or not all(field == "*" or field.isdecimal() for field in fields):
        return None
    minute, hour, month_day, _month, week_day = fields
    if "*" in (minute, hour) or "*" not in (month_day, week_day):
        return None
    time = int(hour), int(minute)
    if month_day != "*":
        return Timetable("month", *time, int(month_day))
    # Cron knows two names for Sunday.
    return Timetable("day", *time) if week_day == "*" else Timetable("week", *time, int(week_day) % 7)


def read_time(text: str) -> tuple[int, int] | None:
    """Return the hour and the minute of a time like ``03:30``; None for what is none."""
    found = _TIME.fullmatch(text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return int(found[1]), int(found[2])


def words(cron: str) -> str:
    """Return a cron line as people say it, or as it is."""
    found = read_cron(cron)
    return cron if found is None else found.words
