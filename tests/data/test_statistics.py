"""A split in numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tunery.data.dataset import Dataset, Schema, Split
from tunery.data.statistics import Lengths, SplitStatistics, labels_in, statistics
from tunery.types import Example, Span


def numbers(*examples: Example, limit: int | None = None) -> SplitStatistics:
    data = Dataset({"train": Split("train", examples, "train.csv")}, Schema("label"))
    return statistics(data, lambda texts: [len(text.split()) for text in texts], limit)["train"]


def test_labels_are_counted_by_row_the_most_frequent_first() -> None:
    result = numbers(Example("x", "b"), Example("y", "a"), Example("z", "a"), Example("w", None))
    assert list(result.labels.items()) == [("a", 2), ("b", 1)]
    assert (result.rows, result.unlabelled, result.without) == (4, 1, 0)


def test_equally_frequent_labels_are_sorted() -> None:
    assert list(numbers(Example("x", ("c", "b")), Example("y", ("a",))).labels) == ["a", "b", "c"]


def test_spans_are_counted_one_by_one() -> None:
    result = numbers(Example("Ada met Bob", (Span(0, 3, "PER"), Span(8, 11, "PER"))), Example("nobody", ()))
    assert result.labels == {"PER": 2}
    assert result.without == 1


def test_a_row_without_an_answer_has_no_labels() -> None:
    assert labels_in(Example("x")) == ()


def test_characters_are_code_points_of_both_texts() -> None:
    assert numbers(Example("👩‍👧", "a", text_pair="两个")).characters.max == 5


def test_rows_at_the_limit_do_not_exceed_it() -> None:
    tokens = numbers(Example("one two", "a"), Example("one two three", "b"), Example("1 2 3 4", "b"), limit=2).tokens
    assert tokens is not None
    assert (tokens.limit, tokens.over_limit, tokens.first_over_limit) == (2, 2, 1)


def test_an_empty_split_has_no_length() -> None:
    assert Lengths.of([], 7) == Lengths(0.0, 0.0, 0, 7)


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_lengths_are_those_of_numpy(lengths: list[int]) -> None:
    result = Lengths.of(lengths)
    assert result.median == np.median(lengths)
    assert result.median <= result.p95 <= result.max == max(lengths)
