"""Files that people send: how large they may be, what they may hold, and what they are called."""

from __future__ import annotations

import gzip
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from tunery.errors import DataError, Problem
from tunery.i18n import _

LARGEST = 200_000_000
"""Bytes of a file, and of what it is unpacked to."""
_LONGEST_NAME = 120
_PIECE = 1 << 20
_MOST_ENTRIES = 10_000
"""Files in a workbook; one has some dozens."""
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\0asm")
_ARCHIVES = (b"Rar!", b"7z\xbc\xaf", b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd")


def receive(pieces: Iterable[bytes], path: Path, *, name: str, largest: int = LARGEST) -> None:
    """Write what arrives to a file, and stop where it is too large.

    Args:
        pieces: As they come.
        path: Where they are written; what is there after an error is the caller's to remove.
        name: What its owner calls the file.
        largest: Bytes that it may have.

    Raises:
        DataError: It is too large.
    """
    size = 0
    with path.open("wb") as file:
        for piece in pieces:
            size += len(piece)
            if size > largest:
                raise _too_large(name, largest)
            file.write(piece)


def check(path: Path, *, name: str, largest: int = LARGEST) -> None:
    """Make sure that a file can be read as data without harm.

    Args:
        path: Where it lies.
        name: What its owner calls it.
        largest: Bytes that it may have, packed and unpacked.

    Raises:
        DataError: It is empty, too large, a program, an archive, or unpacks to too much.
    """
    size = path.stat().st_size
    if size == 0:
        raise _refused("upload-empty", name, _("The file is empty."), _("Choose a file with labelled examples."))
    if size > largest:
        raise _too_large(name, largest)
    with path.open("rb") as file:
        start = file.read(1024)
    # A text may begin with the same letters, but it holds no NUL.
    binary = b"\0" in start
    if binary and start.startswith(_PROGRAMS):
        raise _refused("upload-program", name, _("The file is a program, not data."), _choose())
    if binary and start.startswith(_ARCHIVES):
        raise _refused("upload-archive", name, _("The file is an archive."), _("Unpack it, and choose a file in it."))
    if start.startswith(b"PK\x03\x04"):
        _check_workbook(path, name, largest)
    elif start.startswith(b"\x1f\x8b"):
        _check_gzip(path, name, largest)


def file_name(name: str) -> str:
    """Return a name without folders, and without what does not belong in one; never empty, hidden or too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(one for one in last if unicodedata.category(one)[0] != "C" and one not in '<>:"|?*')
    kept = " ".join(kept.split()).lstrip(".").strip()
    if len(kept.encode()) > _LONGEST_NAME:
        stem, dot, suffix = kept.rpartition(".")
        end = f"{dot}{suffix}" if dot and len(suffix.encode()) < _LONGEST_NAME // 4 else ""
        stem = (stem if end else kept).encode()[: _LONGEST_NAME - len(end.encode())].decode(errors="ignore")
        kept = stem + end
    return kept or "data"


def _check_workbook(path: Path, name: str, largest: int) -> None:
    """Make sure that a zip file is an Excel workbook of an honest size: what it says of itself is not believed."""
    try:
        with zipfile.ZipFile(path) as file:
            entries = file.infolist()
            if "[Content_Types].xml" not in file.namelist() or "xl/workbook.xml" not in file.namelist():
                raise _refused(
                    "upload-archive", name, _("The file is an archive."), _("Unpack it, and choose a file in it.")
                )
            left = largest if len(entries) <= _MOST_ENTRIES else -1
            for entry in entries:
                with file.open(entry) as stream:
                    while left >= 0 and (piece := stream.read(_PIECE)):
                        left -= len(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise _refused("upload-damaged", name, _("The file is damaged."), _choose()) from error
    if left < 0:
        raise _unpacks_to_too_much(name, largest)


def _check_gzip(path: Path, name: str, largest: int) -> None:
    left = largest
    try:
        with gzip.open(path) as file:
            while left >= 0 and (piece := file.read(_PIECE)):
                left -= len(piece)
    except (OSError, EOFError, zlib.error) as error:
        raise _refused("upload-damaged", name, _("The file is damaged."), _choose()) from error
    if left < 0:
        raise _unpacks_to_too_much(name, largest)


def _too_large(name: str, largest: int) -> DataError:
    message = _("The file is larger than {size} MB.").format(size=largest // 1_000_000)
    return _refused("upload-too-large", name, message, _("Divide it, or import it from a source."))


def _unpacks_to_too_much(name: str, largest: int) -> DataError:
    message = _("The file unpacks to more than {size} MB.").format(size=largest // 1_000_000)
    return _refused("upload-too-large", name, message, _("Divide it, or import it from a source."))


def _choose() -> str:
    return _("Choose a file with labelled examples: CSV, JSON lines, CoNLL, Excel or another format of data.")


def _refused(code: str, name: str, message: str, hint: str) -> DataError:
    return DataError([Problem("error", code, message, hint, file_name(name))])
