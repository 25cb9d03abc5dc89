"""Single values as they come from any format: what counts as nothing, and what as a number."""

from __future__ import annotations

import math

_BLANK = frozenset({"", "nan", "null", "#n/a", "<na>"})


def is_blank(value: object) -> bool:
    """Say whether a cell holds no value: nothing, white space, or what programs write for nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return isinstance(value, str) and value.strip().lower() in _BLANK


def is_number(value: object) -> bool:
    """Say whether a cell is a number or written like one."""
    if isinstance(value, int | float):
        return not isinstance(value, bool)
    if not isinstance(value, str) or not value.strip().isascii():
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True
