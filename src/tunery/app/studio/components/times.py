"""Times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime

from tunery.app.studio.components.markup import Tag
from tunery.i18n import _

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_MONTH = 30 * _DAY


def relative_time(moment: datetime, *, classes: str = "time") -> Tag:
    """Build how long ago something was; the exact time in the reader's zone stands in its title."""
    return Tag("time", ago(moment), classes=classes, datetime=moment.isoformat(), **{"data-local": ""})


def ago(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago a time is, in words."""
    seconds = max(((now or datetime.now(UTC)) - moment).total_seconds(), 0)
    if seconds < _MINUTE:
        return _("just now")
    if seconds < _HOUR:
        return _("{count} min ago").format(count=int(seconds // _MINUTE))
    if seconds < _DAY:
        return _("{count} h ago").format(count=int(seconds // _HOUR))
    if seconds < _MONTH:
        return _("{count} d ago").format(count=int(seconds // _DAY))
    return moment.strftime("%Y-%m-%d")


def duration(seconds: float) -> str:
    """Return a length of time in words."""
    if seconds < _MINUTE:
        return _("{count} s").format(count=round(seconds))
    if seconds < _HOUR:
        return _("{count} min").format(count=round(seconds / _MINUTE))
    return _("{hours} h {minutes} min").format(hours=int(seconds // _HOUR), minutes=int(seconds % _HOUR // _MINUTE))
