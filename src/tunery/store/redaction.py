"""Takes what identifies a person out of a text, before the text is stored.

E-mail addresses, telephone numbers, bank cards and numbers of identity papers are replaced by a word in brackets. Where
a number has check digits, they decide: an order's number that has as many digits as a card stays. All of it takes time
in proportion to the text's length, whatever the text is. A `Finder` finds more beside that (`tunery.store.presidio`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, NamedTuple, Protocol, get_args

from tunery.errors import TuneryError
from tunery.types import Span, Target

Kind = Literal["email", "phone", "card", "id"]
"""What is found: ``id`` is a Chinese resident's, a US social security number, or a passport's behind that word."""
KINDS: tuple[Kind, ...] = get_args(Kind)


class Place(NamedTuple):
    """Where something was taken out.

    Attributes:
        start: Where it began in the text as it was, in characters.
        end: Where it ended.
        length: Characters of what stands there now.
    """

    start: int
    end: int
    length: int


@dataclass(frozen=True)
class Redacted:
    """A text without what identifies a person.

    Attributes:
        text: The text.
        counts: How many of each kind were taken out.
        places: Where, in their order.
    """

    text: str
    counts: dict[str, int]
    places: tuple[Place, ...] = ()


Redactor = Callable[[str], Redacted]
"""What texts go through before they are stored."""
Found = tuple[int, int, str]
"""Where something begins and ends, in characters, and its kind."""


class Finder(Protocol):
    """Finds what the patterns here don't."""

    @property
    def kinds(self) -> Collection[str]:
        """What it may find; such a word in brackets is what was put in its place."""

    def find(self, text: str) -> Iterable[Found]:
        """Yield what identifies a person, in any order; some may overlap."""


class RedactionError(TuneryError):
    """A text can't be redacted, so it must not be stored."""


def redact(text: str, kinds: Collection[str] = KINDS, finder: Finder | None = None) -> Redacted:
    """Return a text without what identifies a person. What was put into it for such by an earlier call stays.

    Args:
        text: The text.
        kinds: What is taken out, of `KINDS`.
        finder: Finds more that is taken out.
    """
    kept = [(match.start(), match.end()) for match in _placeholders(finder).finditer(text)]
    found: list[Found] = []
    for _ in range(_PASSES):
        hidden = sorted([*kept, *((start, end) for start, end, _kind in found)])
        left = _hiding(text, hidden)
        more = [*_patterns(left.translate(_PLAIN), kinds), *(finder.find(left) if finder is not None else ())]
        new = [part for one in _merged(more) for part in _outside(one, hidden, text)]
        if not new:
            break
        found += new
    return _replaced(text, sorted(found))


def _replaced(text: str, found: Sequence[Found]) -> Redacted:
    parts, counts, places, last = [], Counter[str](), [], 0
    for start, end, kind in found:
        word = f"[{kind}]"
        parts += [text[last:start], word]
        places.append(Place(start, end, len(word)))
        counts[kind] += 1
        last = end
    return Redacted("".join([*parts, text[last:]]), dict(counts), tuple(places))


def _patterns(plain: str, kinds: Collection[str]) -> list[Found]:
    found: list[Found] = []
    if "email" in kinds:
        found += [(match.start(), match.end(), "email") for match in _EMAIL.finditer(plain)]
    if "id" in kinds:
        found += [(match.start(1), match.end(1), "id") for match in _PASSPORT.finditer(plain)]
    taken = sorted(found)
    return found + [one for one in _numbers(plain, kinds) if not _touches(taken, one)]


_PASSES = 5
"""How often a text is searched: what is taken out may have hidden what stands right beside it: a@b.cn13812345678.
A text that is made for it would need as many passes as it has parts; the time must stay in proportion."""


def _placeholders(finder: Finder | None) -> re.Pattern[str]:
    names = sorted({*KINDS, *(finder.kinds if finder is not None else ())})
    return re.compile(rf"\[(?:{'|'.join(map(re.escape, names))})\]")


