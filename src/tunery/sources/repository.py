"""What the addresses of hubs have in common: a repository, perhaps a path in it, perhaps a revision."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tunery.errors import SourceError
from tunery.i18n import _

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Repository:
    """A repository on a hub.

    Attributes:
        scheme: Of the hub.
        name: ``OWNER/NAME``, or ``NAME`` where the hub has names without owners.
        path: A folder or file in it; empty for all of it.
        revision: A branch, tag or commit; None for the hub's default.
    """

    scheme: str
    name: str
    path: str
    revision: str | None

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit, which never changes."""
        return self.revision is not None and _COMMIT.fullmatch(self.revision) is not None

    @property
    def address(self) -> str:
        """The URI without the revision."""
        return f"{self.scheme}:{self.name}" + (f"/{self.path}" if self.path else "")

    def __str__(self) -> str:
        return self.address + (f"@{self.revision}" if self.revision else "")


def parse(scheme: str, address: str, form: str) -> Repository:
    """Take a hub's URI without its scheme apart.

    Raises:
        SourceError: It is not written as it must be.
    """
    text, _at, revision = address.partition("@")
    parts = text.strip("/").split("/")
    plain = text[:1] != "/" and all(_SEGMENT.fullmatch(part) for part in parts[:2])
    inside = all(part not in ("", ".", "..") and "\\" not in part for part in parts[2:])
    if not plain or not inside or ("@" in address and not _is_revision(revision)):
        raise SourceError(
            _("{name!r} is not the name of a repository.").format(name=address),
            _("It is written: {form}.").format(form=form),
        )
    return Repository(scheme, "/".join(parts[:2]), "/".join(parts[2:]), revision or None)


def _is_revision(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._/+-]*", text) is not None and ".." not in text
