"""Sentences read with their neighbours: within a document, as far as they fit, wherever portions end."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.tasks import get
from tunery.tasks.encoding import TextEncoder
from tunery.tasks.loss import IGNORED
from tunery.tasks.portions import encode_in_portions
from tunery.types import Example, Span

WORDS = ("Rome", "is", "in", "Italy", "where", "we", "met", "Ann", "today", ".")


def sentence(number: int, document: str | None = "one") -> Example:
    text = f"{WORDS[number % 10]} {WORDS[(number * 3) % 10]} {number}"
    return Example(text, (Span(0, len(WORDS[number % 10]), "X"),), document=document)


def tokens(encoder: TextEncoder, *rows: Example) -> list[int]:
    task = get("token-classification", words="whitespace")
    size = len(encoder.prefix), len(encoder.suffix)
    return [
        int(token) for row in task.encode(rows, encoder, ["X"]) for token in row.input_ids[size[0] : -size[1] or None]
    ]


def test_neighbours_of_the_same_document_stand_around_a_sentence(english_encoder: TextEncoder) -> None:
    rows = [sentence(0, "a"), sentence(1, "b"), sentence(2, "b"), sentence(3, "b"), sentence(4, "b"), sentence(5, None)]
    task = get("token-classification", words="whitespace", context=1)
    plain = get("token-classification", words="whitespace").encode(rows, english_encoder, ["X"])
    found = task.encode(rows, english_encoder, ["X"])
    expected = [rows[:1], rows[1:3], rows[1:4], rows[2:5], rows[3:5], rows[5:]]
    for encoding, alone, around in zip(found, plain, expected, strict=True):
        assert encoding.input_ids[1:-1].tolist() == tokens(english_encoder, *around)
        # What is learned and answered is the sentence itself.
        assert encoding.labels.tolist() == alone.labels.tolist()
        assert encoding.input_ids[encoding.positions].tolist() == alone.input_ids[alone.positions].tolist()


@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=9), reach=st.integers(1, 4), limit=st.integers(16, 40),
    documents=st.lists(st.sampled_from(["a", "b", None]), min_size=9, max_size=9),
)  # fmt: skip
def test_a_window_is_full_before_a_neighbour_is_left_out(
    english_encoder: TextEncoder, lengths: list[int], reach: int, limit: int, documents: list[str | None]
) -> None:
    rows = [
        Example(" ".join(["in"] * length), (), document=document)
        for length, document in zip(lengths, documents, strict=False)
    ]
    task = get("token-classification", words="whitespace", context=reach, max_length=limit)
    windows = task.encode(rows, english_encoder, [])
    room = limit - 2
    for row, length in enumerate(lengths):
        own = [window for window in windows if window.row == row]
        assert sorted({int(word) for window in own for word in window.words}) == list(range(length))
        around = 0
        for step in (-1, 1):
            other = row + step
            while (
                0 <= other < len(rows) and abs(other - row) <= reach and rows[row].document is not None
                and rows[other].document == rows[row].document
            ):  # fmt: skip
                around += lengths[other]
                other += step
        if length <= room:
            assert len(own[0]) - 2 == min(room, length + around)


@given(count=st.integers(0, 23), size=st.integers(1, 9), reach=st.integers(0, 4))
def test_where_portions_end_makes_no_difference(
    english_encoder: TextEncoder, count: int, size: int, reach: int
) -> None:
    task = get("token-classification", words="whitespace", context=reach)
    rows = [sentence(number, "ab"[number // 8 % 2]) for number in range(count)]
    whole = task.encode(rows, english_encoder, ["X"])
    portions = list(encode_in_portions(task, iter(rows), english_encoder, ["X"], size))
    assert [row for own, _windows in portions for row in own] == rows
    assert all(len(own) <= size for own, _windows in portions)
    parts = [(row, window) for own, windows in portions for window in windows for row in [own[window.row]]]
    assert len(parts) == len(whole)
    for (row, window), expected in zip(parts, whole, strict=True):
        assert row == rows[expected.row]
        np.testing.assert_array_equal(window.input_ids, expected.input_ids)
        np.testing.assert_array_equal(window.positions, expected.positions)


@pytest.mark.parametrize("value", [-1, 9])
def test_context_has_limits(value: int) -> None:
    from tunery.errors import SettingError

    with pytest.raises(SettingError, match="context"):
        get("token-classification", context=value)


@given(
    lengths=st.lists(st.integers(0, 30), min_size=1, max_size=12), reach=st.integers(1, 4), limit=st.integers(16, 40),
    documents=st.lists(st.sampled_from(["a", "b", None]), min_size=12, max_size=12),
    labelled=st.lists(st.booleans(), min_size=12, max_size=12),
)  # fmt: skip
def test_every_label_is_learned_in_one_window_with_its_document_around_it(
    english_encoder: TextEncoder, lengths: list[int], reach: int, limit: int, documents: list[str | None],
    labelled: list[bool],
) -> None:  # fmt: skip
    rows = [
        Example(" ".join(["in"] * length), () if known else None, document=document)
        for length, document, known in zip(lengths, documents, labelled, strict=False)
    ]
    task = get("token-classification", words="whitespace", context=reach, max_length=limit, overlap=0)
    alone = get("token-classification", words="whitespace", max_length=limit, overlap=0)
    plain = [window for window in alone.encode(rows, english_encoder, ["X"]) if window.labels.size]
    windows = [window for window in task.encode_to_learn(rows, english_encoder, ["X"]) if window.labels.size]
    wanted = [token for window in plain for token in window.input_ids[window.positions].tolist()]
    learned = [
        int(token)
        for window in windows
        for token in window.input_ids[window.positions[window.labels != IGNORED]]
    ]  # fmt: skip
    assert learned == wanted
    assert sum(window.weight for window in windows) == pytest.approx(sum(window.weight for window in plain))
    assert all(len(window) <= limit for window in windows)
    for window in windows:
        assert window.weight <= 2 * reach + 1
        if window.weight > 1:
            inside = rows[window.row :]
            held = {row.document for row, before in _sums(inside) if before < len(window) - 2}
            assert held == {inside[0].document} != {None}


def _sums(rows: list[Example]) -> list[tuple[Example, int]]:
    """Return each row with how many words stand before it."""
    return list(zip(rows, itertools.accumulate([0, *(len(row.text.split()) for row in rows[:-1])]), strict=True))


def test_learning_with_context_reads_no_more_than_without(english_encoder: TextEncoder) -> None:
    rows = [sentence(number, "ab"[number // 8 % 2]) for number in range(16)]
    alone = get("token-classification", words="whitespace")
    task = get("token-classification", words="whitespace", context=2)
    before = sum(len(window) for window in alone.encode_to_learn(rows, english_encoder, ["X"]))
    windows = task.encode_to_learn(rows, english_encoder, ["X"])
    assert [window.row for window in windows] == [0, 5, 8, 13]
    assert sum(len(window) for window in windows) < before
    gold = [label for window in alone.encode(rows, english_encoder, ["X"]) for label in window.labels.tolist()]
    assert [label for window in windows for label in window.labels.tolist()] == gold
