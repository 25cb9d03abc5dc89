"""How raw text is split into words: the way the training data was.

Entities are labelled word by word. Data that came as tokens shows how its annotators split text; the rule below that
reproduces their words best is kept with the model, so that raw text meets the words it was trained on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from tunery.types import Example, Offsets

WordRule = Literal["whitespace", "punctuation", "treebank", "characters"]

_CJK = "\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MARKS = "\u0300-\u036f\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef"
# Marks belong to the character before them: an accent or an emoji's skin tone is never a word of its own.
_ONE = rf"[^\s][{_MARKS}]*"
_WHITESPACE = re.compile(r"\S+")
_CHARACTERS = re.compile(_ONE)
_PUNCTUATION = re.compile(rf"[{_CJK}][{_MARKS}]*|(?:(?![{_CJK}_])\w[{_MARKS}]*)+|{_ONE}")
_TREEBANK = re.compile(
    rf"""
      [{_CJK}][{_MARKS}]*                                     # a Chinese character stands alone
    | (?:[^\W\d_]\.){{2,}}                                    # U.S.
    | [+-]?\d+(?:[.,:/-]\d+)*%?                               # 1,234.50  1996-08-22  3-2
    | (?:'s|'S|n't|'re|'ve|'ll|'d|'m)(?!\w)                   # clitics
    | (?:(?![{_CJK}])\w[{_MARKS}]*)+(?:[-.&/'](?!s\b|S\b)(?:(?![{_CJK}])\w[{_MARKS}]*)+)*  # well-known, AT&T, O'Brien
    | \.\.\.|--|``|''                                         # what newspapers use
    | {_ONE}
    """,
    re.VERBOSE,
)
_PATTERNS: dict[WordRule, re.Pattern[str]] = {
    "treebank": _TREEBANK,
    "punctuation": _PUNCTUATION,
    "characters": _CHARACTERS,
    "whitespace": _WHITESPACE,
}
_USABLE = 0.9
"""Agreement below which no rule is believed and only white space divides words."""


def split_words(text: str, rule: WordRule) -> tuple[Offsets, ...]:
    """Return the offsets of the words of ``text``; together they cover every character that is not white space."""
    return tuple(match.span() for match in _PATTERNS[rule].finditer(text))


def agreement(examples: Sequence[Example], rule: WordRule) -> float:
    """Return the F1 of the rule's words against the annotators', over the examples that have any."""
    right = ours = theirs = 0
    for example in examples:
        if example.words is not None:
            found = split_words(example.text, rule)
            right += len(set(found) & set(example.words))
            ours += len(found)
            theirs += len(example.words)
    return 2 * right / (ours + theirs) if ours + theirs else 0.0


def choose_rule(examples: Sequence[Example], sample: int = 2000) -> WordRule:
    """Return the rule that reproduces the annotators' words best.

    White space always reproduces text that was joined from tokens, and says nothing of raw text, where punctuation
    touches the words: it is taken only where every other rule fails.
    """
    split = [example for example in examples if example.words is not None]
    if not split:
        return "punctuation"
    step = max(1, len(split) // sample)
    # Joined text can't show that a rule splits too little, so of two that agree equally the finer one is taken.
    candidates: tuple[WordRule, ...] = ("punctuation", "treebank", "characters")
    score: Callable[[WordRule], float] = lambda rule: agreement(split[::step], rule)  # noqa: E731
    best = max(candidates, key=score)
    return best if score(best) >= _USABLE else "whitespace"
