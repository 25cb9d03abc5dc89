"""Tokens become the text a person would have written, and keep their places in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.data import joining

TOKENS = st.lists(
    st.text(
        st.one_of(st.characters(codec="utf-8"), st.sampled_from("病，Ａあ😀\u0301")), min_size=1, max_size=4
    ).filter(lambda token: token.strip() == token),
    max_size=8,
)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["EU", "rejects", "."], "EU rejects ."),
        (["使用", "Windows", "10", "。"], "使用Windows 10。"),
        (["東京", "に", "行く"], "東京に行く"),
        (["（", "a", "b", "）"], "（a b）"),
        (["한국", "사람"], "한국 사람"),
        (["“", "好", "”"], "“好”"),
        ([], ""),
    ],
)
def test_spaces_stand_only_where_they_are_written(tokens: list[str], text: str) -> None:
    assert joining.join(tokens, spaces=True)[0] == text


@given(tokens=TOKENS, spaces=st.booleans())
def test_every_token_lies_where_its_offsets_say(tokens: list[str], spaces: bool) -> None:
    text, words = joining.join(tokens, spaces=spaces)
    assert [text[start:end] for start, end in words] == tokens


@given(tokens=TOKENS, gaps=st.lists(st.sampled_from(["", " ", "\u3000", "\r\n"]), min_size=9, max_size=9))
def test_tokens_are_found_again_in_the_text_they_were_cut_from(tokens: list[str], gaps: list[str]) -> None:
    text = "".join(gap + token for gap, token in zip(gaps, tokens, strict=False)) + gaps[-1]
    words = joining.align(tokens, text)
    assert words is not None
    assert [text[start:end] for start, end in words] == tokens


def test_tokens_that_are_not_in_the_text_are_not_placed() -> None:
    assert joining.align(["a", "c"], "a b c") is None
    assert joining.align(["b", "a"], "a b") is None


def test_one_character_a_token_is_told_from_words() -> None:
    assert joining.one_character_a_token([list("患者做CT检查，无异常。")])
    assert not joining.one_character_a_token([["使用", "系统"], ["a"]])
    assert not joining.one_character_a_token([list("abc")])
    assert not joining.one_character_a_token([])
