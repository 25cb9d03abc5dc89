"""Settings from words: keyword arguments, ``--set name=value`` and recipe files into pydantic models, with plain errors."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from tunery.errors import SettingError
from tunery.i18n import _

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
            name=".".join(str(part) for part in item["loc"]) or _("settings"), reason=item["msg"], value=item["input"]
        )
        for item in error.errors()
    )
