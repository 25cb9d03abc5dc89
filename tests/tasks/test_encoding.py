"""Texts become windows of tokens, and every word keeps its place."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.tasks import get
from tunery.tasks.encoding import TextEncoder, text_windows, word_windows
from tunery.types import Example, Span


@given(length=st.integers(0, 500), room=st.integers(2, 60), overlap=st.integers(0, 80))
def test_windows_of_a_text_cover_it_and_fit(length: int, room: int, overlap: int) -> None:
    windows = text_windows(length, room, overlap)
    covered = {token for start, stop in windows for token in range(start, stop)}
    assert covered == set(range(length))
    assert all(stop - start <= room for start, stop in windows)
    assert windows == sorted(set(windows))
    shared = min(overlap, room // 2)
    assert all(before[1] - after[0] >= shared for before, after in pairwise(windows))


@given(sizes=st.lists(st.integers(1, 7), max_size=120), room=st.integers(7, 40), overlap=st.integers(0, 40))
def test_windows_of_words_cover_them_break_at_words_and_fit(sizes: list[int], room: int, overlap: int) -> None:
    starts = np.cumsum([0, *sizes[:-1]]).astype(np.int32) if sizes else np.zeros(0, np.int32)
    windows = word_windows(starts, sum(sizes), room, overlap)
    assert {word for first, last in windows for word in range(first, last)} == set(range(len(sizes)))
    assert all(sum(sizes[first:last]) <= room for first, last in windows)
    assert windows == sorted(set(windows))


def test_a_chinese_character_is_one_token_of_a_sentencepiece_vocabulary(chinese_encoder: TextEncoder) -> None:
    text = "便秘两个多月CT检查"
    offsets = tuple((i, i + 1) for i in range(len(text)))
    (encoding,) = get("token-classification").encode([Example(text, words=offsets)], chinese_encoder, ["disease"])
    assert len(encoding.positions) == len(text)
    assert len(encoding) <= len(text) + 3  # two special tokens, and the space before the first word


@given(text=st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=60))
def test_every_word_of_any_text_has_a_token_of_its_own(english_encoder: TextEncoder, text: str) -> None:
    task = get("token-classification", words="punctuation")
    encodings = task.encode([Example(text, target=())], english_encoder, ["x"])
    seen = {int(word) for encoding in encodings for word in encoding.words}
    from tunery.tasks.words import split_words

    assert seen == set(range(len(split_words(text, "punctuation"))))
    for encoding in encodings:
        assert len(set(encoding.positions.tolist())) == len(encoding.positions) == len(encoding.labels)
        assert len(encoding) <= english_encoder.limit


def test_labels_go_to_the_first_sub_token_of_their_word(english_encoder: TextEncoder) -> None:
    example = Example("Selegiline-induced hypotension", (Span(0, 10, "Drug"), Span(19, 30, "Disease")))
    task = get("token-classification", words="punctuation")
    (encoding,) = task.encode([example], english_encoder, ["Disease", "Drug"])
    tags = task.outputs(["Disease", "Drug"])
    assert [tags[label] for label in encoding.labels] == ["B-Drug", "O", "O", "B-Disease"]
    assert len(encoding) > len(encoding.labels) + 2  # "Selegiline" and "hypotension" are several sub-tokens each


def test_a_long_text_is_read_in_windows_that_share_tokens(english_encoder: TextEncoder) -> None:
    task = get("text-classification", max_length=32, overlap=8)
    encodings = task.encode([Example("word " * 100, "a")], english_encoder, ["a", "b"])
    assert len(encodings) > 3
    assert all(len(encoding) <= 32 for encoding in encodings)
    assert sum(encoding.weight for encoding in encodings) == pytest.approx(1.0)
