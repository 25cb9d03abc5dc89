"""From modules that were loaded to a requirements.txt: their distributions, and all that those require."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_OURS = "tunery"
"""It is copied, not installed."""


def pinned(modules: Mapping[str, str]) -> list[str]:
    """Return lines ``name==version``, by name, as they are installed here.

    Args:
        modules: Loaded modules with their files; those of the standard library are passed over.
    """
    found: dict[str, str] = {}
    waiting = [(name, frozenset[str]()) for name in sorted(_owners(modules))]
    seen = set()
    while waiting:
        one = waiting.pop()
        if one in seen or one[0] == _OURS:
            continue
        seen.add(one)
        try:
            known = distribution(one[0])
        except PackageNotFoundError:
            continue
        # What stands behind a plus is a build's own name, which package indexes don't know.
        found[one[0]] = known.version.partition("+")[0]
        waiting.extend(_required(known, one[1]))
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def _owners(modules: Mapping[str, str]) -> set[str]:
    """Return the distributions that modules belong to."""
    known = packages_distributions()
    found = set()
    for module, file in modules.items():
        names = set(known.get(module.partition(".")[0], ()))
        # Several distributions may share a name, such as google: then the file tells.
        found |= names if len(names) < 2 else {name for name in names if _holds(name, Path(file))}
    return {canonicalize_name(name) for name in found}


def _holds(name: str, file: Path) -> bool:
    return any(Path(str(one.locate())) == file for one in distribution(name).files or ())


def _required(known: Distribution, extras: Iterable[str]) -> list[tuple[str, frozenset[str]]]:
    requirements = [Requirement(line) for line in known.requires or ()]
    return [
        (canonicalize_name(one.name), frozenset(one.extras))
        for one in requirements
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]
