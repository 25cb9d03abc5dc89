"""Tag schemes: recognised over a whole data set, decoded to spans of tokens, and written as IOB2.

All schemes say where a span begins (``B``), goes on (``I``, ``M``), ends (``E``, ``L``) or is a single token (``S``,
``U``); they differ in which of these they use. So one decoder reads them all, and what a scheme forbids is counted:
those transitions are mended the way most evaluations do, a span begins where it can't go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

SchemeName = Literal["IOB1", "IOB2", "BIOES", "BILOU", "BMES", "IO"]
TokenSpan: TypeAlias = tuple[int, int, str]
"""First token, token behind the last, label."""

OUTSIDE = "O"
UNNAMED = "entity"
"""The label where tags say only ``B`` and ``I``."""

_PREFIXED = re.compile(r"([BIESLUM])[-_](.*\S.*)", re.DOTALL)
_NAMELESS = re.compile(r"[BIESLUMO][-_]\s*")
_LETTERS = frozenset("BIESLUM")


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a data set writes its spans.

    Attributes:
        name: The scheme.
        separator: What stands between prefix and label; empty where tags are labels, or prefixes, alone.
        parts: Each tag that is a valid one, as prefix and label.
        unknown: The tags that are none.
    """

    name: SchemeName
    separator: str
    parts: dict[str, tuple[str, str]] = field(repr=False)
    unknown: frozenset[str] = frozenset()

    @property
    def closed(self) -> bool:
        """Whether every span must end with a tag that says so."""
        return self.name in ("BIOES", "BILOU", "BMES")


def recognise(sentences: Iterable[Sequence[str]]) -> Scheme:
    """Return the scheme that fits the tags of a whole data set best."""
    sentences = list(sentences)
    tags = {tag for sentence in sentences for tag in sentence} - {OUTSIDE}
    parts, unknown, separator = _parts(tags)
    prefixes = {prefix for prefix, _label in parts.values()}
    parts[OUTSIDE] = (OUTSIDE, "")
    return Scheme(_name(prefixes, parts, sentences), separator, parts, frozenset(unknown))


def decode(tags: Sequence[str], scheme: Scheme) -> tuple[list[TokenSpan], list[int]]:
    """Return the spans that tags mark, and the tokens at which a transition was invalid and mended.

    Args:
        tags: One tag a token; tags that the scheme doesn't know count as outside.
        scheme: The scheme of the data set.
    """
    spans: list[TokenSpan] = []
    mended: list[int] = []
    start, label = -1, ""
    for position, tag in enumerate(tags):
        prefix, kind = scheme.parts.get(tag, (OUTSIDE, ""))
        goes_on = start >= 0 and kind == label and prefix in "IMEL"
        if not goes_on:
            if start >= 0:
                spans.append((start, position, label))
            if _invalid(prefix, kind, start >= 0, label, scheme):
                mended.append(position)
            start, label = (-1, "") if prefix == OUTSIDE else (position, kind)
        if start >= 0 and prefix in "ELSU":
            spans.append((start, position + 1, label))
            start, label = -1, ""
    if start >= 0:
        spans.append((start, len(tags), label))
        if scheme.closed:
            mended.append(len(tags) - 1)
    return spans, mended


def encode(spans: Iterable[TokenSpan], length: int) -> list[str]:
    """Return the IOB2 tags of ``length`` tokens; the inverse of `decode` for spans that don't overlap."""
    tags = [OUTSIDE] * length
    for start, end, label in spans:
        tags[start] = f"B-{label}"
        tags[start + 1 : end] = [f"I-{label}"] * (end - start - 1)
    return tags


def _invalid(prefix: str, kind: str, inside: bool, label: str, scheme: Scheme) -> bool:
    """Say whether the scheme forbids this tag here, given that it doesn't continue the open span."""
    if inside and scheme.closed:
        return True
    if prefix in ("I", "M"):
        return scheme.name not in ("IOB1", "IO")
    if prefix in ("E", "L"):
        return True
    return prefix == "B" and scheme.name == "IOB1" and not (inside and kind == label)


def _parts(tags: Iterable[str]) -> tuple[dict[str, tuple[str, str]], set[str], str]:
    known = set(tags)
    matches = {tag: match for tag in known if (match := _PREFIXED.fullmatch(tag))}
    if matches:
        separators = [tag[1] for tag in matches]
        parts = {tag: (match[1], match[2]) for tag, match in matches.items()}
        return parts, known - set(matches), max("-_", key=separators.count)
    if known and known <= _LETTERS:
        return {tag: (tag, UNNAMED) for tag in known}, set(), ""
    blank = {tag for tag in known if not tag.strip() or _NAMELESS.fullmatch(tag)}
    return {tag: ("I", tag) for tag in known - blank}, blank, ""


def _name(prefixes: set[str], parts: dict[str, tuple[str, str]], sentences: Sequence[Sequence[str]]) -> SchemeName:
    if "M" in prefixes:
        return "BMES"
    if prefixes & {"L", "U"}:
        return "BILOU"
    if prefixes & {"E", "S"}:
        return "BIOES"
    if prefixes == {"I"}:
        return "IO"
    first = Scheme("IOB1", "", parts)
    second = Scheme("IOB2", "", parts)
    invalid_first = sum(len(decode(tags, first)[1]) for tags in sentences)
    invalid_second = sum(len(decode(tags, second)[1]) for tags in sentences)
    return "IOB1" if invalid_first < invalid_second else "IOB2"
