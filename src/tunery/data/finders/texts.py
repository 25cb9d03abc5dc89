"""Problems of the texts themselves: empty, too long, damaged on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tunery.data.duplicates import duplicate_key
from tunery.data.finders.subject import Finder, Row, Subject, excerpt, problem, share
from tunery.errors import Problem
from tunery.i18n import N_, _


@dataclass(frozen=True, slots=True)
class _Damage:
    """Something in texts that no writer put there."""

    code: str
    pattern: re.Pattern[str]
    message: str
    hint: str


_DAMAGES = (
    _Damage(
        "mojibake",
        # UTF-8 read as Latin-1 or Windows-1252 (two or three characters from the upper half in a row), the replacement
        # character, and what Chinese programs show for it.
        re.compile(r"[ÂÃ][\x80-\xbf]|â€[\x80-\xbf™œžš“”˜¢¦]|[\xe0-\xef][\x80-\xbf]{2}|\ufffd|锟斤拷|烫烫烫"),
        N_("Rows with characters that were read in the wrong encoding: {n:,}. The first has {found} in {text}."),
        N_("Set the encoding of the file, or export it again as UTF-8."),
    ),
    _Damage(
        "html-entity",
        re.compile(r"&(?:[A-Za-z]{2,10}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});"),
        N_("Rows with HTML entities: {n:,}. The first has {found} in {text}."),
        N_("If what you will ask the model has none, turn them into the characters they stand for."),
    ),
    _Damage(
        "html-tag",
        re.compile(
            r"</?(?:a|b|br|div|em|font|h\d|i|img|li|ol|p|span|strong|table|td|th|tr|ul)(?:\s[^<>]{0,500})?/?>", re.I
        ),
        N_("Rows with HTML tags: {n:,}. The first has {found} in {text}."),
        N_("If what you will ask the model has none, remove them."),
    ),
    _Damage(
        "control-character",
        re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060\u2066-\u2069\ufeff]"),
        N_("Rows with control characters or invisible ones: {n:,}. The first has {found} in {text}."),
        N_("Remove them: they divide words where nobody sees it."),
    ),
)


def damaged_texts(subject: Subject) -> Iterator[Problem]:
    """Yield rows with wrongly decoded characters, left-over HTML or control characters."""
    for damage in _DAMAGES:
        found = [row for row in subject.rows if damage.pattern.search(duplicate_key(row.example))]
        if found:
            yield problem("warning", damage.code, _described(damage, found), _(damage.hint), found)


def _described(damage: _Damage, found: list[Row]) -> str:
    text = duplicate_key(found[0].example)
    match = damage.pattern.search(text)
    start = match.start() if match else 0
    shown = excerpt(match[0] if match else "")
    # The beginning of a long text would not show what is meant.
    return _(damage.message).format(n=len(found), found=shown, text=excerpt(text[max(0, start - 16) :]))


def empty_texts(subject: Subject) -> Iterator[Problem]:
    """Yield rows without text."""
    found = [row for row in subject.rows if not row.example.text.strip()]
    if found:
        message = _("Rows without text: {n:,}.").format(n=len(found))
        hint = _("There is nothing to learn from them. Remove them, or check which column holds the text.")
        yield problem("warning", "empty-text", message, hint, found)


def long_texts(subject: Subject) -> Iterator[Problem]:
    """Yield the number of rows that exceed the base model's limit."""
    for name, statistics in subject.statistics.items():
        tokens = statistics.tokens
        if tokens is not None and tokens.first_over_limit is not None:
            message = _("Rows of {name} longer than the limit of {limit:,} tokens: {n:,} ({share}).").format(
                name=name, limit=tokens.limit, n=tokens.over_limit, share=share(tokens.over_limit, statistics.rows)
            )
            hint = _("They are read in overlapping windows; nothing is cut off.")
            line = subject.dataset[name][tokens.first_over_limit].line
            yield Problem("note", "over-limit", message, hint, statistics.file, line, tokens.over_limit)


FINDERS: tuple[Finder, ...] = (empty_texts, damaged_texts, long_texts)
