"""The language that people read: English or Chinese, from one message catalogue.

Command line, reports, errors and the studio all take their words from ``locale/``. A message is
written in English at the place where it is needed, ``_("...")``; the catalogue holds its Chinese.
Parameters go in after translation: ``_("Found {n} rows").format(n=n)``.

The language is the one chosen with `use_language`, else that of the place (`ask_place`), else ``TUNERY_LANG``, else
the locale's.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")
"""The languages that every message exists in."""

_LOCALE_DIR = Path(__file__).parent / "locale"
_FULL_STOPS = ("。", "！", "？", "；", "：")
_chosen: ContextVar[str | None] = ContextVar("tunery_language", default=None)
_places: list[Callable[[], str | None]] = []
_remembers: ContextVar[bool] = ContextVar("tunery_remembers", default=False)


class Remembered(str):
    """A message that knows what it was made of, so that it can be said in another language later.

    Attributes:
        message: In English, as it stands in the code.
        values: What went into it.
    """

    __slots__ = ("message", "values")
    message: str
    values: dict[str, object]

    def format(self, *args: object, **values: object) -> str:
        """Put the values in, and remember them."""
        return _remembered(super().format(*args, **values), self.message, values)


def language() -> str:
    """Return the language in force, one of `LANGUAGES`."""
    return _chosen.get() or next(filter(None, (place() for place in _places)), None) or _from_environment()


@contextmanager
def use_language(name: str | None) -> Iterator[None]:
    """Speak ``name`` (for example ``"zh"``, ``"zh-CN"`` or ``"en_GB"``) within the block; None takes a choice back."""
    token = _chosen.set(None if name is None else _supported(name))
    try:
        yield
    finally:
        _chosen.reset(token)


@contextmanager
def remembering() -> Iterator[None]:
    """Make messages within the block such that `parts_of` gives what they are made of."""
    token = _remembers.set(True)
    try:
        yield
    finally:
        _remembers.reset(token)


def composed(pattern: str, **values: object) -> str:
    """Return ``pattern`` with its values in it: what is the same in every language but for messages among them."""
    said = pattern.format(**values)
    return _remembered(said, pattern, values) if _remembers.get() else said


def parts_of(text: str) -> dict[str, Any] | None:
    """Return, as plain values for JSON, what `say` makes a message of; None where that isn't known."""
    if not isinstance(text, Remembered):
        return None
    return {"message": text.message, "values": {name: _part(value) for name, value in text.values.items()}}


def say(parts: Mapping[str, Any]) -> str:
    """Return a message in the language in force.

    Args:
        parts: What `parts_of` gave.
    """
    values = {name: say(value) if isinstance(value, Mapping) else value for name, value in parts["values"].items()}
    said = _catalogue(language()).gettext(parts["message"])
    return said.format(**values) if values else said


def ask_place(place: Callable[[], str | None]) -> None:
    """Where no language was chosen, let ``place`` say whose words are being made: a page has its reader's.

    Args:
        place: Returns one of `LANGUAGES`, or None where it doesn't know.
    """
    if place not in _places:
        _places.append(place)


def _(message: str) -> str:
    """Return ``message`` in the language in force, or as it is where no translation exists."""
    said = _catalogue(language()).gettext(message)
    return _remembered(said, message, {}) if _remembers.get() else said


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark ``message`` for the catalogue and return it as it is, to be translated where it is shown."""
    return message


def joined(*sentences: str) -> str:
    """Return sentences as one text: a space stands between them, except after a full-width full stop."""
    text = ""
    for sentence in filter(None, sentences):
        text += sentence if not text or text.endswith(_FULL_STOPS) else f" {sentence}"
    return text


def _from_environment() -> str:
    # The order is gettext's own; TUNERY_LANG goes first so that one program can differ from the rest.
    for variable in ("TUNERY_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return _supported(value)
    return "en"


def _supported(name: str) -> str:
    return "zh" if name.lower().startswith("zh") else "en"


def _remembered(said: str, message: str, values: dict[str, object]) -> Remembered:
    made = Remembered(said)
    made.message, made.values = message, values
    return made


def _part(value: object) -> object:
    parts = parts_of(value) if isinstance(value, str) else None
    if parts is not None:
        return parts
    return value if isinstance(value, int | float) else str(value)


@cache
def _catalogue(name: str) -> gettext.NullTranslations:
    return gettext.translation("tunery", _LOCALE_DIR, languages=[name], fallback=True)
