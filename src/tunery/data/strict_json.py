"""JSON that means one thing: no key twice, no endless nesting, every failure an ordinary error."""

from __future__ import annotations

import json
from collections.abc import Generator

from tunery.i18n import N_, _

MAX_DEPTH = 64
"""Deepest nesting; labelled data needs five levels."""


_REASONS = {
    "Expecting value": N_("a value is missing"),
    "Expecting ',' delimiter": N_("a comma is missing, or what was opened is not closed"),
    "Expecting ':' delimiter": N_("a colon is missing"),
    "Expecting property name enclosed in double quotes": N_("a name in double quotes is missing"),
    "Illegal trailing comma before end of object": N_("a comma is too many"),
    "Illegal trailing comma before end of array": N_("a comma is too many"),
    "Unterminated string starting at": N_("a string is not closed"),
    "Invalid control character at": N_("a line break or another control character stands in a string"),
    "Invalid \\escape": N_("a backslash is followed by what it can't stand before"),
    "Invalid \\uXXXX escape": N_("\\u is not followed by four hexadecimal digits"),
}
"""What Python's decoder says, in words for people who did not write the file."""


class JsonError(ValueError):
    """Text that is not the JSON a data set may hold.

    Args:
        reason: What is wrong, as a sentence.
        position: Where, in characters.
    """

    def __init__(self, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise JsonError(_("key {key!r} occurs twice").format(key=twice))
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_once)
_SPACE = " \t\r\n"


def parse(text: str, start: int = 0) -> tuple[object, int]:
    """Return the JSON value that starts at ``start`` (after white space) and the position behind it.

    Raises:
        JsonError: There is none.
    """
    start = skip_space(text, start)
    try:
        value, end = _DECODER.raw_decode(text, start)
    except JsonError as error:
        raise JsonError(error.reason, start) from None
    except json.JSONDecodeError as error:
        raise JsonError(_(_REASONS.get(error.msg, error.msg)), error.pos) from None
    except RecursionError:
        raise JsonError(_("it is nested too deeply"), start) from None
    except ValueError:
        raise JsonError(_("a number has too many digits"), start) from None
    if _deeper_than(value, MAX_DEPTH):
        raise JsonError(_("it is nested too deeply"), start)
    return value, end


def parse_whole(text: str) -> object:
    """Return the JSON value that ``text`` is.

    Raises:
        JsonError: It isn't one, or more follows.
    """
    value, end = parse(text)
    end = skip_space(text, end)
    if end != len(text):
        raise JsonError(_("something follows the value"), end)
    return value


def skip_space(text: str, position: int) -> int:
    """Return the position of the next character that is not JSON's white space."""
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position


def elements(text: str, position: int) -> Generator[tuple[object, int], None, int]:
    """Yield each element of the array that opens at ``position`` with its own; return the position behind the array.

    Raises:
        JsonError: The array is broken; what came before has been yielded.
    """
    position = skip_space(text, position + 1)
    if text[position : position + 1] == "]":
        return position + 1
    while True:
        start = skip_space(text, position)
        value, end = parse(text, start)
        yield value, start
        position = skip_space(text, end)
        following = text[position : position + 1]
        if following == "]":
            return position + 1
        if following != ",":
            raise JsonError(_("a comma or ] is missing"), position)
        position += 1


def _deeper_than(value: object, limit: int) -> bool:
    level = [value]
    for _depth in range(limit):
        level = [
            child
            for item in level
            if isinstance(item, list | dict)
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, list | dict)
        ]
        if not level:
            return False
    return True
