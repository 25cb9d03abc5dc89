"""Splits that are missing are made, and nothing that is learned from is measured on."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunery.data.duplicates import near_duplicate_groups
from tunery.data.settings import DataSettings
from tunery.data.splits import complete_splits
from tunery.errors import SettingError
from tunery.types import Example, Span, Target

SETTINGS = DataSettings()

words = st.sampled_from(
    ["card", "lost", "freeze", "top-up", "转账", "密码", "transfer", "abroad", "refund", "7", "Ω", "🙂"]
)
texts = st.lists(words, max_size=12).map(" ".join)
labels = st.sampled_from("abcdefgh")
spans = st.tuples(st.integers(0, 3), labels).map(lambda pair: Span(pair[0], pair[0] + 2, pair[1]))
targets = (
    st.none()
    | labels
    | st.lists(labels, unique=True).map(lambda some: tuple(sorted(some)))
    | st.lists(spans).map(tuple)
)
examples = st.builds(
    Example, text=texts, target=targets, group=st.none() | st.sampled_from(["g1", "g2", "g3"]), line=st.integers(1, 9)
)


def rows_of(count: int, target: Target | None = None) -> list[Example]:
    # The words of one row occur in no other, so no two rows are near duplicates.
    return [
        Example(" ".join(f"w{row * 7 + word}x{row}" for word in range(6)), target, line=row + 1) for row in range(count)
    ]


def labelled(counts: dict[str, int]) -> list[Example]:
    names = [label for label, count in counts.items() for _ in range(count)]
    return [Example(row.text, name, line=row.line) for row, name in zip(rows_of(len(names)), names, strict=True)]


def ids(rows: Iterable[Example]) -> list[int]:
    return [id(row) for row in rows]


def sizes(splits: dict[str, list[Example]]) -> dict[str, int]:
    return {name: len(rows) for name, rows in splits.items()}


class TestWhatIsMade:
    @pytest.mark.parametrize("name", ["train", "", "all"])
    def test_a_single_split_gives_train_dev_and_test(self, name: str) -> None:
        made, notes = complete_splits({name: rows_of(100, "a")}, SETTINGS)
        assert sizes(made) == {"train": 70, "dev": 10, "test": 20}
        assert [note.code for note in notes] == ["split-made", "split-made"]

    def test_train_and_test_give_dev_out_of_train(self) -> None:
        test = rows_of(30, "a")
        made, notes = complete_splits({"train": rows_of(100, "a"), "test": test}, SETTINGS)
        assert sizes(made) == {"train": 90, "dev": 10, "test": 30}
        assert ids(made["test"]) == ids(test)
        assert len(notes) == 1

    def test_train_and_dev_give_test_out_of_train(self) -> None:
        dev = rows_of(30, "a")
        made, _ = complete_splits({"train": rows_of(100, "a"), "dev": dev}, SETTINGS)
        assert sizes(made) == {"train": 80, "dev": 30, "test": 20}
        assert ids(made["dev"]) == ids(dev)

    def test_dev_and_test_give_train_out_of_dev(self) -> None:
        made, _ = complete_splits({"dev": rows_of(100, "a"), "test": rows_of(10, "a")}, SETTINGS)
        assert sizes(made) == {"train": 90, "dev": 10, "test": 10}

    @pytest.mark.parametrize("names", [("train", "dev", "test"), ("test",), ("dev",)])
    def test_what_is_complete_or_only_for_measuring_stays_as_it_is(self, names: tuple[str, ...]) -> None:
        given = {name: rows_of(10, "a") for name in names}
        assert complete_splits(given, SETTINGS) == (given, [])

    def test_no_rows_give_no_splits(self) -> None:
        assert complete_splits({"train": []}, SETTINGS) == ({"train": []}, [])

    def test_the_note_tells_sizes_and_seed(self) -> None:
        _, notes = complete_splits({"train": rows_of(1000, "a"), "dev": rows_of(9, "a")}, DataSettings(split_seed=7))
        assert str(notes[0]) == (
            "There is no test split: 200 of the 1,000 rows of train were made test (seed 7), stratified by label, "
            "near duplicates and groups kept together. To choose it yourself, put a file named test beside the others."
        )

    def test_shares_that_leave_no_train_are_refused(self) -> None:
        with pytest.raises(SettingError, match=r"dev_share 0\.5 and test_share 0\.5 leave no rows for train\. Choose"):
            complete_splits({"train": rows_of(10)}, DataSettings(dev_share=0.5, test_share=0.5))

    @pytest.mark.parametrize("count", [4, 5, 7])
    def test_a_handful_of_rows_gives_each_split_at_least_one(self, count: int) -> None:
        made, notes = complete_splits({"train": labelled({"a": count - 1, "b": 1})}, SETTINGS)
        assert all(made.values())
        assert {note.severity for note in notes} == {"note"}

    def test_rows_whose_labels_all_differ_give_nothing_to_measure_on_and_that_is_told(self) -> None:
        made, notes = complete_splits({"train": labelled(dict.fromkeys("abcde", 1))}, SETTINGS)
        assert sizes(made) == {"train": 5, "dev": 0, "test": 0}
        assert [note.code for note in notes if note.severity == "warning"] == ["made-split-small"] * 2

    def test_the_given_lists_are_not_touched(self) -> None:
        rows = rows_of(20, "a")
        given = {"train": rows}
        complete_splits(given, SETTINGS)
        assert len(given["train"]) == 20
        assert list(given) == ["train"]


class TestWhoGoesWhere:
    def test_each_label_has_its_share_in_each_split(self) -> None:
        made, _ = complete_splits({"train": labelled({"a": 300, "b": 100, "c": 20})}, SETTINGS)
        counts = {name: Counter(row.target for row in rows) for name, rows in made.items()}
        assert counts["test"] == {"a": 60, "b": 20, "c": 4}
        assert counts["dev"] == {"a": 30, "b": 10, "c": 2}

    def test_a_label_with_one_row_stays_in_train(self) -> None:
        made, _ = complete_splits({"train": labelled({"a": 50, **{f"rare{n}": 1 for n in range(9)}})}, SETTINGS)
        assert {row.target for row in made["dev"] + made["test"]} == {"a"}

    def test_several_labels_are_stratified_together(self) -> None:
        pairs = [("a",), ("a", "b"), ("b",), ("c",), ("a", "c"), ()]
        rows = [Example(row.text, pairs[number % 6]) for number, row in enumerate(rows_of(600))]
        made, _ = complete_splits({"train": rows}, SETTINGS)
        counts = Counter(label for row in made["test"] for label in row.target or ())
        assert all(abs(counts[label] - share) <= 2 for label, share in {"a": 60, "b": 40, "c": 40}.items())
        assert abs(sum(not row.target for row in made["test"]) - 20) <= 2

    def test_spans_are_stratified_by_the_labels_that_occur(self) -> None:
        rows = [
            Example(row.text, (Span(0, 1, "PER"), Span(2, 3, "PER")) if number % 10 == 0 else ())
            for number, row in enumerate(rows_of(500))
        ]
        made, _ = complete_splits({"train": rows}, SETTINGS)
        assert sum(bool(row.target) for row in made["test"]) == 10

    def test_rows_keep_the_order_of_the_file(self) -> None:
        made, _ = complete_splits({"train": rows_of(200, "a")}, SETTINGS)
        for rows in made.values():
            assert [row.line for row in rows] == sorted(row.line or 0 for row in rows)

    def test_another_seed_gives_other_splits(self) -> None:
        one, _ = complete_splits({"train": rows_of(200, "a")}, DataSettings(split_seed=1))
        two, _ = complete_splits({"train": rows_of(200, "a")}, DataSettings(split_seed=2))
        assert one["test"] != two["test"]

    def test_one_huge_group_stays_in_train_and_the_shortfall_is_told(self) -> None:
        rows = [
            Example(row.text, "a", group="one" if number < 190 else None) for number, row in enumerate(rows_of(200))
        ]
        made, notes = complete_splits({"train": rows}, SETTINGS)
        assert {row.group for row in made["dev"] + made["test"]} <= {None}
        small = [note for note in notes if note.code == "made-split-small"]
        assert small[0].severity == "warning"
        assert str(small[0]).startswith("dev was to have 20 rows and has ")


class TestProperties:
    @given(st.lists(examples, max_size=60), st.integers(0, 5))
    @settings(max_examples=60)
    def test_nothing_is_lost_doubled_or_torn_apart(self, rows: list[Example], seed: int) -> None:
        chosen = DataSettings(split_seed=seed)
        made, _ = complete_splits({"train": rows}, chosen)
        assert sorted(ids(row for part in made.values() for row in part)) == sorted(ids(rows))
        split_of = {id(row): name for name, part in made.items() for row in part}
        for key in ([row.group for row in rows], near_duplicate_groups([row.text for row in rows])):
            places: dict[object, set[str]] = {}
            for row, member in zip(rows, key, strict=True):
                if member is not None:
                    places.setdefault(member, set()).add(split_of[id(row)])
            assert all(len(names) == 1 for names in places.values())
        assert complete_splits({"train": rows}, chosen)[0] == made

    @given(st.lists(st.sampled_from("aaaaaabbbcd"), min_size=40, max_size=300), st.floats(0.05, 0.3))
    @settings(max_examples=40)
    def test_shares_are_about_right_and_every_label_is_learned(self, names: list[str], share: float) -> None:
        rows = [Example(row.text, name) for row, name in zip(rows_of(len(names)), names, strict=True)]
        made, _ = complete_splits({"train": rows}, DataSettings(dev_share=share, test_share=share))
        slack = len(set(names)) + 1
        assert abs(len(made["dev"]) - share * len(rows)) <= slack
        assert abs(len(made["test"]) - share * len(rows)) <= slack
        assert {row.target for row in made["train"]} == set(names)


def test_the_process_and_its_hash_seed_make_no_difference() -> None:
    program = (
        "from tunery.data.settings import DataSettings\n"
        "from tunery.data.splits import complete_splits\n"
        "from tunery.types import Example\n"
        "targets = [tuple(sorted({'abc'[n % 3], 'xyz'[n % 2]})) for n in range(90)]\n"
        "rows = [Example(f'{n * 7919} text {n}', target, line=n) for n, target in enumerate(targets)]\n"
        "made, _ = complete_splits({'train': rows}, DataSettings())\n"
        "print([row.line for row in made['test']])\n"
    )

    def lines(hash_seed: str) -> bytes:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True).stdout

    assert lines("1") == lines("2")


def test_real_intents_are_split_with_every_class_in_every_split(shared: Path) -> None:
    with gzip.open(shared / "data" / "banking77" / "train.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [Example(row["text"], row["label"]) for row in map(json.loads, file)][:3000]
    made, _ = complete_splits({"train": rows}, SETTINGS)
    assert [round(len(part) / len(rows), 2) for part in made.values()] == [0.7, 0.1, 0.2]
    assert _labels(made["train"]) == _labels(made["dev"]) == _labels(made["test"]) == _labels(rows)


def _labels(rows: Sequence[Example]) -> set[object]:
    return {row.target for row in rows}
