"""``modelscope:``: models and data sets of ModelScope (魔搭), through its own library.

``MODELSCOPE_ENDPOINT``, ``MODELSCOPE_API_TOKEN``, ``MODELSCOPE_CACHE`` and everything else the library reads mean here
what they mean there, and its cache is the cache.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

from tunery.errors import SourceError
from tunery.i18n import _
from tunery.sources.base import Fetched, Source
from tunery.sources.cache import cache_folder, put_text
from tunery.sources.digest import folder_digest
from tunery.sources.modelscope_errors import failures, plain_error
from tunery.sources.repository import Repository, parse
from tunery.sources.selection import Kind, select

if TYPE_CHECKING:
    from modelscope_hub import HubApi

_TYPES: dict[Kind, str] = {"model": "model", "data": "dataset"}
_DEFAULT_BRANCH = "master"
_PIN = re.compile(r"@sha256:([0-9a-fA-F]{64})$")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_UNFINISHED = (".incomplete", ".parallel_tmp")
"""What the library calls files that are still on their way."""

_log = logging.getLogger(__name__)


class _Entry(TypedDict, total=False):
    """A file as the hub lists it."""

    Path: str
    Type: str
    Size: int
    Sha256: str
    Revision: str
    CommittedDate: int


@dataclass(frozen=True)
class _Snapshot:
    folder: Path
    revision: str
    sizes: dict[str, int]


class ModelscopeSource(Source):
    """Fetches from ModelScope, or from its library's cache where it can't be reached."""

    name = "modelscope"
    form = "modelscope:OWNER/NAME[/PATH][@REVISION]"
    needs = ("modelscope_hub",)
    extra = "modelscope"

    def fetch(self, address: str, kind: Kind) -> Fetched:
        """Return a snapshot of the repository, with only the files of the kind.

        Raises:
            SourceError: The hub doesn't have it or doesn't give it, and it is not cached.
        """
        pin = _PIN.search(address)
        wanted = parse(self.name, address[: pin.start()] if pin else address, self.form)
        if "/" not in wanted.name:
            raise SourceError(
                _("{name!r} is not the name of a repository.").format(name=wanted.name),
                _("It is written: {form}.").format(form=self.form),
            )
        snapshot = _recorded(wanted, kind) if wanted.is_pinned else None
        fetched = _fetched(wanted, snapshot or _obtain(wanted, kind))
        if pin and pin[1].lower() != fetched.revision:
            raise SourceError(
                _("{source} has changed: its sha256 is {found}, and {pinned} was asked for.").format(
                    source=wanted, found=fetched.revision, pinned=pin[1].lower()
                ),
                _("Leave @sha256:... out to use it as it is now."),
            )
        return fetched


def _obtain(wanted: Repository, kind: Kind) -> _Snapshot:
    try:
        snapshot = _download(wanted, kind)
    except failures() as error:
        plain = plain_error(wanted, error)
        known = _recorded(wanted, kind) or _library_cached(wanted, kind)
        if known is None:
            raise plain from None
        _log.warning(
            _("{error} What is cached is used: {uri}").format(
                error=plain.message, uri=f"{wanted.address}@{known.revision}"
            )
        )
        return known
    for asked in (wanted, replace(wanted, revision=snapshot.revision)):
        _record(asked, kind, snapshot)
    return snapshot


def _download(wanted: Repository, kind: Kind) -> _Snapshot:
    api = _api(wanted, kind)
    asked = wanted.revision or _DEFAULT_BRANCH
    listed = api.legacy.list_repo_files(repo_id=wanted.name, repo_type=_TYPES[kind], revision=asked, recursive=True)
    entries: dict[str, _Entry] = {
        item["Path"]: cast(_Entry, item) for item in listed if item.get("Type") != "tree" and item.get("Path")
    }
    taken = select(entries, kind, wanted.address, wanted.path)
    files = [dict(entry) for name, entry in entries.items() if taken.takes(name)]
    commit = wanted.revision if wanted.is_pinned else _newest_commit(list(entries.values()))
    revision = commit or asked
    folder = api.download_repo(wanted.name, _TYPES[kind], revision=revision, file_list=files)
    return _Snapshot(
        folder, revision, {str(file["Path"]): (folder / str(file["Path"])).stat().st_size for file in files}
    )


def _api(wanted: Repository, kind: Kind) -> HubApi:
    from modelscope_hub import HubApi, HubConfig

    # The library asks the site in China first and then the international one, unless the user has named one.
    endpoint = _local_api().resolve_endpoint_for_read(wanted.name, repo_type=_TYPES[kind])
    return HubApi(config=HubConfig(endpoint=endpoint))


def _local_api() -> HubApi:
    from modelscope_hub import HubApi, HubConfig

    # Of its own: the one that the library shares keeps what the environment was when it was first used.
    return HubApi(config=HubConfig())


def _newest_commit(entries: Sequence[_Entry]) -> str | None:
    # The library doesn't tell the commit of a branch; every file's last commit is listed, and the newest of them has
    # every file as it is now.
    newest = max(entries, key=lambda entry: entry.get("CommittedDate") or 0, default=None)
    revision = newest.get("Revision", "") if newest else ""
    return revision if _COMMIT.fullmatch(revision) else None


def _fetched(wanted: Repository, snapshot: _Snapshot) -> Fetched:
    path = snapshot.folder / wanted.path
    if _COMMIT.fullmatch(snapshot.revision):
        return Fetched(path, f"{wanted.address}@{snapshot.revision}", snapshot.revision)
    digest = folder_digest(snapshot.folder, snapshot.sizes)
    return Fetched(path, f"{wanted.address}@{snapshot.revision}@sha256:{digest}", digest)


def _library_cached(wanted: Repository, kind: Kind) -> _Snapshot | None:
    """Find what the user has fetched with ModelScope's own tools."""
    with suppress(*failures(), SourceError):
        folder = _local_api().download_repo(wanted.name, _TYPES[kind], revision=wanted.revision, local_files_only=True)
        files = [path for path in folder.rglob("*") if path.is_file()]
        if any(path.suffix in _UNFINISHED for path in files):
            return None
        sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
        taken = select(sizes, kind, wanted.address, wanted.path)
        chosen = {name: size for name, size in sizes.items() if taken.takes(name)}
        revision = folder.name if _COMMIT.fullmatch(folder.name) else wanted.revision or _DEFAULT_BRANCH
        return _Snapshot(folder, revision, chosen)
    return None


def _note(wanted: Repository, kind: Kind) -> Path:
    key = hashlib.sha256(f"{kind} {wanted}".encode()).hexdigest()
    return cache_folder() / "modelscope" / f"{key}.json"


def _record(wanted: Repository, kind: Kind, snapshot: _Snapshot) -> None:
    """Remember that a snapshot is complete and which revision a branch had: the library's cache tells neither."""
    content = {"folder": str(snapshot.folder), "revision": snapshot.revision, "files": snapshot.sizes}
    with suppress(OSError):
        put_text(json.dumps(content), _note(wanted, kind))


def _recorded(wanted: Repository, kind: Kind) -> _Snapshot | None:
    with suppress(OSError, ValueError):
        match json.loads(_note(wanted, kind).read_text(encoding="utf-8")):
            case {"folder": str(folder), "revision": str(revision), "files": dict(sizes)}:
                found = _Snapshot(Path(folder), revision, sizes)
                whole = all((found.folder / name).stat().st_size == size for name, size in sizes.items())
                return found if whole else None
    return None
