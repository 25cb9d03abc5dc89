"""Tunery's own cache folder: what is put there is complete or not there at all, whoever else is writing.

It is ``TUNERY_CACHE``, else ``tunery`` in ``XDG_CACHE_HOME``, else ``~/.cache/tunery``. It can be deleted at any time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_ABANDONED = 24 * 3600
"""Seconds after which a temporary folder belongs to a process that was killed."""


def cache_folder() -> Path:
    """Return the cache folder, which may not exist yet."""
    if chosen := os.environ.get("TUNERY_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache").absolute() / "tunery"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder on the cache's own file system, and remove it and all that was left in it afterwards."""
    parent = cache_folder() / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_folder(folder: Path, target: Path) -> None:
    """Move a finished folder to its place; a folder that another process put there in the meantime stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def put_file(file: Path, target: Path) -> None:
    """Move a finished file to its place at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    file.replace(target)


def drop_folder(folder: Path) -> None:
    """Remove a folder from its place at once, however large it is."""
    with temporary_folder() as aside, suppress(FileNotFoundError):
        folder.rename(aside / "dropped")


def put_text(text: str, target: Path) -> None:
    """Write a small file at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _sweep(parent: Path) -> None:
    for folder in parent.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)
