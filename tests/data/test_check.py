"""The check of a data set finds what would make it useless or cost quality, says where, and what to do."""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tunery.data.check import Check, check
from tunery.data.dataset import SPLITS, Dataset, Schema, Split
from tunery.errors import Problem
from tunery.i18n import use_language
from tunery.types import Example, Span, Target

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parent.parent.parent
CODE_PLACE = {
    "Problem": 1,
    "problem": 1,
    "_Damage": 0,
    "_leak": 0,
    "error": 0,
    "_error": 0,
    "warning": 0,
    "note": 0,
    "failure": 0,
}
"""Calls that name a problem's code, and which argument it is."""

anything = st.text(st.characters(), max_size=40)
labels = st.sampled_from(["a", "A ", "nan", "\x1b[1m", "标签", "\ud800"])
spans = st.tuples(st.integers(0, 5), st.integers(1, 9), labels).map(
    lambda each: Span(each[0], each[0] + each[1], each[2])
)
any_target = st.none() | labels | st.lists(labels).map(tuple) | st.lists(spans).map(tuple)
any_example = st.builds(
    Example, anything, any_target, st.none() | anything, timestamp=st.none() | anything, group=st.none() | labels
)


def row(text: str, target: Target | None = "a", *, timestamp: str | None = None, group: str | None = None) -> Example:
    return Example(text, target, timestamp=timestamp, group=group)


def varied(count: int, targets: Sequence[Target | None] = ("a", "b"), start: int = 0) -> list[Example]:
    # The words of one row occur in no other, so no two rows are near duplicates.
    return [
        Example(" ".join(f"w{number * 7 + word}x{number}" for word in range(6)), targets[number % len(targets)])
        for number in range(start, start + count)
    ]


def dataset(splits: Mapping[str, Sequence[Example]], *, notes: Sequence[Problem] = (), spans: bool = False) -> Dataset:
    """A data set in files named for their splits, the rows on lines from 1."""
    placed = {
        name: Split(
            name,
            [
                Example(each.text, each.target, each.text_pair, timestamp=each.timestamp, group=each.group, line=line)
                for line, each in enumerate(rows, 1)
            ],
            f"{name}.jsonl",
        )
        for name, rows in splits.items()
    }
    return Dataset(placed, Schema("spans" if spans else "label"), notes=notes)


def found(code: str, data: Dataset) -> list[Problem]:
    return [problem for problem in check(data).problems if problem.code == code]


def the(code: str, data: Dataset) -> Problem:
    (problem,) = found(code, data)
    return problem


def sound() -> dict[str, list[Example]]:
    return {"train": varied(400), "dev": varied(200, start=400), "test": varied(200, start=600)}


def test_sound_data_has_no_problems() -> None:
    result = check(dataset(sound()))
    assert result.problems == ()
    assert result.ok


class TestSplits:
    def test_an_empty_split_makes_data_unusable(self) -> None:
        result = check(dataset({**sound(), "dev": []}))
        assert not result.ok
        assert str(result.problems[0]) == (
            "dev.jsonl: The split dev has no rows. Give it a file with labelled rows. "
            "Without a file it is made from other rows, if there are enough."
        )

    def test_data_without_train_can_be_measured_on(self) -> None:
        result = check(dataset({"test": varied(300)}))
        assert result.ok
        assert str(result.problems[0]) == (
            "There is no train split, only: test. Such data can be measured on, not learned from. "
            "Add a file named train."
        )

    def test_a_train_split_of_one_class_makes_data_unusable(self) -> None:
        problem = the("one-class", dataset({"train": varied(20, ["a"])}))
        assert problem.severity == "error"
        assert str(problem) == (
            "train.jsonl:1: Every row of train has the same label: a. "
            "What is always the same can be neither learned nor measured. Add rows with other labels."
        )

    def test_a_test_split_of_one_class_is_a_warning(self) -> None:
        problem = the("one-class", dataset({**sound(), "test": varied(200, ["a"], 600)}))
        assert problem.severity == "warning"
        assert problem.place == "test.jsonl:1"

    @pytest.mark.parametrize("target", [None, ()])
    def test_a_train_split_without_any_label_makes_data_unusable(self, target: Target | None) -> None:
        problem = the("no-labels", dataset({"train": varied(20, [target])}, spans=True))
        assert problem.severity == "error"
        assert problem.count == 20
        assert problem.hint == "Check which column holds the labels, and that the task fits the file."

    def test_a_small_test_split_is_told_with_the_width_of_the_interval(self) -> None:
        problem = the("small-split", dataset({**sound(), "test": varied(91, start=600)}))
        assert problem.message == (
            "test has few rows (91): an accuracy of 0.80 measured on it has a 95% interval from 0.71 to 0.87, "
            "0.16 wide."
        )

    def test_groups_on_both_sides_are_told(self) -> None:
        data = sound()
        data["train"][3:5] = [row("first of the group", group="x"), row("second of it", "b", group="y")]
        data["test"][7] = row("another text of the same group", group="x")
        problem = the("group-across-splits", dataset(data))
        assert str(problem) == (
            "test.jsonl:8: Rows of test whose group is also in train: 1 of 200 (x). "
            "Scores will look better than they are. Move whole groups to one side."
        )

    def test_a_test_split_older_than_train_is_noted(self) -> None:
        data = sound()
        data["train"][0] = row("newest", timestamp="2024-05-01T00:00:00Z")
        data["test"][0] = row("older", timestamp="2024-04-01")
        data["test"][1] = row("newer", "b", timestamp="2024-06-01 10:00")
        problem = the("test-before-train", dataset(data))
        assert (problem.severity, problem.place, problem.count) == ("note", "test.jsonl:1", 1)
        assert problem.message == "Rows of test that are older than the newest row of train: 1 of 2 (50%)."


