"""Raw text is split the way the training data was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.tasks.words import WordRule, choose_rule, split_words
from tunery.types import Example

RULES: tuple[WordRule, ...] = ("whitespace", "punctuation", "treebank", "characters")


def words(text: str, rule: WordRule) -> list[str]:
    return [text[start:end] for start, end in split_words(text, rule)]


def from_tokens(*tokens: str, joint: str = " ") -> Example:
    offsets, position = [], 0
    for token in tokens:
        offsets.append((position, position + len(token)))
        position += len(token) + len(joint)
    return Example(joint.join(tokens), words=tuple(offsets))


@given(text=st.text(max_size=200), rule=st.sampled_from(RULES))
def test_words_cover_every_visible_character_once_and_in_order(text: str, rule: WordRule) -> None:
    covered: list[int] = []
    for start, end in split_words(text, rule):
        assert start < end
        covered.extend(range(start, end))
    assert covered == sorted(set(covered))
    assert {i for i, character in enumerate(text) if not character.isspace()} <= set(covered)
    assert not any(text[i].isspace() for i in covered)


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        ("EU rejects German call.", "treebank", ["EU", "rejects", "German", "call", "."]),
        ("The U.S. paid 1,234.50 (up 3.5%).", "treebank",
         ["The", "U.S.", "paid", "1,234.50", "(", "up", "3.5%", ")", "."]),
        ("Germany's well-known AT&T, 1996-08-22", "treebank",
         ["Germany", "'s", "well-known", "AT&T", ",", "1996-08-22"]),
        ("Parkinson's disease (PD)", "punctuation", ["Parkinson", "'", "s", "disease", "(", "PD", ")"]),
        ("吃了2片阿司匹林。", "punctuation", ["吃", "了", "2", "片", "阿", "司", "匹", "林", "。"]),
        ("去New York玩", "treebank", ["去", "New", "York", "玩"]),
        ("CT检查", "characters", ["C", "T", "检", "查"]),
        ("cafe\u0301 👍🏽!", "punctuation", ["cafe\u0301", "👍🏽", "!"]),
        ("ＦＵＬＬ，ｗｉｄｔｈ\r\nline", "punctuation", ["ＦＵＬＬ", "，", "ｗｉｄｔｈ", "line"]),
    ],
)  # fmt: skip
def test_each_rule_splits_as_its_name_says(text: str, rule: WordRule, expected: list[str]) -> None:
    assert words(text, rule) == expected


def test_the_rule_that_reproduces_the_annotators_words_is_chosen() -> None:
    newspaper = [
        from_tokens("The", "U.S.", "paid", "1,234.50", "to", "AT&T", "."),
        from_tokens("Germany", "'s", "mid-table"),
    ]
    medical = [from_tokens("56", "-", "year", "-", "old", "with", "Parkinson", "'", "s", "disease")]
    chinese = [from_tokens("C", "T", "1", "2", "天", "了", joint="")]
    assert choose_rule(newspaper) == "treebank"
    assert choose_rule(medical) == "punctuation"
    assert choose_rule(chinese) == "characters"


def test_only_white_space_divides_words_where_no_rule_fits() -> None:
    assert choose_rule([from_tokens("a.b.,c", "(d)e!", "@f#g", "h:;i", "--j--")]) == "whitespace"


def test_text_that_came_unsplit_is_split_at_punctuation() -> None:
    assert choose_rule([Example("Flood in #Ecuador!")]) == "punctuation"
