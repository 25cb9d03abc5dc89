"""Settings from words: keyword arguments, ``--set`` and recipe files into pydantic models, with plain errors."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tunery.errors import SettingError
from tunery.i18n import N_, _

M = TypeVar("M", bound=BaseModel)


def build(model: type[M], values: Mapping[str, object]) -> M:
    """Make a settings object.

    Raises:
        SettingError: A name doesn't exist (the nearest one is suggested) or a value can't be used; all are reported.
    """
    for name in values:
        if name not in model.model_fields:
            raise unknown(name, model.model_fields)
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise SettingError(describe(error)) from None


def unknown(name: str, known: Iterable[str]) -> SettingError:
    """Return the error for a setting that doesn't exist, with the nearest one that does."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = (
        _("Did you mean {near}?").format(near=near[0])
        if near
        else _("There are: {names}.").format(names=", ".join(names))
    )
    return SettingError(_("There is no setting {name}.").format(name=name), hint)


def describe(error: ValidationError) -> str:
    """Return what pydantic found as sentences: the setting, what it must be, what was found."""
    return "\n".join(
        _("{name}: {reason} (found {value!r}).").format(
            name=".".join(str(part) for part in item["loc"]) or _("settings"), reason=reason(item), value=item["input"]
        )
        for item in error.errors()
    )


def reason(item: ErrorDetails) -> str:
    """Return what a value must be, in the reader's language where the demand is a usual one."""
    known = _REASONS.get(item["type"])
    return (
        _(known).format(**{name: _plain(value) for name, value in item.get("ctx", {}).items()})
        if known
        else item["msg"]
    )


def _plain(value: object) -> str:
    # A list of choices has an English "or" before the last.
    return f"{value:g}" if isinstance(value, float) else str(value).replace(" or ", ", ")


_REASONS = {
    "bool_parsing": N_("must be yes or no"),
    "bool_type": N_("must be yes or no"),
    "extra_forbidden": N_("there is no such setting"),
    "finite_number": N_("must be a number"),
    "float_parsing": N_("must be a number"),
    "float_type": N_("must be a number"),
    "greater_than": N_("must be greater than {gt}"),
    "greater_than_equal": N_("must be at least {ge}"),
    "int_from_float": N_("must be a whole number"),
    "int_parsing": N_("must be a whole number"),
    "int_type": N_("must be a whole number"),
    "less_than": N_("must be less than {lt}"),
    "less_than_equal": N_("must be at most {le}"),
    "literal_error": N_("must be one of {expected}"),
    "missing": N_("is missing"),
    "string_type": N_("must be text"),
}
"""What pydantic's kinds of error ask for; it speaks only English itself."""
