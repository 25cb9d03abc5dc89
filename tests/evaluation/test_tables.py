from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tunery.evaluation.tables import shorten, shorten_middle, table, width


def test_chinese_takes_two_columns_and_combining_marks_none() -> None:
    assert width("标签") == 4
    assert width("é") == 1


def test_columns_stay_aligned_under_chinese_labels() -> None:
    assert table([["", "f1"], ["疾病", "0.900"], ["drug", "1.000"]], name_right=True) == [
        "         f1",
        "疾病  0.900",
        "drug  1.000",
    ]


@given(st.text(), st.integers(1, 20))
def test_nothing_is_wider_than_it_may_be(text: str, columns: int) -> None:
    short = shorten(text, columns)
    assert width(short) <= columns
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@given(st.text(), st.integers(2, 20))
def test_both_ends_of_a_long_name_are_kept(text: str, columns: int) -> None:
    short = shorten_middle(text, columns)
    assert width(short) <= columns
    begin, _, end = short.rpartition("…")
    assert short == text or (text.startswith(begin) and text.endswith(end))


def test_names_that_begin_alike_are_told_apart() -> None:
    assert shorten_middle("balance_not_updated_after_transfer", 20) == "balance_n…r_transfer"