def _hiding(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return a text of the same length that has line breaks where the spans are: no pattern goes across them."""
    parts, last = [], 0
    for start, end in spans:
        parts += [text[last:start], "\n" * (end - start)]
        last = end
    return "".join([*parts, text[last:]])


def _merged(found: Iterable[Found]) -> list[Found]:
    """Make one of those that overlap: all that they cover, with the kind of the longest of them."""
    merged: list[Found] = []
    longest = 0
    for start, end, kind in sorted(found, key=lambda one: one[0]):
        if merged and start < merged[-1][1]:
            first, last, name = merged[-1]
            merged[-1] = (first, max(last, end), kind if end - start > longest else name)
            longest = max(longest, end - start)
        elif start < end:
            merged.append((start, end, kind))
            longest = end - start
    return merged


def _outside(one: Found, hidden: Sequence[tuple[int, int]], text: str) -> Iterator[Found]:
    """Yield the parts of a finding that lie outside all spans and have a letter or a digit."""
    start, end, kind = one
    at = max(0, bisect_left(hidden, (start,)) - 1)
    edges = [start]
    for first, last in takewhile(lambda span: span[0] < end, hidden[at:]):
        if last > start:
            edges += [max(first, start), min(last, end)]
    edges.append(end)
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if any(character.isalnum() for character in text[first:last]):
            yield first, last, kind


def moved(target: Target | None, places: Sequence[Sequence[int]]) -> Target | None:
    """Return a target for the text as it is now: spans stand where their words stand.

    Spans that hold a whole place grow or shrink with it; those that cut one, or lie inside, are left out.

    Args:
        target: For the text as it was.
        places: From `Redacted.places`, or as they came back from JSON.
    """
    if target is None or isinstance(target, str) or not places:
        return target
    spans = [item for item in target if isinstance(item, Span)]
    if len(spans) < len(target):
        return target
    kept = [(span, _moved(span, places)) for span in spans]
    return tuple(Span(*offsets, span.label, span.score) for span, offsets in kept if offsets is not None)


def _moved(span: Span, places: Sequence[Sequence[int]]) -> tuple[int, int] | None:
    before = inside = 0
    for start, end, length in places:
        if end <= span.start:
            before += length - (end - start)
        elif start >= span.end:
            break
        elif start < span.start or end > span.end or (start, end) == (span.start, span.end):
            return None
        else:
            inside += length - (end - start)
    return span.start + before, span.end + before + inside


# -- as it is compared ------------------------------------------------------------------------------------------------

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPACES = dict.fromkeys([0x00A0, 0x2002, 0x2003, 0x2009, 0x202F, 0x3000], " ")
_HYPHENS = dict.fromkeys([0x00AD, *range(0x2010, 0x2016), 0x2212, 0x30FC], "-")
_PLAIN: dict[int, int | str] = {**_WIDE, **_SPACES, **_HYPHENS}
"""One character for one, so that places stay: full-width letters and digits, spaces and hyphens of all kinds."""

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+-][A-Za-z0-9._%+-]{0,63}@"
    r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)
_PASSPORT = re.compile(
    r"(?:护照|(?i:passport))(?:号码|号|(?i: number| no\.?))?[ :#是为]{0,4}"
    r"([A-Za-z]{1,2}[0-9]{6,8}|[0-9]{9})(?![A-Za-z0-9])"
)
_RUN = re.compile(r"[0-9](?:[ .()-]{0,3}[0-9])*", re.ASCII)
"""Digits with what may stand between the groups of one number. A separator is no digit: there is one way to read it."""
_GROUP = re.compile(r"[0-9]+", re.ASCII)
_MOST_DIGITS, _FEWEST_DIGITS = 22, 8
_MOST_GROUPS = 6
"""What a number has that is looked for, with what stands before and behind it: +33 6 12 34 56 78 has six groups."""


class _Number(NamedTuple):
    """Groups of digits that may be one number.

    Attributes:
        digits: All of them.
        sizes: How many each group has.
        between: What stands between them.
        international: Whether a plus stands before.
        check: ``X`` where that stands behind.
        alone: Whether no letter stands before or behind.
    """

    digits: str
    sizes: tuple[int, ...]
    between: str
    international: bool
    check: str
    alone: bool


def _numbers(text: str, kinds: Collection[str]) -> Iterator[tuple[int, int, Kind]]:
    """Yield the numbers that are taken out, from the left, the longest that begins at a place."""
    tests = [(kind, test) for kind, test in _TESTS if kind in kinds]
    for run in _RUN.finditer(text) if tests else ():
        groups = [match.span() for match in _GROUP.finditer(text, *run.span())]
        first = 0
        while first < len(groups):
            found = _longest(text, groups, first, tests)
            if found is None:
                first += 1
                continue
            last, place = found
            yield place
            first = last + 1


def _longest(
    text: str, groups: Sequence[tuple[int, int]], first: int, tests: Sequence[tuple[Kind, Callable[[_Number], bool]]]
) -> tuple[int, tuple[int, int, Kind]] | None:
    start = groups[first][0]
    if first and text[start - 1] == ".":
        return None  # the digits behind a point
    ends, digits = [], 0
    long = "+" in text[max(0, start - 2) : start]  # else no number has only short groups
    for end in range(first, min(first + _MOST_GROUPS, len(groups))):
        size = groups[end][1] - groups[end][0]
        digits += size
        long = long or size >= 4
        if long and _FEWEST_DIGITS <= digits <= _MOST_DIGITS:
            ends.append(end)
    for end in reversed(ends):
        stop = groups[end][1]
        if end + 1 < len(groups) and text[stop] == "." and groups[end + 1][0] == stop + 1:
            continue
        number = _number(text, groups[first : end + 1])
        kind = next((kind for kind, test in tests if test(number)), None)
        if kind is not None:
            begins = start - _before(text, start, number)
            return end, (begins, stop + len(number.check if kind == "id" else ""), kind)
    return None


def _number(text: str, groups: Sequence[tuple[int, int]]) -> _Number:
    start, stop = groups[0][0], groups[-1][1]
    behind = text[stop : stop + 1]
    check = "X" if behind in ("X", "x") and not text[stop + 1 : stop + 2].isalnum() else ""
    before = text[start - 1] if start else ""
    plus = text[max(0, start - 2) : start].rstrip("(")[-1:] == "+"
    return _Number(
        "".join(text[a:b] for a, b in groups),
        tuple(b - a for a, b in groups),
        "".join(text[groups[at][1] : groups[at + 1][0]] for at in range(len(groups) - 1)),
        plus and not text[max(0, start - 3) : start].rstrip("(+")[-1:].isalnum(),
        check,
        not (before.isascii() and (before.isalpha() or before == "_"))
        and not (behind.isascii() and (behind.isalpha() or behind == "_")),
    )


def _before(text: str, start: int, number: _Number) -> int:
    """Return how many characters before the digits belong to the number: a plus, a bracket that is closed in it."""
    count = 0
    if number.between.count(")") > number.between.count("(") and text[start - 1 : start] == "(":
        count = 1
    return count + (text[: start - count][-1:] == "+" if number.international and start > count else 0)


def _touches(taken: Sequence[Found], one: tuple[int, int, Kind]) -> bool:
    at = bisect_left(taken, (one[1],))
    return at > 0 and taken[at - 1][1] > one[0]


# -- what a number is -------------------------------------------------------------------------------------------------

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91")
_BORN = re.compile(r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_ISSUER = re.compile(r"3[0-8]|[45]|6[02-57]|22[2-9]|2[3-6]|27[0-2]|9558")
_GROUPINGS = ((4, 6, 5), (4, 6, 4), (6, 13), (6, 10), (6, 12))
_MOBILE = re.compile(r"(?:(?:00)?86)?1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"(?:0(?:10|2[0-9])[2-8][0-9]{7}|0[3-9][0-9]{2}[2-8][0-9]{6,7})")
_FROM_ABROAD = re.compile(r"86(?:10|2[0-9])[2-8][0-9]{7}|86[3-9][0-9]{2}[2-8][0-9]{6,7}")
_AMERICAN = re.compile(r"1?[2-9][0-9]{2}[2-9][0-9]{6}")
_SOCIAL = re.compile(r"(?!000|666|9)[0-9]{3}(?!00)[0-9]{2}(?!0000)[0-9]{4}")


def _is_id(number: _Number) -> bool:
    """A Chinese resident's number, by GB 11643: 17 digits and a check digit, or the 15 digits of before 1999."""
    digits = number.digits + number.check
    if len(digits) == 18 and digits[:17].isdigit() and digits[6:8] in ("18", "19", "20"):
        total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits[:17], strict=True))
        return _is_born(digits, 10) and "10X98765432"[total % 11] == digits[17]
    if number.sizes == (3, 2, 4):
        return number.alone and number.between in ("--", "  ") and _SOCIAL.fullmatch(number.digits) is not None
    return len(number.digits) == 15 and number.alone and number.sizes in ((15,), (6, 6, 3)) and _is_born(digits, 8)


