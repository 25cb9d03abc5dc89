"""When a schedule is next due."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

from tunery.errors import SettingError
from tunery.i18n import _


def next_after(cron: str, zone: str, moment: datetime) -> datetime:
    """Return the first time behind ``moment`` that a schedule is due, in UTC.

    Args:
        cron: Minute, hour, day, month and day of the week.
        zone: The time zone that these are meant in.
        moment: With its zone.

    Raises:
        SettingError: ``cron`` or ``zone`` can't be read, or never comes.
    """
    there = moment.astimezone(_zone(zone))
    if len(cron.split()) != 5 or not croniter.is_valid(cron):
        raise SettingError(
            _("{cron!r} is not a time table.").format(cron=cron[:100]),
            _('Write minute, hour, day, month and day of the week, for example "0 6 * * 1" for Mondays at six.'),
        )
    try:
        found: datetime = croniter(cron, there).get_next(datetime)
    except CroniterBadDateError:
        raise SettingError(_("{cron!r} never comes.").format(cron=cron), _("Write a day that there is.")) from None
    return found.astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SettingError(
            _("There is no time zone {name!r}.").format(name=name[:100]),
            _("Write one like Europe/Berlin, Asia/Shanghai or UTC."),
        ) from None
