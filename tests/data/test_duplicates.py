"""Texts that say the same in all but a few characters are found, and short texts that differ in a word are not."""

from __future__ import annotations

import gzip
import json
import random
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunery.data.components import Components
from tunery.data.duplicates import near_duplicate_groups, normalise, similarity


def alike(first: str, second: str) -> bool:
    return len(set(near_duplicate_groups([first, second]))) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Freeze my account", "freeze my account."),
        ("Where is my card?", "  where is\tmy   CARD ?!"),
        ("ＡＢＣ　１２３", "abc 123"),
        ("冻结我的账户", "冻结 我的 账户。"),
        ("（冻结我的账户）", "冻结我的账户"),
        ("I really need to top up my card today, but it is declined. Can you please resolve this problem for me?",
         "I need to top up my card today, but it is declined. Can you please resolve this problem for me"),
        ("育龄妇女处于妊娠、哺乳期、有妊娠意向或妊娠试验阳性，并且在研究期间不能采取有效避孕措施者",
         "育龄妇女处于妊娠、哺乳期、有妊娠意向或妊娠试验阳性，并且在研究期间不能采取有效避孕措施"),
    ],
)  # fmt: skip
def test_these_are_near_duplicates(first: str, second: str) -> None:
    assert alike(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("turn the light on", "turn the light off"),
        ("Turn on lamp 1", "Turn on lamp 2"),
        ("打开客厅的灯", "关闭客厅的灯"),
        ("yes", "no"),
        ("?", "!"),
        ("😀", "😡"),
        ("I was charged a fee", "I was not charged a fee"),
        ("", "a"),
    ],
)
def test_these_are_not(first: str, second: str) -> None:
    assert not alike(first, second)


def test_groups_are_numbered_as_they_occur() -> None:
    assert near_duplicate_groups(["one", "two", "One!", "three", "two "]) == [0, 1, 0, 2, 1]


def test_no_texts_have_no_groups() -> None:
    assert near_duplicate_groups([]) == []


def test_a_lower_threshold_calls_more_alike() -> None:
    pair = ["the quick brown fox jumps over the lazy dog", "the quick brown cat jumps over the lazy dog"]
    assert len(set(near_duplicate_groups(pair))) == 2
    assert len(set(near_duplicate_groups(pair, threshold=0.5))) == 1


def test_thousands_of_copies_of_one_form_are_one_group() -> None:
    form = (
        "Dear customer service, I have been waiting for the parcel with the number {} for more than two weeks by now."
    )
    texts = [form.format(number) for number in range(1500)]
    assert set(near_duplicate_groups(texts)) == {0}


def test_a_lone_surrogate_is_a_text_like_any_other() -> None:
    assert near_duplicate_groups(["\ud800", "\ud800", "\udfff"]) == [0, 0, 1]


def test_a_long_text_is_compared_as_a_whole() -> None:
    words = [f"word{number}" for number in range(10_000)]
    changed = [*words[:-1], "other"]
    assert alike(" ".join(words), " ".join(changed))
    assert not alike(" ".join(words), " ".join(words[: len(words) // 2]))


@given(st.lists(st.text(alphabet="ab 一二.", max_size=30), max_size=25))
@settings(max_examples=150)
def test_the_groups_are_those_that_comparing_every_pair_gives(texts: list[str]) -> None:
    normalised = [normalise(text) for text in texts]
    expected = Components(len(texts))
    for first, second in combinations(range(len(texts)), 2):
        same = normalised[first] == normalised[second]
        if same or similarity(normalised[first], normalised[second]) >= 0.85:
            expected.join(first, second)
    assert near_duplicate_groups(texts) == expected.numbers()


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_real_questions_changed_by_one_letter_are_found_again(shared: Path) -> None:
    with gzip.open(shared / "data" / "banking77" / "test.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = [text for row in file if len(text := json.loads(row)["text"]) >= 60][:400]
    chance = random.Random(0)
    changed = []
    for text in texts:
        place = chance.randrange(len(text))
        changed.append(text[:place] + "x" + text[place + 1 :])
    groups = near_duplicate_groups([*texts, *changed])
    assert groups[: len(texts)] == groups[len(texts) :]
