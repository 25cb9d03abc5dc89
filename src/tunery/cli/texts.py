"""Texts in and answers out, line by line: what ``tunery predict`` reads and writes."""

from __future__ import annotations

import gzip
import itertools
import queue
import sys
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from tunery.cli.output import STDOUT
from tunery.data.strict_json import JsonError, parse_whole
from tunery.errors import DataError, Problem, reason_of
from tunery.i18n import _
from tunery.serving.answers import rounded, span_of
from tunery.types import Example, Prediction

T = TypeVar("T")

MAX_LINE = 10 * 1024**2
"""Longest line that is read, in bytes."""
_PORTION = 1024
"""How many texts are answered together, where that many are waiting."""
_GZIP = b"\x1f\x8b"
_END = object()


@dataclass(frozen=True, slots=True)
class Row:
    """One text to label, with the caller's own name for it and the document that it is a sentence of."""

    text: str
    id: str | int | None = None
    document: str | None = None

    @property
    def example(self) -> Example:
        """The text as predictors take it."""
        return Example(self.text, document=self.document)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file of texts, plain or gzipped; ``-`` is standard input.

    Raises:
        DataError: It can't be read.
    """
    if path == STDOUT:
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
        packed = file.read(2) == _GZIP
        file.seek(0)
    except OSError as error:
        raise _unreadable(path, error) from None
    with file, gzip.open(file) if packed else nullcontext(file) as stream:
        yield cast(BinaryIO, stream)


def rows(file: BinaryIO, path: Path) -> Iterator[Row]:
    """Yield the rows of a file: one text a line, or JSON lines with a field ``text``.

    The first line decides which. Every plain line is a row, an empty one too, so that answers stand on the line of
    their text.

    Raises:
        DataError: A line is not UTF-8, too long, or not what the first line promised; the line is named.
    """
    is_json: bool | None = None
    for number, line in enumerate(_lines(file, path), 1):
        if is_json is None:
            is_json = _begins_json(line)
        if not is_json:
            yield Row(line)
        elif line.strip():
            yield _from_json(line, path, number)


def count_lines(path: Path) -> int | None:
    """Return how many lines a plain file has; None where that can't be known without reading the input up."""
    if not path.is_file():
        return None
    lines, last = 0, b"\n"
    with path.open("rb") as file:
        if file.read(2) == _GZIP:
            return None
        file.seek(0)
        while block := file.read(1024**2):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")


def portions(items: Iterator[T]) -> Iterator[list[T]]:
    """Yield ``items`` in lists that are large enough to be answered fast and small enough for memory."""
    while portion := list(itertools.islice(items, _PORTION)):
        yield portion


def waiting_portions(items: Iterator[T]) -> Iterator[list[T]]:
    """Yield what is there: many items of a fast stream, one of a slow one.

    A thread reads ahead, so that an answer never waits for texts that have not been written yet. An error of ``items``
    comes after everything that was read before it.
    """
    waiting: queue.Queue[object] = queue.Queue(maxsize=2 * _PORTION)
    threading.Thread(target=_fill, args=(waiting, items), daemon=True).start()
    last: object = None
    while last is None:
        portion = [waiting.get()]
        while len(portion) < _PORTION and not waiting.empty() and not _is_last(portion[-1]):
            portion.append(waiting.get())
        last = portion.pop() if _is_last(portion[-1]) else None
        if portion:
            yield cast("list[T]", portion)
    if isinstance(last, Exception):
        raise last


def record(row: Row, prediction: Prediction, *, spans: bool) -> dict[str, object]:
    """Return an answer as plain values for JSON.

    Args:
        row: What was asked.
        prediction: What was answered.
        spans: Whether the task answers with spans.
    """
    values: dict[str, object] = {} if row.id is None else {"id": row.id}
    values["text"] = row.text
    if isinstance(prediction.target, str):
        values |= {"label": prediction.target, "score": rounded(prediction.score)}
    elif spans:
        values["spans"] = [span_of(row.text, span) for span in prediction.spans]
    else:
        scores = {label: rounded(prediction.scores.get(label)) for label in prediction.labels}
        values |= {"labels": list(prediction.labels), "scores": scores}
    if prediction.windows > 1:
        values["windows"] = prediction.windows
    return values


def _is_last(item: object) -> bool:
    return item is _END or isinstance(item, Exception)


def _fill(waiting: queue.Queue[object], items: Iterator[object]) -> None:
    try:
        for item in items:
            waiting.put(item)
    except Exception as error:  # noqa: BLE001 - raised again by whoever takes it from the queue
        waiting.put(error)
    waiting.put(_END)


def _lines(file: BinaryIO, path: Path) -> Iterator[str]:
    for number in itertools.count(1):
        try:
            line = file.readline(MAX_LINE + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise _unreadable(path, error) from None
        if not line:
            return
        if len(line) > MAX_LINE:
            reason = _("The line is longer than {n} MiB.").format(n=MAX_LINE // 1024**2)
            raise _wrong("line-too-long", path, number, reason, _("Write one text on a line."))
        try:
            text = line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise _wrong(
                "not-utf-8", path, number, _("Byte {n} of the line is not UTF-8.").format(n=error.start + 1),
                _("Convert the file, for example: iconv -f gb18030 -t utf-8"),
            ) from None  # fmt: skip
        yield text


def _begins_json(line: str) -> bool:
    try:
        value = parse_whole(line)
    except JsonError:
        return False
    return isinstance(value, Mapping) and "text" in value


def _from_json(line: str, path: Path, number: int) -> Row:
    try:
        value = parse_whole(line)
    except JsonError as error:
        reason = _("The first line is JSON, this one is not: {reason}.").format(reason=error.reason)
        raise _wrong("not-json", path, number, reason, _field_hint()) from None
    text = value.get("text") if isinstance(value, Mapping) else None
    if not isinstance(text, str) or not _encodable(text):
        reason = _("There is no text in the field text.")
        raise _wrong("no-text", path, number, reason, _field_hint())
    name, document = (value.get(field) if isinstance(value, Mapping) else None for field in ("id", "document"))
    return Row(
        text,
        name if isinstance(name, str | int) else None,
        str(document) if isinstance(document, str | int) else None,
    )


def _field_hint() -> str:
    return _('Every line has to look like {"text": "..."}.')


def _encodable(text: str) -> bool:
    # JSON can spell halves of characters, which no file can hold.
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _unreadable(path: Path, error: Exception) -> DataError:
    broken = not isinstance(error, OSError) or isinstance(error, gzip.BadGzipFile)
    hint = (
        _("Copy or download it again; it may have been cut off.")
        if broken
        else _("Check that it exists and that you may read it.")
    )
    return _wrong("unreadable", path, None, _("It can't be read: {reason}.").format(reason=reason_of(error)), hint)


def _wrong(code: str, path: Path, line: int | None, message: str, hint: str = "") -> DataError:
    name = _("standard input") if path == STDOUT else str(path)
    return DataError([Problem("error", code, message, hint, name, line)])
