"""``hf:``: models and data sets of the Hugging Face hub, or of a mirror of it, through huggingface_hub.

``HF_ENDPOINT``, ``HF_TOKEN``, ``HF_HUB_OFFLINE``, ``HF_HOME`` and everything else the library reads mean here what they
mean there, and its cache is the cache.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tunery.errors import SourceError
from tunery.i18n import _
from tunery.sources.base import Fetched, Source
from tunery.sources.growth import growing
from tunery.sources.hf_errors import failures, is_refusal, plain_error
from tunery.sources.repository import Repository, parse
from tunery.sources.selection import Kind, select

_TYPES: Mapping[Kind, str] = {"model": "model", "data": "dataset"}
_TIMEOUT = 20.0
"""Seconds for an answer about a repository."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Listing:
    commit: str
    sizes: Mapping[str, int]


class HfSource(Source):
    """Fetches from the hub, or from its cache where the hub can't be reached."""

    name = "hf"
    form = "hf:OWNER/NAME[/PATH][@REVISION]"

    def fetch(self, address: str, kind: Kind) -> Fetched:
        """Return a snapshot of the repository, with only the files of the kind.

        Raises:
            SourceError: The hub doesn't have it or doesn't give it, and it is not cached.
        """
        wanted = parse(self.name, address, self.form)
        if (wanted.is_pinned or _is_offline()) and (known := _cached(wanted, kind)):
            return known
        try:
            return _download(wanted, kind)
        except failures() as error:
            known = None if is_refusal(error) else _cached(wanted, kind)
            plain = plain_error(wanted, kind, error)
            if known is None:
                raise plain from None
            _log.warning(_("{error} What is cached is used: {uri}").format(error=plain.message, uri=known.uri))
            return known


def _is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _download(wanted: Repository, kind: Kind) -> Fetched:
    listing = _list(wanted, kind)
    taken = select(listing.sizes, kind, wanted.address, wanted.path)
    total = sum(size for name, size in listing.sizes.items() if taken.takes(name))
    with growing(_storage(wanted, kind), _("Downloading {name}").format(name=wanted.name), total):
        folder = _snapshot(wanted, kind, wanted.revision, list(taken.allow), list(taken.ignore), offline=False)
    if folder.name != listing.commit:
        raise SourceError(
            _("{source} was changed on the hub while it was fetched.").format(source=wanted), _("Fetch it again.")
        )
    return _fetched(wanted, folder)


def _list(wanted: Repository, kind: Kind) -> _Listing:
    from huggingface_hub import HfApi

    api = HfApi(library_name="tunery")
    ask = api.model_info if kind == "model" else api.dataset_info
    info = ask(wanted.name, revision=wanted.revision, files_metadata=True, timeout=_TIMEOUT)
    return _Listing(str(info.sha), {file.rfilename: file.size or 0 for file in info.siblings or ()})


def _snapshot(
    wanted: Repository, kind: Kind, revision: str | None, allow: list[str], ignore: list[str], *, offline: bool
) -> Path:
    from huggingface_hub import snapshot_download
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Silent(tqdm):  # type: ignore[misc]
        """The library's bar, not shown: Tunery shows its own."""

        def __init__(self, *args: object, **settings: object) -> None:
            settings.pop("name", None)
            super().__init__(*args, **{**settings, "disable": True})

    folder = snapshot_download(
        wanted.name, repo_type=_TYPES[kind], revision=revision, allow_patterns=allow, ignore_patterns=ignore,
        local_files_only=offline, tqdm_class=Silent, library_name="tunery",
    )  # fmt: skip
    return Path(folder)


def _storage(wanted: Repository, kind: Kind) -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / "--".join([f"{_TYPES[kind]}s", *wanted.name.split("/")])


def _cached(wanted: Repository, kind: Kind) -> Fetched | None:
    with suppress(*failures(), SourceError):
        folder = _snapshot(wanted, kind, wanted.revision, ["*"], ["*"], offline=True)
        names = _files(folder)
        taken = select(names, kind, wanted.address, wanted.path)
        # Asked for again with the patterns, so that the library says whether a download was interrupted.
        _snapshot(wanted, kind, folder.name, list(taken.allow), list(taken.ignore), offline=True)
        return _fetched(wanted, folder)
    return None


def _files(folder: Path) -> list[str]:
    return [
        (Path(place) / name).relative_to(folder).as_posix()
        for place, _folders, names in os.walk(folder)
        for name in names
        if (Path(place) / name).is_file()
    ]


def _fetched(wanted: Repository, folder: Path) -> Fetched:
    return Fetched(folder / wanted.path, f"{wanted.address}@{folder.name}", folder.name)