class TestLabels:
    def test_rows_without_a_label_are_counted(self) -> None:
        data = sound()
        data["train"][5] = row("nobody has labelled this", None)
        problem = the("no-label", dataset(data))
        assert str(problem) == (
            "train.jsonl:6: Rows of train without a label: 1 of 400. "
            "They are neither learned from nor measured on. Label them, or remove them."
        )

    def test_labels_that_stand_for_a_missing_value_are_told(self) -> None:
        problem = the("placeholder-label", dataset({"train": varied(40, ["a", "NaN"])}))
        assert (problem.place, problem.count) == ("train.jsonl:2", 20)
        assert problem.message == "Labels that look like a missing value: NaN."

    def test_labels_that_train_does_not_have_are_told(self) -> None:
        problem = the("label-not-in-train", dataset({**sound(), "test": varied(200, ["a", "b", "c", "d"], 600)}))
        assert (problem.place, problem.count) == ("test.jsonl:3", 100)
        assert problem.message == "Labels of test that train does not have: c, d."
        assert problem.hint.startswith("They can't be learned, so each counts as wrong.")

    def test_rare_labels_are_listed_rarest_first(self) -> None:
        data = [*varied(40), *varied(3, ["seldom"], 40), *varied(1, ["once"], 50)]
        problem = the("rare-label", dataset({"train": data}))
        assert (problem.place, problem.count) == ("train.jsonl:41", 4)
        assert problem.message == "Labels that occur fewer than 8 times in train: 2 of 4: once (1), seldom (3)."

    def test_a_long_list_of_rare_labels_is_cut(self) -> None:
        data = [*varied(40), *varied(9, [f"rare{number}" for number in range(9)], 40)]
        assert the("rare-label", dataset({"train": data})).message.endswith("rare4 (1) and 4 more.")

    def test_labels_out_of_balance_are_told(self) -> None:
        problem = the("imbalance", dataset({"train": [*varied(200, ["a"]), *varied(10, ["b"], 200)]}))
        assert problem.message == "The labels of train are out of balance: a 200 times, b 10 times."
        assert problem.place == "train.jsonl:201"

    def test_labels_that_differ_only_in_spelling_are_told_at_the_rarer_one(self) -> None:
        data = [
            *varied(20, ["card_arrival", "other"]),
            *varied(2, ["Card Arrival"], 30),
            *varied(8, ["ｏｔｈｅｒ"], 40),
        ]
        first, second = found("labels-alike", dataset({"train": data}))
        assert first.message == (
            "Labels that differ only in case, width, blanks, hyphens or underscores: "
            "Card Arrival (2), card_arrival (10)."
        )
        assert (first.place, first.count) == ("train.jsonl:21", 2)
        assert "other (10), ｏｔｈｅｒ (8)" in second.message

    def test_spans_with_blanks_at_their_edges_are_told(self) -> None:
        data = [row("in New York today", (Span(2, 11, "LOC"),)), *varied(9, [(Span(0, 2, "LOC"),), ()])]
        problem = the("blank-at-span-edge", dataset({"train": data}, spans=True))
        assert str(problem) == (
            "train.jsonl:1: Rows with spans that begin or end with a blank: 1. The first: “New York”, characters 2 to "
            "11. Boundaries that vary are hard to learn. Move them to the first and last visible character."
        )


