"""Columns of tokens: one token a line, its tag in the last column, a blank line after each sentence.

The format of the CoNLL shared tasks (https://aclanthology.org/W03-0419/) and of what grew out of them: two or more
columns, tabs or spaces, ``-DOCSTART-`` lines between documents. Comment lines may hold ``# text = ...`` and
``# sent_id = ...`` as in CoNLL-U (https://universaldependencies.org/format.html); ``# text`` gives the exact text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import ClassVar, Literal

from typing_extensions import override

from tunery.data.readers.base import Place, Reader, Reading, Row, Table, columns_of
from tunery.data.strict_json import JsonError, parse_whole
from tunery.i18n import _
from tunery.progress import track

COMMENTS = {
    "text": "text", "sent_id": "id", "timestamp": "timestamp", "group": "group", "document": "document",
    "text_pair": "text_pair",
}  # fmt: skip
"""What a comment ``# name = value`` says about its sentence: the column for each name."""

_COMMENT = re.compile(r"#\s*(\w+)\s*=\s?(.*)", re.DOTALL)
_TAG = re.compile(r"O|[BIOESLUM][-_].+")
_SPACES = re.compile(" +")
_DOCUMENT = re.compile("-DOCSTART-(?:[ \t]|$)")
_OTHERS = frozenset({".csv", ".json", ".jsonl", ".ndjson", ".jsonlines", ".parquet", ".xlsx", ".xlsm", ".arrow"})


class Conll(Reader):
    """Columns of tokens and tags."""

    name: ClassVar[str] = "conll"
    suffixes: ClassVar[tuple[str, ...]] = (".conll", ".conllu", ".bio", ".iob", ".iob2", ".bioes", ".bmes", ".ner")
    rank: ClassVar[int] = 20

    @override
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        if suffix in self.suffixes:
            return True
        # The same layout is a table of classes for one task and columns of tokens for the other.
        return target == "spans" and suffix not in _OTHERS and not start.lstrip().startswith((b'{"', b'[{"'))

    @override
    def read(self, place: Place, reading: Reading) -> list[Table]:
        lines = reading.text_of(place).split("\n")
        lines = [line[:-1] if line.endswith("\r") else line for line in lines]
        columns = _Columns(lines, reading.delimiter)
        rows = list(
            _sentences(track(lines, _("Reading {file}").format(file=place.shown), len(lines)), columns, place, reading)
        )
        _warn_of_one_sentence(rows, place, reading)
        return [Table(place.shown, columns_of(rows), rows, fixed=True, a_line_a_token=True)]


class _Columns:
    """How a file's lines divide into columns, and how many there are."""

    def __init__(self, lines: Sequence[str], delimiter: str | None) -> None:
        sample = [
            line for line in lines[:20000] if line.strip() and not (line.startswith("#") or _DOCUMENT.match(line))
        ]
        tabs = sum("\t" in line for line in sample)
        self.delimiter = delimiter or ("\t" if 2 * tabs >= len(sample) else " ")
        counts = Counter(len(self.split(line)) for line in sample)
        most = max(counts.items(), key=lambda item: (item[1], item[0]), default=(2, 0))[0]
        self.count = max(most, 2)

    def split(self, line: str) -> list[str]:
        # Only tabs and plain spaces separate: an ideographic or a no-break space can be a token.
        if self.delimiter != " ":
            return line.rstrip("\t ").split(self.delimiter) if line.strip() else []
        return _SPACES.split(line.rstrip(" "))

    def are_in(self, line: str) -> bool:
        """Say whether a line that starts with ``#`` is a token like any other."""
        fields = self.split(line)
        return len(fields) == self.count and _TAG.fullmatch(fields[-1]) is not None


def _sentences(lines: Iterator[str], columns: _Columns, place: Place, reading: Reading) -> Iterator[Row]:
    tokens: list[str] = []
    tags: list[str] = []
    said: dict[str, object] = {}
    document: dict[str, object] = {}
    name = PurePath(place.shown).name  # Where the file lies is no part of what it holds.
    first = 0
    for number, line in enumerate(lines, 1):
        begins = _DOCUMENT.match(line) is not None
        if begins or not line.strip(" \t\r"):
            if tokens:
                yield Row(first, {"tokens": tokens, "tags": tags, **document, **said})
            tokens, tags, said = [], [], {}
            document = {"document": f"{name}:{number}"} if begins else document
        elif not tokens and line.startswith("#") and not columns.are_in(line):
            said |= _comment(line)
        else:
            fields = columns.split(line)
            if len(fields) == columns.count:
                first = first if tokens else number
                tokens.append(fields[0])
                tags.append(fields[-1].strip())
            elif not (line.startswith("# ") and _TAG.fullmatch(fields[-1]) is None):
                _ragged(fields, number, columns, place, reading)
    if tokens:
        yield Row(first, {"tokens": tokens, "tags": tags, **document, **said})


def _ragged(fields: Sequence[str], number: int, columns: _Columns, place: Place, reading: Reading) -> None:
    reading.findings.error(
        "ragged-line",
        _("The line has {found} columns where the others have {expected}: {line!r}.").format(
            found=len(fields), expected=columns.count, line=" ".join(fields)[:60]
        ),
        _("Each line holds a token and its tag; mend the line, or put a blank line between sentences."),
        place.shown,
        number,
    )


def _comment(line: str) -> dict[str, object]:
    match = _COMMENT.fullmatch(line)
    if match is None or match[1] not in COMMENTS:
        return {}
    return {COMMENTS[match[1]]: comment_value(match[2])}


def comment_value(written: str) -> str:
    """Return the value of a comment; one in double quotes is a JSON string, so that it can hold line breaks."""
    if written.startswith('"'):
        try:
            value = parse_whole(written)
        except JsonError:
            return written
        return value if isinstance(value, str) else written
    return written


def _warn_of_one_sentence(rows: Sequence[Row], place: Place, reading: Reading) -> None:
    if len(rows) != 1 or not isinstance(tokens := rows[0].values["tokens"], list) or len(tokens) < 2000:
        return
    reading.findings.warning(
        "one-sentence",
        _("The whole file is one sentence of {count} tokens.").format(count=len(tokens)),
        _("Put a blank line between sentences."),
        place.shown,
        rows[0].line,
    )
