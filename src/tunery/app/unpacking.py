"""A model's folder out of the archive that an application sends."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from tunery.errors import ServerError, SettingError, reason_of
from tunery.i18n import _


def vacant(folder: Path) -> None:
    """Make sure that a folder can be made at a place.

    Raises:
        SettingError: Something is there already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingError(
            _("{folder} holds something already.").format(folder=folder), _("Give --output another name.")
        )


def unpack(archive: Path, folder: Path) -> None:
    """Write the one folder that an archive holds; it appears as a whole or not at all.

    Args:
        archive: A zip file in which everything lies below one folder.
        folder: Where its files go.

    Raises:
        ServerError: It is damaged, or a file in it would be written elsewhere.
        SettingError: Something is there already, or it can't be written.
    """
    vacant(folder)
    try:
        with unwritable_in_words(folder), beside(folder) as place, zipfile.ZipFile(archive) as file:
            made = Path(place) / "made"
            made.mkdir()
            for entry in file.infolist():
                _write(file, entry, made)
            if folder.exists():
                folder.rmdir()
            made.rename(folder)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:  # so zipfile says: encrypted, an odd method
        raise ServerError(_("What the server sent can't be unpacked: {reason}.").format(reason=error)) from None


@contextmanager
def beside(folder: Path) -> Iterator[str]:
    """Yield a temporary folder on the disk where another is to be."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as place:
        yield place


@contextmanager
def unwritable_in_words(folder: Path) -> Iterator[None]:
    """Say in words that a folder can't be written.

    Raises:
        SettingError: It can't.
    """
    try:
        yield
    except OSError as error:
        raise SettingError(
            _("{path} can't be written: {reason}.").format(path=folder, reason=reason_of(error)),
            _("Make room, or give --output a place that can be written to."),
        ) from None


def _write(file: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    parts = PurePosixPath(entry.filename).parts[1:]
    # What is sent isn't compressed, so that nothing can grow while it is unpacked.
    unsafe = not parts or any(part in ("..", ".") or "\\" in part or ":" in part for part in parts)
    if unsafe or entry.filename.startswith("/") or entry.is_dir() or entry.compress_type != zipfile.ZIP_STORED:
        raise ServerError(_("The server sent a file that is not a model's: {name}.").format(name=entry.filename))
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with file.open(entry) as source, target.open("xb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
