"""``file:``: files and folders of this machine, pinned by the sha256 of their content."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from tunery.errors import SourceError
from tunery.i18n import _
from tunery.sources.base import Fetched, Source
from tunery.sources.digest import file_digest, folder_digest
from tunery.sources.failures import explain
from tunery.sources.selection import Kind, select

_PIN = re.compile(r"@sha256:([0-9a-fA-F]{64})$")
_MOST = 100_000
"""More files than this are somebody's home folder, not a data set."""


class FileSource(Source):
    """Reads what is already here; nothing is copied."""

    name = "file"
    form = "file:PATH[@sha256:DIGEST]"

    def fetch(self, address: str, kind: Kind) -> Fetched:
        """Return the file or folder, with the sha256 of what is of the kind in it.

        Raises:
            SourceError: It isn't there, holds nothing of the kind, or isn't what it was when it was pinned.
        """
        pin = _PIN.search(address)
        path = _path(address[: pin.start()] if pin else address)
        try:
            digest = _digest(path, kind)
        except OSError as error:
            reason, hint = explain(error)
            raise SourceError(_("{file} can't be read: {reason}.").format(file=path, reason=reason), hint) from None
        if pin and pin[1].lower() != digest:
            raise SourceError(
                _("{path} has changed: its sha256 is {found}, and {pinned} was asked for.").format(
                    path=path, found=digest, pinned=pin[1].lower()
                ),
                _("Put back what was there, or leave @sha256:... out to use it as it is now."),
            )
        return Fetched(path, f"file:{path.as_posix()}@sha256:{digest}", digest)


def _path(text: str) -> Path:
    if text.startswith("//"):
        # The form that browsers and file managers copy: file:///home/me/my%20data
        text = unquote(text.removeprefix("//"))
        text = text.removeprefix("localhost")
    if not text or "\0" in text:
        raise SourceError(
            _("A file source names no path."), _("Write it like this: file:data/train.csv, or file:news/")
        )
    return Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 - unlike resolve(), keeps links as they are


def _digest(path: Path, kind: Kind) -> str:
    if not path.exists():
        raise SourceError(
            _("There is no file or folder {path}.").format(path=path),
            _("Check the spelling; paths start at {here}.").format(here=Path.cwd()),
        )
    if path.is_dir():
        return _folder_digest(path, kind)
    if not path.is_file():
        raise SourceError(
            _("{path} is neither a file nor a folder.").format(path=path), _("Give a file or a folder with files.")
        )
    if kind == "model":
        select([path.name], kind, f"file:{path}", path.name)
    # How a data file is named is the reader's business: the user named this one.
    return file_digest(path)


def _folder_digest(folder: Path, kind: Kind) -> str:
    names = []
    for name in _visible(folder):
        names.append(name)
        if len(names) > _MOST:
            raise SourceError(
                _("{path} holds more than {n} files.").format(path=folder, n=_MOST),
                _("Give the folder that holds only what is wanted."),
            )
    if kind == "model":
        taken = select(names, kind, f"file:{folder}")
        return folder_digest(folder, filter(taken.takes, names))
    if not names:
        raise SourceError(_("{path} holds no files.").format(path=folder), _("Give a folder with data files."))
    return folder_digest(folder, names)


def _visible(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        for name in names:
            path = Path(place) / name
            if not name.startswith(".") and path.is_file():
                yield path.relative_to(folder).as_posix()
