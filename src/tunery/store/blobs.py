"""Bytes by their hash, in a folder or in object storage."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

import fsspec

from tunery.errors import MissingExtraError
from tunery.i18n import _
from tunery.store.failures import StoreError, blob_failure, not_found

_PIECE = 1 << 20


class Blobs:
    """Bytes that are found by their sha256: written once, whole or not at all, never changed.

    Args:
        url: A folder, or a URL that fsspec knows, for example ``s3://bucket/prefix``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            filesystem, root = fsspec.core.url_to_fs(url)
        except ImportError:
            raise MissingExtraError("s3", _("A workspace in object storage")) from None
        except ValueError as error:
            raise StoreError(
                _("{url!r} is not a place for files.").format(url=url), _("Write a folder, or s3://bucket/folder.")
            ) from error
        self._filesystem: Any = filesystem
        self._root = str(root).rstrip("/")
        self._local = Path(self._root) if "file" in _protocols(filesystem) else None

    def put(self, source: bytes | Path) -> tuple[str, int]:
        """Store bytes, or a file's; return their hash and number. What is there already is not written again."""
        try:
            digest, size = measure(source)
            if not self.has(digest):
                self._write(source, digest)
        except OSError as error:
            raise blob_failure(self.url, error) from error
        return digest, size

    def get(self, digest: str) -> bytes:
        """Return the bytes.

        Raises:
            NotFoundError: There are none with this hash.
        """
        with self.open(digest) as file:
            return file.read()

    def open(self, digest: str) -> IO[bytes]:
        """Open the bytes for reading.

        Raises:
            NotFoundError: There are none with this hash.
        """
        try:
            return cast(IO[bytes], self._filesystem.open(self._path(digest), "rb"))
        except FileNotFoundError:
            raise not_found(digest) from None
        except OSError as error:
            raise blob_failure(self.url, error) from error

    def fetch(self, digest: str, path: Path) -> None:
        """Write the bytes to a file: on the same disk as a hard link, which must not be changed."""
        if self._local is not None:
            with suppress(OSError):
                os.link(self._path(digest), path)
                return
        with self.open(digest) as file, path.open("wb") as out:
            while piece := file.read(_PIECE):
                out.write(piece)

    def has(self, digest: str) -> bool:
        """Say whether there are bytes with this hash."""
        return bool(self._filesystem.exists(self._path(digest)))

    def remove(self, digest: str) -> None:
        """Remove bytes that nothing needs any more; it is no error if there are none."""
        with suppress(FileNotFoundError):
            self._filesystem.rm_file(self._path(digest))

    def size(self, digest: str) -> int:
        """Return how many bytes there are; 0 where there are none with this hash."""
        with suppress(FileNotFoundError):
            return int(self._filesystem.size(self._path(digest)))
        return 0

    def modified(self, digest: str) -> datetime:
        """Return when bytes were written.

        Raises:
            NotFoundError: There are none with this hash.
        """
        try:
            found: datetime = self._filesystem.modified(self._path(digest))
        except FileNotFoundError:
            raise not_found(digest) from None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found

    def intact(self, digest: str) -> bool:
        """Say whether the bytes are still what their hash says."""
        found = hashlib.sha256()
        with self.open(digest) as file:
            while piece := file.read(_PIECE):
                found.update(piece)
        return found.hexdigest() == digest

    def __iter__(self) -> Iterator[str]:
        """Yield the hash of everything that is stored."""
        if not self._filesystem.exists(self._root):
            return
        self._filesystem.invalidate_cache()
        for path in self._filesystem.find(self._root):
            name = str(path).rsplit("/", 1)[-1]
            if len(name) == 64:
                yield name

    def clear_parts(self, before: datetime) -> int:
        """Remove what processes that died have left half written before a time; return how many bytes."""
        freed = 0
        for path in self._local.glob("*/.*") if self._local is not None else ():
            with suppress(FileNotFoundError):
                found = path.stat()
                if found.st_mtime < before.timestamp():
                    path.unlink()
                    freed += found.st_size
        return freed

    def _path(self, digest: str) -> str:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise not_found(digest)
        return f"{self._root}/{digest[:2]}/{digest}"

    def _write(self, source: bytes | Path, digest: str) -> None:
        path = self._path(digest)
        if self._local is None:
            # Object storage shows an object when all of it has arrived.
            if isinstance(source, bytes):
                self._filesystem.pipe_file(path, source)
            else:
                self._filesystem.put_file(str(source), path)
            return
        _write_whole(Path(path), source)


def _write_whole(path: Path, source: bytes | Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as out:
            if isinstance(source, bytes):
                out.write(source)
            else:
                with source.open("rb") as file:
                    while piece := file.read(_PIECE):
                        out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        beside.chmod(0o400)  # others may have hard links to it
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def measure(source: bytes | Path) -> tuple[str, int]:
    """Return the sha256 and the number of bytes, or of a file's."""
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest(), len(source)
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, file.tell()


def _protocols(filesystem: Any) -> tuple[str, ...]:
    found = filesystem.protocol
    return (found,) if isinstance(found, str) else tuple(found)