def _is_born(digits: str, at: int) -> bool:
    return _PROVINCE.match(digits) is not None and _BORN.fullmatch(digits[at : at + 4]) is not None


def _is_card(number: _Number) -> bool:
    """A bank card's number, by ISO/IEC 7812: an issuer's first digits, and Luhn's check digit."""
    digits, sizes = number.digits, number.sizes
    in_fours = all(size == 4 for size in sizes[:-1]) and sizes[-1] <= 4
    if not 13 <= len(digits) <= 19 or not (len(sizes) == 1 or in_fours or sizes in _GROUPINGS):
        return False
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0 and _ISSUER.match(digits) is not None


def _is_phone(number: _Number) -> bool:
    digits, sizes = number.digits, number.sizes
    own = sizes[1:] if number.international or (digits.startswith(("86", "0086")) and sizes[0] in (2, 4)) else sizes
    if _MOBILE.fullmatch(digits):
        return all(size >= 3 for size in own)
    if not number.alone:
        return False
    if number.international:
        return 8 <= len(digits) <= 15 and digits[0] != "0"
    if digits.startswith("00"):
        return 10 <= len(digits) <= 17 and sizes[0] in (4, 5) and len(sizes) > 1
    without_plus = len(sizes) > 2 and _FROM_ABROAD.fullmatch(digits) is not None
    return without_plus or _is_landline(number) or _is_american(number)


def _is_landline(number: _Number) -> bool:
    """A number with its area's, and perhaps an extension."""
    digits, sizes = number.digits, number.sizes
    if len(sizes) > 2 and number.between[-1] == "-" and sizes[-1] < 7 and sizes[-2] >= 7:
        digits, sizes = digits[: -sizes[-1]], sizes[:-1]
    return _LANDLINE.fullmatch(digits) is not None and (len(sizes) == 1 or sizes[0] in (3, 4))


def _is_american(number: _Number) -> bool:
    return number.sizes in ((3, 3, 4), (1, 3, 3, 4)) and _AMERICAN.fullmatch(number.digits) is not None


_TESTS: tuple[tuple[Kind, Callable[[_Number], bool]], ...] = (("id", _is_id), ("card", _is_card), ("phone", _is_phone))
"""In the order in which they are asked: those with check digits first."""
