"""Examples into files that read back as the same examples: CoNLL columns, JSON lines and CSV.

A file appears whole or not at all: it is written beside its place under another name, and renamed.
"""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tunery.data import joining, tags
from tunery.data.readers.conll import COMMENTS
from tunery.errors import DataError, Problem, reason_of
from tunery.i18n import _
from tunery.types import Example, Span

_EXTRAS = ("id", "timestamp", "group", "document")
_FIELDS = {field: name for name, field in COMMENTS.items()}


def write_jsonl(examples: Iterable[Example], path: str | Path) -> None:
    """Write examples as JSON lines: ``text`` with ``label``, ``labels`` or ``spans``, and whatever else they have.

    Raises:
        DataError: A text holds half of a surrogate pair or a NUL, which no file can hold; nothing is written.
    """
    rows = list(examples)
    several = any(isinstance(row.target, tuple) and row.target and isinstance(row.target[0], str) for row in rows)
    _refuse([(row, _unwritable_text(row)) for row in rows], path)
    with _replacing(Path(path)) as stream:
        for row in rows:
            stream.write(json.dumps(_as_object(row, several), ensure_ascii=False) + "\n")


def write_conll(examples: Iterable[Example], path: str | Path) -> None:
    """Write examples as two columns, token and IOB2 tag, separated by a tab.

    A text that differs from its joined tokens, and an id, time, group or document, go into comments before the tokens.

    Raises:
        DataError: An example has no words, or spans that don't start and end with words, or a word or label that
            can't stand in a column; nothing is written.
    """
    rows = list(examples)
    _refuse([(row, _unwritable_text(row) or _unwritable_words(row)) for row in rows], path)
    spaces = not joining.one_character_a_token(_tokens(row) for row in rows)
    with _replacing(Path(path)) as stream:
        for row in rows:
            stream.writelines(_comments(row, spaces))
            for token, tag in zip(_tokens(row), _iob2(row), strict=True):
                stream.write(f"{token}\t{tag}\n")
            stream.write("\n")


def write_csv(examples: Iterable[Example], path: str | Path) -> None:
    """Write texts with one or several labels as a table (RFC 4180): a header, every cell in quotes, plain UTF-8.

    Several labels stand in their cell as a JSON list. Cells are what the texts are: one that begins with ``=`` stays
    so, and whoever opens the file in a spreadsheet should have its columns taken as text.

    Raises:
        DataError: An example has spans, or no labels where others have several, or a text can't stand in a file;
            nothing is written.
    """
    rows = list(examples)
    several = any(isinstance(row.target, tuple) for row in rows)
    _refuse([(row, _unwritable_text(row) or _unwritable_cells(row, several)) for row in rows], path)
    pair = any(row.text_pair is not None for row in rows)
    extras = [name for name in _EXTRAS if any(getattr(row, name) is not None for row in rows)]
    with _replacing(Path(path)) as stream:
        table = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        table.writerow([*(("text_a", "text_b") if pair else ("text",)), "labels" if several else "label", *extras])
        for row in rows:
            texts = [row.text, row.text_pair or ""] if pair else [row.text]
            table.writerow([*texts, _label_cell(row), *(getattr(row, name) or "" for name in extras)])


def _label_cell(row: Example) -> str:
    if row.target is None or isinstance(row.target, str):
        return row.target or ""
    return json.dumps(list(row.target), ensure_ascii=False)


def _as_object(row: Example, several: bool) -> dict[str, object]:
    found: dict[str, object] = {"text": row.text}
    if row.text_pair is not None:
        found = {"text_a": row.text, "text_b": row.text_pair}
    if isinstance(row.target, str):
        found["label"] = row.target
    elif row.target is not None and several:
        found["labels"] = list(row.target)
    elif row.target is not None:
        found["spans"] = [
            {"start": span.start, "end": span.end, "label": span.label} for span in row.target if isinstance(span, Span)
        ]
    if row.words is not None:
        found["words"] = row.words
    others = {"id": row.id, "timestamp": row.timestamp, "group": row.group, "document": row.document}
    return found | {name: value for name, value in others.items() if value is not None}


def _tokens(row: Example) -> list[str]:
    return [row.text[start:end] for start, end in row.words or ()]


def _iob2(row: Example) -> list[str]:
    words = row.words or ()
    first = {start: number for number, (start, _end) in enumerate(words)}
    behind = {end: number + 1 for number, (_start, end) in enumerate(words)}
    spans = [(first[span.start], behind[span.end], span.label) for span in _spans(row)]
    return tags.encode(spans, len(words))


def _spans(row: Example) -> list[Span]:
    return [] if isinstance(row.target, str) else [item for item in row.target or () if isinstance(item, Span)]


def _comments(row: Example, spaces: bool) -> Iterator[str]:
    for field, name in _FIELDS.items():
        value = getattr(row, field)
        if value is None or (field == "text" and joining.join(_tokens(row), spaces=spaces) == (value, row.words)):
            continue
        plain = value.isprintable() and value.strip() == value and not value.startswith('"') and value
        yield f"# {name} = {value if plain else json.dumps(value)}\n"


def _unwritable_text(row: Example) -> str:
    for text in (row.text, row.text_pair or ""):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return _("the text holds half of a surrogate pair")
        if "\0" in text:
            return _("the text holds a NUL")
    return ""


def _unwritable_words(row: Example) -> str:
    tokens = _tokens(row)
    if not tokens:
        return _("it has no words; JSON lines hold any text")
    if isinstance(row.target, str) or len(_spans(row)) < len(row.target or ()):
        return _("it has no spans but a label; JSON lines hold labels")
    if any(not token.strip() or set(token) & {"\t", "\n", "\r"} or token.startswith("-DOCSTART-") for token in tokens):
        return _("a word is white space, holds a tab or a line break, or is -DOCSTART-; JSON lines hold any text")
    if joining.align(tokens, row.text) != row.words:
        return _("there is text between its words; JSON lines hold any text")
    starts, ends = {start for start, _end in row.words or ()}, {end for _start, end in row.words or ()}
    for span in _spans(row):
        if span.start not in starts or span.end not in ends:
            return _("a span begins or ends inside a word; JSON lines hold any span")
        if span.label != span.label.strip() or set(span.label) & {"\t", "\n", "\r"} or not span.label:
            return _("a label can't stand in a column")
    return ""


def _unwritable_cells(row: Example, several: bool) -> str:
    if _spans(row):
        return _("it has spans; JSON lines and CoNLL hold them")
    if several and not isinstance(row.target, tuple):
        return _("it has no list of labels, and others have; JSON lines hold both")
    return ""


def _refuse(checked: Sequence[tuple[Example, str]], path: str | Path) -> None:
    bad = [(number, row, reason) for number, (row, reason) in enumerate(checked, 1) if reason]
    if not bad:
        return
    number, row, reason = bad[0]
    message = _("Example {number} ({text!r}) can't be written: {reason}.")
    raise DataError(
        [
            Problem(
                "error",
                "can-not-be-written",
                message.format(number=number, text=row.text[:40], reason=reason),
                file=str(path),
                count=len(bad),
            )
        ]
    )


@contextmanager
def _replacing(path: Path) -> Iterator[IO[str]]:
    """Open a file that takes its place when the block is done, and leaves what was there when it fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".tmp")
    except OSError as error:
        raise _unwritable(path, error) from None
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        part.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unwritable(path: Path, error: OSError) -> DataError:
    message = _("The file can't be written: {reason}.").format(reason=reason_of(error))
    hint = _("Check that the folder exists, that you may write there and that there is room.")
    return DataError([Problem("error", "file-unwritable", message, hint, str(path))])
