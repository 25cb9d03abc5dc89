"""The sha256 of files and folders: what pins a source that has no commits.

A folder's is the sha256 of the lines ``<sha256 of the file>  <its name>`` as ``sha256sum`` prints them, sorted by name.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tunery.errors import SourceError
from tunery.i18n import _
from tunery.progress import Bar, bar
from tunery.sources.cache import cache_folder, put_text

_CHUNK = 1024**2
_REMEMBERED = 16 * _CHUNK
"""From this size on, in bytes, reading a file again costs more than remembering its digest."""
_SETTLED = 2 * 10**9
"""Nanoseconds after which a file's time tells whether it changed; some file systems count in whole seconds."""


def file_digest(path: Path) -> str:
    """Return the sha256 of a file.

    Raises:
        SourceError: It changed while it was read.
    """
    with bar(_("Reading {name}").format(name=path.name), path.stat().st_size, in_bytes=True) as shown:
        return _digest(path, shown)


def folder_digest(folder: Path, names: Iterable[str]) -> str:
    """Return the sha256 of the names and contents of these files of a folder.

    Raises:
        SourceError: One of them changed while it was read.
    """
    ordered = sorted(names)
    size = sum((folder / name).stat().st_size for name in ordered)
    total = hashlib.sha256()
    with bar(_("Reading {name}").format(name=folder.name), size, in_bytes=True) as shown:
        for name in ordered:
            total.update(f"{_digest(folder / name, shown)}  {name}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _digest(path: Path, shown: Bar) -> str:
    before = path.stat()
    known = _remembered(path, before)
    if known is not None:
        shown.advance(before.st_size)
        return known
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            shown.advance(len(chunk))
    after = path.stat()
    if _identity(before) != _identity(after):
        raise SourceError(
            _("{file} changed while it was read.").format(file=path),
            _("Wait until whatever writes it is done, and start again."),
        )
    _remember(path, after, digest.hexdigest())
    return digest.hexdigest()


def _identity(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _note(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    return cache_folder() / "digests" / f"{name}.json"


def _remembered(path: Path, status: os.stat_result) -> str | None:
    if status.st_size < _REMEMBERED:
        return None
    with suppress(OSError, ValueError):
        match json.loads(_note(path).read_text(encoding="utf-8")):
            case {"file": list(file), "sha256": str(digest)} if file == _identity(status):
                return digest
    return None


def _remember(path: Path, status: os.stat_result, digest: str) -> None:
    if status.st_size < _REMEMBERED or time.time_ns() - status.st_mtime_ns < _SETTLED:
        return
    # A cache that can't be written to (a read-only home) costs time, nothing else.
    with suppress(OSError):
        put_text(json.dumps({"file": _identity(status), "sha256": digest}), _note(path))