class TestDuplicates:
    def test_a_test_text_that_is_in_train_is_a_leak(self) -> None:
        data = sound()
        data["train"][4] = row("Freeze my account")
        data["test"][9] = row("freeze my  account.")
        problem = the("duplicate-across-splits", dataset(data))
        assert str(problem) == (
            "test.jsonl:10: Rows of test whose text is also in train: 1 of 200 (0.5%); “Freeze my account” is at "
            "train.jsonl:5. Scores will look better than they are. Remove these rows from one of the two splits."
        )

    def test_a_test_text_that_is_nearly_in_train_is_a_leak(self) -> None:
        data = sound()
        text = "Why is there an extra fee of one pound on my statement after I used the card abroad last week"
        data["train"][0] = row(text)
        data["test"][1] = row(text.replace("week", "weeks"), "b")
        problem = the("near-duplicate-across-splits", dataset(data))
        assert (problem.place, problem.count) == ("test.jsonl:2", 1)
        assert problem.message.startswith(
            "Rows of test that are nearly the same as one in train: 1 of 200 (0.5%); “Why"
        )

    def test_texts_that_are_only_linked_through_a_third_are_no_leak(self) -> None:
        words = [f"word{number:02}" for number in range(24)]
        chain = [" ".join([*words[: 24 - cut], *(f"other{number}" for number in range(cut))]) for cut in (0, 1, 2)]
        data = sound()
        data["train"][0], data["dev"][0], data["test"][1] = row(chain[0]), row(chain[1]), row(chain[2], "b")
        leaks = found("near-duplicate-across-splits", dataset(data))
        assert [leak.message.split(":")[0] for leak in leaks] == [
            "Rows of dev that are nearly the same as one in train",
            "Rows of test that are nearly the same as one in dev",
        ]

    def test_a_text_that_differs_in_one_short_word_is_no_leak(self) -> None:
        data = sound()
        data["train"][0], data["test"][1] = row("turn the light on"), row("turn the light off", "b")
        assert check(dataset(data)).problems == ()

    def test_a_text_with_two_labels_is_told_with_both_places(self) -> None:
        data = sound()
        data["train"][1], data["train"][6] = row("Where is my card?", "a"), row("where is my card", "b")
        problem = the("conflicting-labels", dataset(data))
        assert str(problem) == (
            "train.jsonl:2: Texts that occur with different labels: 1. “Where is my card?” has a here, b at "
            "train.jsonl:7. Decide which is right, and correct or remove the other."
        )

    def test_of_conflicting_spans_only_the_difference_is_told(self) -> None:
        here, there = (Span(0, 5, "LOC"), Span(10, 15, "LOC")), (Span(0, 5, "LOC"), Span(10, 15, "ORG"))
        data = [
            row("China and Japan", here),
            row("China and Japan", there),
            row("China and Japan", (Span(0, 5, "LOC"),)),
        ]
        assert (
            "has LOC “Japan” here, ORG “Japan” at"
            in the("conflicting-labels", dataset({"train": data}, spans=True)).message
        )
        data = [data[0], data[2]]
        message = the("conflicting-labels", dataset({"train": data}, spans=True)).message
        assert "has LOC “Japan” here, nothing more at" in message

    def test_repeated_rows_are_counted_without_the_first(self) -> None:
        data = sound()
        data["train"][0:3] = [row("Thank you!"), row("thank you"), row("THANK YOU")]
        problem = the("duplicate", dataset(data))
        assert (problem.place, problem.count) == ("train.jsonl:2", 2)
        assert problem.message == "Rows of train that repeat an earlier row: 2 of 400 (0.5%); the first: “thank you”."

    def test_both_texts_of_a_pair_count(self) -> None:
        data = sound()
        data["train"][0] = Example("the same question", "a", text_pair="one answer")
        data["test"][0] = Example("the same question", "a", text_pair="a completely different one")
        assert check(dataset(data)).problems == ()


