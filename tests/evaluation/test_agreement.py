"""How far annotators agree, held against the libraries that others measure it with."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from tunery.data.annotation_formats import Annotated, Answer
from tunery.errors import DataError
from tunery.evaluation.agreement import agreement
from tunery.evaluation.reliability import masi
from tunery.i18n import use_language
from tunery.types import Example, Span, Target

PEOPLE = ("ann", "bob", "cat", "dan")
FEW = {"resamples": 20}


def table(rows: Sequence[Sequence[Target | None]], text: str = "Ann met Bob") -> list[Annotated]:
    """Return texts from rows with one answer for each person; None where somebody did not answer."""
    return [
        Annotated(Example(text), tuple(Answer(who, it) for who, it in zip(PEOPLE, row, strict=False) if it is not None))
        for row in rows
    ]


def reference(rows: Sequence[Sequence[Any]], values: Sequence[Any], level: Any = "nominal") -> float:
    counts = np.array([[sum(given == value for given in row) for value in values] for row in rows])
    return float(
        krippendorff.alpha(value_counts=counts, value_domain=np.arange(len(values)), level_of_measurement=level)
    )


ONE = st.lists(st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=4, max_size=4), min_size=2, max_size=12)


@settings(max_examples=150)
@given(rows=ONE)
def test_alpha_of_one_label_is_that_of_the_reference(rows: list[list[str | None]]) -> None:
    pairable = [row for row in rows if sum(value is not None for value in row) > 1]
    assume(len({value for row in pairable for value in row} - {None}) > 1)
    found = agreement(table(rows), **FEW)
    assert found.alpha == pytest.approx(reference(rows, ["a", "b", "c"]))
    assert found.texts == len(pairable)
    assert found.interval is not None


SETS = [(), ("a",), ("b",), ("a", "b"), ("a", "b", "c"), ("b", "c")]


@settings(max_examples=100)
@given(rows=st.lists(st.lists(st.sampled_from([None, *SETS]), min_size=3, max_size=3), min_size=2, max_size=10))
def test_alpha_of_several_labels_is_that_of_the_reference(rows: list[list[tuple[str, ...] | None]]) -> None:
    pairable = [row for row in rows if sum(value is not None for value in row) > 1]
    assume(len({value for row in pairable for value in row} - {None}) > 1)
    assume(any(value for row in rows for value in row))
    distance = masi([frozenset(one) for one in SETS])

    def level(v1: Any, v2: Any, i1: Any, i2: Any, n_v: Any, dtype: Any = np.float64) -> Any:
        return distance[v1.astype(int), v2.astype(int)]

    found = agreement(table(rows), **FEW)
    assert found.alpha == pytest.approx(reference(rows, SETS, level))
    for label, alpha in found.per_label.items():
        binary = [[None if one is None else label in one for one in row] for row in pairable]
        if len({value for row in binary for value in row} - {None}) > 1:
            assert alpha == pytest.approx(reference(binary, [False, True]))
        else:
            assert alpha is None


def test_masi_knows_equal_subset_overlap_and_disjoint() -> None:
    ab, a, bc, d, nothing = (frozenset(one) for one in ("ab", "a", "bc", "d", ""))
    distance = masi([ab, a, bc, d, nothing])
    assert np.allclose(distance, distance.T)
    assert np.allclose(np.diag(distance), 0.0)
    assert distance[0, 1] == pytest.approx(1 - 1 / 2 * 2 / 3)
    assert distance[0, 2] == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert distance[0, 3] == distance[0, 4] == 1.0


def test_one_label_each_is_the_same_on_both_scales() -> None:
    generator = random.Random(3)
    rows = [[generator.choice("abc") for _ in range(3)] for _ in range(40)]
    as_sets = [[(value,) for value in row] for row in rows]
    one, several = agreement(table(rows), **FEW), agreement(table(as_sets), **FEW)
    assert (one.kind, several.kind) == ("label", "labels")
    assert one.alpha == pytest.approx(several.alpha)
    assert one.per_label == pytest.approx(several.per_label)


@settings(max_examples=100)
@given(rows=ONE)
def test_kappa_of_each_pair_is_that_of_scikit_learn(rows: list[list[str | None]]) -> None:
    for pair in agreement(table(rows), **FEW).pairs:
        columns = PEOPLE.index(pair.first), PEOPLE.index(pair.second)
        both = [(row[columns[0]], row[columns[1]]) for row in rows if row[columns[0]] and row[columns[1]]]
        assert pair.texts == len(both)
        assert pair.same == pytest.approx(np.mean([one == other for one, other in both]))
        if len({value for both_values in both for value in both_values}) == 1:
            assert pair.score is None
        else:
            assert pair.score == pytest.approx(cohen_kappa_score(*zip(*both, strict=True)))


def test_kappa_of_several_labels_is_the_mean_over_labels() -> None:
    generator = random.Random(1)
    rows: list[list[Target]] = [
        [tuple(label for label in "abc" if generator.random() < 0.4) for _ in range(2)] for _ in range(60)
    ]
    [pair] = agreement(table(rows), **FEW).pairs
    kappas = [cohen_kappa_score(*([label in row[who] for row in rows] for who in (0, 1))) for label in "abc"]
    assert pair.score == pytest.approx(np.mean(kappas))


# -- spans -------------------------------------------------------------------------------------------------------------

TEXT = "Ann Lee met Bob"
NAME, FIRST, BOB = Span(0, 7, "PER"), Span(0, 3, "PER"), Span(12, 15, "PER")


def test_spans_agree_exactly_by_pair_and_by_character_among_all() -> None:
    rows: list[list[Target]] = [[(NAME, BOB), (FIRST, BOB)], [(BOB,), (BOB,)], [(), (Span(0, 3, "ORG"),)]]
    found = agreement(table(rows, TEXT), **FEW)
    assert found.kind == "spans"
    [pair] = found.pairs
    # Two spans are the same; one person has one more, the other two.
    assert pair.score == pytest.approx(2 * 2 / (2 * 2 + 1 + 2))
    characters = []
    for one, other in rows:
        for place, character in enumerate(TEXT):
            if character != " ":
                labels = [next((s.label for s in spans if s.start <= place < s.end), "-") for spans in (one, other)]  # type: ignore[union-attr]
                characters.append(labels)
    assert found.alpha == pytest.approx(reference(characters, ["-", "ORG", "PER"]))
    assert found.per_label["PER"] == pytest.approx(
        reference([[label == "PER" for label in row] for row in characters], [False, True])
    )
    assert found.to_settle == (0, 2)


def test_spaces_that_one_takes_in_are_no_disagreement_among_characters() -> None:
    found = agreement(table([[(Span(0, 3, "PER"),), (Span(0, 4, "PER"),)]], TEXT), **FEW)
    assert found.alpha == 1.0
    assert found.to_settle == (0,)  # but somebody has to say which of the spans it is


# -- all together ------------------------------------------------------------------------------------------------------


def test_texts_to_settle_are_those_whose_answers_differ() -> None:
    found = agreement(table([["a", "a"], ["a", "b"], ["a", None], [None, None], ["b", "a", "a"]]), **FEW)
    assert found.differs == (False, True, False, False, True)
    assert found.to_settle == (1, 4)
    assert found.annotators == ("ann", "bob", "cat")
    assert found.texts == 3


def test_the_last_answer_of_a_person_counts() -> None:
    item = Annotated(Example("a"), (Answer("ann", "x"), Answer("bob", "y"), Answer("ann", "y")))
    assert agreement([item], **FEW).differs == (False,)


@pytest.mark.parametrize("rows", [[], [["a"], ["b"]], [["a", "a"], ["a", "a"]], [[(), ()]]])
def test_there_is_no_alpha_where_nothing_can_be_expected(rows: list[list[Target]]) -> None:
    found = agreement(table(rows), **FEW)
    assert found.alpha is None
    assert found.interval is None
    assert "alpha: none" in str(found)


def test_the_interval_holds_alpha_narrows_with_texts_and_follows_the_seed() -> None:
    generator = random.Random(0)

    def rows(count: int) -> list[Annotated]:
        truth = [generator.choice("abcd") for _ in range(count)]
        return table(
            [[right if generator.random() < 0.8 else generator.choice("abcd") for _ in range(3)] for right in truth]
        )

    few, many = rows(40), rows(400)
    small, large = agreement(few, resamples=300), agreement(many, resamples=300)
    for found in (small, large):
        assert found.alpha is not None
        assert found.interval is not None
        assert found.interval[0] < found.alpha < found.interval[1]
    assert large.interval is not None
    assert small.interval is not None
    assert large.interval[1] - large.interval[0] < 0.6 * (small.interval[1] - small.interval[0])
    assert agreement(few, resamples=300) == small
    assert agreement(few, resamples=300, seed=1).interval != small.interval


def test_answers_of_several_kinds_are_refused() -> None:
    with pytest.raises(DataError, match=r"The answers are of several kinds: label, spans\."):
        agreement(table([["a", (Span(0, 1, "a"),)]]))


def test_it_reads_well_and_goes_into_json() -> None:
    found = agreement(table([["a", "a", "b"], ["b", "b", None], ["a", "b", "b"], ["a", "a", "a"]]), resamples=50)
    lines = str(found).splitlines()
    assert lines[0] == "3 annotators; 4 texts have at least two answers, and 2 of them differ."
    assert lines[1].startswith("Krippendorff's alpha: 0.")
    assert any(line.startswith("ann - bob") for line in lines)
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["to_settle"] == [0, 2]
    assert plain["pairs"][0]["first"] == "ann"
    with use_language("zh"):
        assert str(found)
