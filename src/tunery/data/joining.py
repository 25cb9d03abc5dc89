"""Tokens into text: what a reader would have written, and where in it each token lies.

Between two tokens stands one space, and none beside a Chinese or Japanese character. Data sets with one character a
token are joined without any space, so that their Latin words and numbers come out whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tunery.types import Offsets

# Ideographs and their extensions, kana, bopomofo, CJK punctuation, enclosed forms, full-width and half-width forms.
_CJK = re.compile(
    "[\u2e80-\u312f\u3190-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U000323af]"
)


def is_cjk(character: str) -> bool:
    """Say whether a character is written without spaces around it, as Chinese and Japanese are."""
    return _CJK.match(character) is not None


def one_character_a_token(sentences: Iterable[Sequence[str]]) -> bool:
    """Say whether nearly all tokens of a data set are single characters, most of them Chinese or Japanese."""
    total = single = chinese = 0
    for tokens in sentences:
        total += len(tokens)
        single += sum(len(token) == 1 for token in tokens)
        chinese += len(_CJK.findall("".join(tokens)))
    return total > 0 and single >= 0.95 * total and chinese >= 0.5 * total


def join(tokens: Sequence[str], *, spaces: bool) -> tuple[str, tuple[Offsets, ...]]:
    """Return the text of some tokens and each token's offsets in it.

    Args:
        tokens: The tokens; none is empty.
        spaces: Whether spaces go between tokens that are not Chinese or Japanese.
    """
    parts: list[str] = []
    words: list[Offsets] = []
    position = 0
    last = ""
    for token in tokens:
        if spaces and last and not (is_cjk(last) or is_cjk(token[0])):
            parts.append(" ")
            position += 1
        parts.append(token)
        words.append((position, position + len(token)))
        position += len(token)
        last = token[-1]
    return "".join(parts), tuple(words)


def align(tokens: Sequence[str], text: str) -> tuple[Offsets, ...] | None:
    """Return where tokens lie in the text they were cut from; None if they don't follow each other there.

    Only white space may lie between them.
    """
    words: list[Offsets] = []
    position = 0
    for token in tokens:
        start = text.find(token, position)
        if start < 0 or text[position:start].strip():
            return None
        position = start + len(token)
        words.append((start, position))
    return tuple(words)