class TestTexts:
    def test_rows_without_text_are_told_and_are_no_duplicates(self) -> None:
        data = sound()
        data["train"][0], data["test"][4:6] = row(""), [row("  "), row("\n", "b")]
        (problem,) = check(dataset(data)).problems
        assert (problem.code, problem.place, problem.count) == ("empty-text", "train.jsonl:1", 3)

    @pytest.mark.parametrize(
        ("code", "text", "shown"),
        [
            ("mojibake", "a cup of cafÃ© please", "“Ã©” in “a cup of cafÃ© please”"),
            ("mojibake", "donâ€™t worry", "“â€™” in “donâ€™t worry”"),
            ("mojibake", "ä½\xa0å¥½", "“ä½\xa0” in"),
            ("mojibake", "lost \ufffd character", "“\ufffd” in “lost \ufffd character”"),
            ("html-entity", "age &gt; 18", "“&gt;” in “age &gt; 18”"),
            ("html-entity", "it&#39;s late", "“&#39;” in “it&#39;s late”"),
            ("html-tag", "first line<br />second line", "“<br />” in “first line<br />second line”"),
            ("control-character", "bell\x07 rings", "“<07>” in “bell<07> rings”"),
            ("control-character", "line\u2028separator", "“<2028>” in “line<2028>separator”"),
            ("control-character", "zero\u200bwidth", "“<200B>” in “zero<200B>width”"),
        ],
    )
    def test_damage_is_shown_so_that_it_can_be_seen(self, code: str, text: str, shown: str) -> None:
        data = sound()
        data["dev"][11] = row(text, "b")
        problem = the(code, dataset(data))
        assert (problem.place, problem.count, problem.severity) == ("dev.jsonl:12", 1, "warning")
        assert shown in problem.message

    @pytest.mark.parametrize(
        "text",
        [
            "«café» déjà vu",
            "SÃO PAULO",
            "R&D; x < y > z",
            "👩‍👩‍👧 می‌خواهم",
            "1 < 2 and b > a",
            "Ärger, Öl",
            "tab\tand\nline",
        ],
    )
    def test_what_people_write_is_no_damage(self, text: str) -> None:
        data = sound()
        data["dev"][11] = row(text, "b")
        assert check(dataset(data)).problems == ()

    def test_nothing_in_a_text_reaches_the_terminal_as_a_command(self) -> None:
        data = sound()
        data["train"][0], data["train"][1] = row("\x1b[31mred\x1b]0;title\x07", "\x1b[2J"), row("\x1b[31mred", "a")
        shown = str(check(dataset(data)))
        assert "\x1b" not in shown
        assert "<1B>[31mred" in shown

    def test_rows_over_the_limit_are_noted_with_the_first(self) -> None:
        result = check(dataset(sound()), count_tokens=lambda texts: [len(text) // 3 for text in texts], limit=10)
        over = [problem for problem in result.problems if problem.code == "over-limit"]
        tokens = result.splits["train"].tokens
        assert tokens is not None
        assert tokens.over_limit == over[0].count > 0
        assert over[0].line == (tokens.first_over_limit or 0) + 1
        assert str(over[0]).endswith("They are read in overlapping windows; nothing is cut off.")

    def test_without_rows_over_the_limit_there_is_no_note(self) -> None:
        result = check(dataset(sound()), count_tokens=lambda texts: [len(text) for text in texts], limit=1000)
        assert result.ok
        assert result.problems == ()

    def test_both_texts_of_a_pair_are_counted_in_tokens(self) -> None:
        pairs = [Example("one two", "a", text_pair="three"), Example("one", "b")]
        result = check(dataset({"train": pairs}), count_tokens=lambda texts: [len(text.split()) for text in texts])
        tokens = result.splits["train"].tokens
        assert tokens is not None
        assert tokens.max == 3


class TestResult:
    def test_what_was_found_while_reading_is_told_too(self) -> None:
        note = Problem("warning", "invalid-transition", "Tags mended.", "Check them.", "train.txt", 7, 3)
        result = check(dataset(sound(), notes=[note]))
        assert result.problems == (note,)
        assert "train.txt:7: Tags mended." in str(result)

    def test_errors_come_first(self) -> None:
        note = Problem("note", "encoding", "Read as UTF-8.")
        result = check(dataset({"train": varied(20, ["a"]), "dev": varied(9, start=50)}, notes=[note]))
        assert [problem.severity for problem in result.problems] == ["error", "warning", "warning", "note"]

    def test_json_holds_every_label_and_every_problem(self) -> None:
        data = check(dataset({"train": varied(600, [f"label{number:02}" for number in range(30)])}))
        plain = json.loads(json.dumps(data.to_dict()))
        assert list(plain) == ["ok", "source", "counted", "splits", "problems"]
        assert len(plain["splits"]["train"]["labels"]) == 30
        assert plain["splits"]["train"]["characters"].keys() >= {"median", "p95", "max"}
        assert plain["splits"]["train"]["tokens"] is None

    def test_many_labels_are_abbreviated_on_the_screen(self) -> None:
        text = str(check(dataset({"train": varied(600, [f"label{number:02}" for number in range(30)])})))
        assert "… 20 more …" in text
        assert "label00" in text
        assert "label29" in text
        assert "label15" not in text

    def test_no_line_is_wider_than_a_terminal(self) -> None:
        assert all(cell_len(line) <= 100 for line in str(_faulty()).splitlines())

    @given(st.fixed_dictionaries({}, optional={name: st.lists(any_example, max_size=12) for name in SPLITS}))
    @settings(max_examples=60)
    def test_whatever_is_in_the_data_it_can_be_shown(self, splits: dict[str, list[Example]]) -> None:
        result = check(dataset(splits), count_tokens=lambda texts: [len(text) for text in texts], limit=20)
        shown = str(result)
        assert all(cell_len(line) <= 100 for line in shown.splitlines())
        assert "\x1b" not in shown
        assert shown.encode("utf-8")
        assert json.dumps(result.to_dict())

    def test_columns_with_chinese_labels_are_aligned(self) -> None:
        lines = str(check(dataset({"train": varied(300, ["查询余额", "冻结账户", "x"])}))).splitlines()
        widths = {cell_len(line) for line in lines if line.endswith(" 100")}
        assert len(widths) == 1
        assert sum(line.endswith(" 100") for line in lines) == 3

    def test_a_notebook_shows_it_with_its_words_escaped(self) -> None:
        page = check(dataset({"train": varied(40, ["<script>", "b"])}))._repr_html_()
        assert page.startswith("<pre")
        assert "&lt;script&gt;" in page
        assert "<script>" not in page

    def test_it_speaks_chinese_where_chinese_is_asked_for(self) -> None:
        with use_language("zh"):
            assert str(check(dataset({"train": varied(20, ["a"])}))).strip()

    def test_the_screen_looks_as_it_should(self) -> None:
        assert str(_faulty()) + "\n" == (GOLDEN / "check.en.txt").read_text(encoding="utf-8")


def _faulty() -> Check:
    data = sound()
    data["train"] += varied(9, ["Ａ"], 900)
    data["train"][4], data["train"][5] = row("Freeze my account"), row("freeze my account!", "b")
    data["test"] = [
        *varied(90, ["a", "b", "c"], 600),
        row("FREEZE my account"),
        row("年龄&gt;18岁，并且签署知情同意书"),
    ]
    note = Problem("note", "encoding", "The encoding is GB18030.", "", "train.jsonl")
    counted = dataset(data, notes=[note])
    return check(counted, count_tokens=lambda texts: [len(text) // 3 for text in texts], limit=16)


@pytest.mark.parametrize("page", ["data-check.md", "data-check.zh-CN.md"])
def test_every_code_is_documented(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    missing = sorted(code for code in _codes() if f"`{code}`" not in text)
    assert not missing, f"docs/{page} does not say what these codes mean: {missing}"
    listed = {
        code
        for line in text.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`([a-z0-9-]+)`", line.split("|")[1])
    }
    assert not listed - _codes(), f"docs/{page} tells of codes that are never given: {sorted(listed - _codes())}"


def _codes() -> set[str]:
    calls = [
        node
        for file in (ROOT / "src" / "tunery" / "data").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    found = set()
    for call in calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        match call.args[CODE_PLACE[name] :] if name in CODE_PLACE else []:
            case [ast.Constant(value=str(code)), *_]:
                found.add(code)
    return found - {"can-not-be-written", "file-unwritable"}  # of writing, not of data


def test_real_intents_are_usable_and_their_leaks_are_found(shared: Path) -> None:
    splits = {}
    for name in ("train", "test"):
        with gzip.open(shared / "data" / "banking77" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = [
                Example(each["text"], each["label"], line=line) for line, each in enumerate(map(json.loads, file), 1)
            ]
        splits[name] = Split(name, rows, f"{name}.jsonl.gz")
    result = check(Dataset(splits, Schema("label")))
    assert result.ok
    assert len(result.splits["train"].labels) == 77
    leak = next(problem for problem in result.problems if problem.code == "duplicate-across-splits")
    assert leak.count == 10
    assert leak.line is not None
    train = {each.text.casefold().strip("\n ?.!") for each in splits["train"]}
    assert splits["test"][leak.line - 1].text.casefold().strip("\n ?.!") in train


def test_no_heading_is_cut_off_where_tokens_are_counted() -> None:
    data = dataset({"train": varied(300), "dev": varied(60), "test": varied(60)})
    counted = check(data, count_tokens=lambda texts: [1_000_000 for _ in texts], limit=16)
    head = str(counted).split("─")[0]
    assert "…" not in head
    assert all(word in head.split() for word in ("characters:", "tokens:", "over", "limit"))
