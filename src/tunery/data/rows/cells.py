"""Cells as they come from any format: as texts, or not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from tunery.data.readers.base import Row
from tunery.data.rows.base import Report
from tunery.data.values import is_blank
from tunery.i18n import _


def text_of(row: Row, column: str | None, report: Report) -> str | None:
    """Return the row's text; None if it has none, which is reported."""
    value = row.values.get(column or "")
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and not is_blank(value):
        return str(value)
    report.error(
        "text-missing",
        _("The row has no text (found {found!r}).").format(found=str(value)[:40] if value is not None else None),
        _("Give it a text or take it out."),
    )
    return None


def unusable(text: str, report: Report) -> bool:
    """Say whether a text holds what no file can: a NUL, or half of a surrogate pair; it is reported."""
    position = text.find("\0")
    found = "U+0000"
    if position < 0:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            position, found = error.start, f"U+{ord(text[error.start]):04X}"
    if position < 0:
        return False
    report.error(
        "no-character",
        _("At character {position} of the text stands {found}, which is no character.").format(
            position=position, found=found
        ),
        _("Take it out; half of an emoji or a NUL comes from a program that cut or packed the text."),
    )
    return True


def value_of(values: Mapping[str, object], column: str | None) -> str | None:
    """Return the value of an optional column as text; None if the row has none."""
    value = values.get(column) if column else None
    if value is None or value == "" or is_blank(value) or isinstance(value, list | dict):
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
