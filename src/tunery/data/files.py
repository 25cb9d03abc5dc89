"""The bytes of a file: unpacked, never more than memory bears, and not while somebody writes to it."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tunery.errors import DataError, Problem, reason_of
from tunery.i18n import _
from tunery.progress import bar

MAX_LINE = 10 * 1024**2
"""Longest line of a file of lines, in bytes."""
MAX_FILE = 2 * 1024**3
"""Largest file of lines, unpacked, in bytes."""
MAX_DOCUMENT = 512 * 1024**2
"""Largest file that is one value, and so has to be in memory whole, several times over while it is parsed."""
MAX_RATIO = 200
"""How many times its size a packed file may grow once it is larger than `_FREE`; text grows 3 to 20 times."""
_FREE = 256 * 1024**2
_CHUNK = 1024**2
_NOTHING = re.compile(rb"[ \t\r\n\0\xef\xbb\xbf\xff\xfe]*+")
_GZIP = b"\x1f\x8b"


def failure(code: str, message: str, hint: str, file: str, line: int | None = None) -> DataError:
    """Return the error for one thing that is wrong with a file."""
    return DataError([Problem("error", code, message, hint, file, line)])


def read_bytes(path: Path, shown: str, *, lines: bool) -> bytes:
    """Return the content of a file, unpacked if it is gzipped.

    Args:
        path: The file.
        shown: Its name as the user wrote it.
        lines: Whether it consists of lines, so that an endless one is refused before it is in memory.

    Raises:
        DataError: It can't be read, is too large or broken, has too long a line, or changed meanwhile.
    """
    with unchanged(path, shown), _readable(shown), _opened(path) as stream:
        chunks = _bounded(stream, path.stat().st_size, MAX_FILE if lines else MAX_DOCUMENT, shown)
        data = b"".join(_short_lines(chunks, shown) if lines else chunks)
    if _NOTHING.fullmatch(data):
        raise failure("empty-file", _("The file is empty."), _("Give a file with labelled examples."), shown)
    return data


def start_of(path: Path, shown: str, size: int = 65536) -> bytes:
    """Return the first bytes of a file, unpacked if it is gzipped.

    Raises:
        DataError: It can't be read.
    """
    with _readable(shown), _opened(path) as stream:
        return stream.read(size).removeprefix(codecs.BOM_UTF8)


@contextmanager
def unchanged(path: Path, shown: str) -> Iterator[None]:
    """Refuse a file that is written to while the block reads it.

    Raises:
        DataError: Its size or time is another one afterwards, or it is gone.
    """
    with _readable(shown):
        before = path.stat()
    yield
    with _readable(shown):
        after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise failure(
            "file-changed",
            _("The file changed while it was read (from {before} to {after} bytes).").format(
                before=before.st_size, after=after.st_size
            ),
            _("Wait until whatever writes it is done, and start again."),
            shown,
        )


@contextmanager
def _readable(shown: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise failure(
            "gzip-broken",
            _("The gzip archive is broken: {reason}.").format(reason=error),
            _("Copy or download it again; it may have been cut off."),
            shown,
        ) from None
    except OSError as error:
        raise failure(
            "file-unreadable",
            _("The file can't be read: {reason}.").format(reason=reason_of(error)),
            _("Check that it exists and that you may read it."),
            shown,
        ) from None


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
    # The content decides, not the name: files lose or gain ".gz" on their way through mail and browsers.
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def _bounded(stream: IO[bytes], size: int, most: int, shown: str) -> Iterator[bytes]:
    total = 0
    limit = min(most, max(_FREE, size * MAX_RATIO))
    with bar(_("Reading {file}").format(file=shown), None, in_bytes=True) as progress:
        while chunk := stream.read(_CHUNK):
            total += len(chunk)
            if total > limit:
                raise failure(
                    "file-too-large",
                    _("The file has more than {limit} bytes (unpacked).").format(limit=limit),
                    _("Divide it into several files, or store it as Parquet."),
                    shown,
                )
            progress.advance(len(chunk))
            yield chunk


def _short_lines(chunks: Iterator[bytes], shown: str) -> Iterator[bytes]:
    open_line = 0
    lines = 0
    for chunk in chunks:
        first = chunk.find(b"\n")
        longest = open_line + (first if first >= 0 else len(chunk))
        if longest > MAX_LINE:
            raise failure(
                "line-too-long",
                _("The line is longer than {limit} bytes.").format(limit=MAX_LINE),
                _("Check that rows end with a line break; one row is one text, not a whole collection."),
                shown,
                lines + 1,
            )
        open_line = longest if first < 0 else len(chunk) - 1 - chunk.rfind(b"\n")
        lines += chunk.count(b"\n")
        yield chunk
