"""Texts are read line by line, exactly as they stand, and answers are written in their order."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.cli.texts import MAX_LINE, Row, count_lines, opened, portions, record, rows, waiting_portions
from tunery.errors import DataError
from tunery.types import Prediction, Span

LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\ufeff"))


def read(data: bytes) -> list[Row]:
    return list(rows(io.BytesIO(data), Path("in.txt")))


def refusal(data: bytes) -> str:
    with pytest.raises(DataError) as raised:
        read(data)
    return str(raised.value)


@given(st.lists(LINES), st.sampled_from(["\n", "\r\n"]))
def test_every_plain_line_is_a_row_with_its_characters_kept(lines: list[str], end: str) -> None:
    data = "".join(f"{line}{end}" for line in ["first", *lines]).encode()
    assert [row.text for row in read(data)] == ["first", *lines]


@given(st.lists(st.tuples(LINES, st.none() | st.integers() | LINES), min_size=1))
def test_json_lines_give_text_and_id(items: list[tuple[str, int | str | None]]) -> None:
    data = "\n".join(json.dumps({"text": text, "id": name, "other": 1}) for text, name in items).encode()
    assert read(data) == [Row(text, name) for text, name in items]


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_refused(data: bytes) -> None:
    # Anything but a DataError fails the test.
    with contextlib.suppress(DataError):
        assert all(isinstance(row.text, str) for row in read(data))


def test_empty_plain_lines_stay_so_that_answers_stand_on_the_line_of_their_text() -> None:
    assert read(b"a\n\nb\n") == [Row("a"), Row(""), Row("b")]


def test_unusual_line_breaks_are_part_of_the_text() -> None:
    assert read("a\u2028b\x0bc\x85d\n".encode()) == [Row("a\u2028b\x0bc\x85d")]


def test_a_byte_order_mark_is_not_text() -> None:
    assert read('\ufeff{"text": "a"}'.encode()) == [Row("a")]


def test_empty_lines_between_json_lines_are_nothing() -> None:
    assert read(b'{"text": "a"}\n\n{"text": "b"}\n') == [Row("a"), Row("b")]


def test_a_text_that_only_looks_like_json_is_text() -> None:
    assert read(b'{"a": 1}\n[1]\n') == [Row('{"a": 1}'), Row("[1]")]


def test_text_that_is_not_utf_8_is_named_with_its_line() -> None:
    assert refusal("好\n".encode() + "好".encode("gb18030")) == (
        "in.txt:2: Byte 1 of the line is not UTF-8. Convert the file, for example: iconv -f gb18030 -t utf-8"
    )


def test_a_line_without_end_is_refused_before_it_fills_memory() -> None:
    assert refusal(b"x" * (MAX_LINE + 1)) == "in.txt:1: The line is longer than 10 MiB. Write one text on a line."


def test_a_line_that_breaks_the_promise_of_the_first_is_named() -> None:
    assert refusal(b'{"text": "a"}\nplain').startswith("in.txt:2: The first line is JSON, this one is not: ")


@pytest.mark.parametrize("line", ['{"texts": "a"}', '{"text": 3}', '{"text": null}', "[1]", '{"text": "\\ud800"}'])
def test_a_json_line_without_text_is_named(line: str) -> None:
    assert refusal(b'{"text": "a"}\n' + line.encode()) == (
        'in.txt:2: There is no text in the field text. Every line has to look like {"text": "..."}.'
    )


def test_gzipped_files_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "in.txt.gz"
    path.write_bytes(gzip.compress("好\nb".encode()))
    with opened(path) as file:
        assert [row.text for row in rows(file, path)] == ["好", "b"]
    assert count_lines(path) is None


def test_a_torn_gzip_file_is_refused_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "in.gz"
    path.write_bytes(gzip.compress(b"a\nb\n" * 1000)[:-9])
    said = r"in\.gz: It can't be read: Compressed file ended .* Copy or download it again"
    with opened(path) as file, pytest.raises(DataError, match=said):
        list(rows(file, path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(
            DataError, match=r"none\.txt: It can't be read: No such file or directory\. Check that it exists and"
        ),
        opened(tmp_path / "none.txt"),
    ):
        pass


@given(data=st.binary(max_size=100))
def test_lines_are_counted_as_they_are_read(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("count") / "in"
    path.write_bytes(data.replace(b"\x1f", b""))
    with path.open("rb") as file:
        assert count_lines(path) == len(list(file))


@given(st.integers(0, 5000))
def test_portions_are_the_items_in_order(n: int) -> None:
    assert [item for portion in portions(iter(range(n))) for item in portion] == list(range(n))


@given(st.integers(0, 5000))
def test_waiting_portions_are_the_items_in_order(n: int) -> None:
    found = list(waiting_portions(iter(range(n))))
    assert [item for portion in found for item in portion] == list(range(n))
    assert all(portion for portion in found)


def test_what_is_there_is_answered_before_more_arrives() -> None:
    arriving: queue.Queue[str | None] = queue.Queue()
    arriving.put("first")
    stream = waiting_portions(iter(arriving.get, None))
    assert next(stream) == ["first"]
    arriving.put("second")
    arriving.put(None)
    assert [item for portion in stream for item in portion] == ["second"]


def test_an_error_comes_after_everything_before_it() -> None:
    def failing() -> Iterator[int]:
        yield from range(3)
        raise DataError([])

    stream = waiting_portions(failing())
    seen: list[int] = []
    with pytest.raises(DataError):
        seen.extend(item for portion in stream for item in portion)
    assert seen == [0, 1, 2]


def test_a_class_is_recorded_with_its_score() -> None:
    answer = Prediction("spam", 0.12345678)
    assert record(Row("t", 7), answer, spans=False) == {"id": 7, "text": "t", "label": "spam", "score": 0.123457}


def test_several_classes_are_recorded_with_their_scores() -> None:
    answer = Prediction(("a", "b"), scores={"a": 0.9, "b": 0.6, "c": 0.1}, windows=3)
    assert record(Row("t"), answer, spans=False) == {
        "text": "t", "labels": ["a", "b"], "scores": {"a": 0.9, "b": 0.6}, "windows": 3,
    }  # fmt: skip
    assert record(Row("t"), Prediction(()), spans=False) == {"text": "t", "labels": [], "scores": {}}


def test_spans_are_recorded_with_the_text_they_cover() -> None:
    answer = Prediction((Span(1, 3, "LOC", 0.5),))
    assert record(Row("🙂北京!"), answer, spans=True) == {
        "text": "🙂北京!", "spans": [{"start": 1, "end": 3, "label": "LOC", "text": "北京", "score": 0.5}],
    }  # fmt: skip
    assert record(Row("t"), Prediction(()), spans=True) == {"text": "t", "spans": []}
