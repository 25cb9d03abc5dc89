"""A wheel as what it is here: a zip archive from a stranger. Names are checked, sizes are bounded, nothing is run."""

from __future__ import annotations

import errno
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from tunery.errors import SourceError
from tunery.i18n import _
from tunery.progress import Bar, bar

MAX_MEMBERS = 100_000
"""Most files in an archive."""
MAX_RATIO = 200
"""How many times its size an archive may unpack to once that is more than `_FREE`; text shrinks 3 to 20 times."""
_FREE = 256 * 1024**2
_CHUNK = 1024**2
_BROKEN = (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError)
"""What zipfile raises for archives that are not as they should be."""
_SEPARATORS = ("\\", ":", "\0")


class Wheel:
    """An opened wheel, all of whose names have been checked.

    Args:
        path: The file.

    Raises:
        SourceError: It is not a zip archive, or one that no honest tool has made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
        except _BROKEN as error:
            raise self._broken(error) from None
        if len(members) > MAX_MEMBERS:
            raise self._refused(_("it has {n} members").format(n=len(members)))
        for member in members:
            self._check(member)
        self._members = {member.filename: member for member in members if not member.is_dir()}
        if len({name.casefold() for name in self._members}) < sum(not member.is_dir() for member in members):
            raise self._refused(_("it has two members of the same name"))

    @property
    def names(self) -> list[str]:
        """The files of the package; the wheel's own records about itself left out."""
        return sorted(name for name in self._members if not name.split("/", 1)[0].endswith(".dist-info"))

    def extract(self, names: Sequence[str], start: str, folder: Path) -> None:
        """Write files into an empty folder.

        Args:
            names: Which.
            start: What their names start with that is left away.
            folder: Where to.

        Raises:
            SourceError: They are broken or would fill the disk.
        """
        size = sum(self._members[name].file_size for name in names)
        if size > max(_FREE, MAX_RATIO * self._path.stat().st_size):
            raise self._refused(_("it would unpack to {n} bytes").format(n=size))
        if size > shutil.disk_usage(folder).free:
            raise SourceError(
                _("{file} needs {n} bytes on the disk, and there is not so much room.").format(
                    file=self._path.name, n=size
                ),
                _("Make room, or put the cache elsewhere with TUNERY_CACHE."),
            )
        try:
            with (
                zipfile.ZipFile(self._path) as archive,
                bar(_("Unpacking {name}").format(name=self._path.name), size, in_bytes=True) as shown,
            ):
                for name in names:
                    target = folder / name.removeprefix(start)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(self._members[name]) as source, target.open("xb") as file:
                        _copy(source, file, shown)
        except (*_BROKEN, zlib.error, EOFError) as error:
            raise self._broken(error) from None
        except OSError as error:
            # A damaged table of contents sends zipfile to places before the start of the file.
            if error.errno != errno.EINVAL:
                raise
            raise self._broken(error) from None

    def _check(self, member: zipfile.ZipInfo) -> None:
        # zipfile tidies `filename`; what the archive really says is in `orig_filename`.
        name = member.orig_filename
        parts = name.removesuffix("/").split("/")
        if any(mark in name for mark in _SEPARATORS) or any(part in ("", ".", "..") for part in parts):
            raise self._refused(_("the name of its member {name!r} leads out of the folder").format(name=name))
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise self._refused(_("its member {name!r} is a link or a device").format(name=name))
        if member.flag_bits & 0x1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._refused(_("its member {name!r} is encrypted, or packed as no wheel is").format(name=name))

    def _refused(self, reason: str) -> SourceError:
        return SourceError(
            _("{file} was refused: {reason}.").format(file=self._path.name, reason=reason),
            _("Nothing of it was kept. Don't use this package, and tell whoever keeps the index."),
        )

    def _broken(self, error: Exception) -> SourceError:
        return SourceError(
            _("{file} is broken: {reason}.").format(file=self._path.name, reason=error),
            _("Try again with an empty pip cache (pip cache purge); if it stays, tell whoever keeps the index."),
        )


def _copy(source: IO[bytes], target: IO[bytes], shown: Bar) -> None:
    while chunk := source.read(_CHUNK):
        target.write(chunk)
        shown.advance(len(chunk))
