"""What every source is: a scheme, what it needs installed, and how its text becomes a local folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from tunery.errors import MissingExtraError
from tunery.i18n import _
from tunery.sources.selection import Kind


@dataclass(frozen=True)
class Fetched:
    """Bytes that were elsewhere and are here now.

    Attributes:
        path: A local folder, or a single file. It belongs to a cache or to the user: read it, never write to it.
        uri: The source URI with its revision pinned; fetching that gives the same bytes again, or an error.
        revision: The commit, or the sha256 of the content, or of the wheel it came in.
    """

    path: Path
    uri: str
    revision: str


class Source(ABC):
    """A place that base models and data come from. Subclasses live in a module of `tunery.sources` named like it.

    They import what they need when they fetch, not when they are imported: whoever only asks whether a text is a
    source URI waits for no library.
    """

    name: ClassVar[str]
    """The scheme, for example ``hf``."""
    form: ClassVar[str]
    """How its URIs are written."""
    needs: ClassVar[tuple[str, ...]] = ()
    """The modules it imports that the core of Tunery doesn't have."""
    extra: ClassVar[str] = ""
    """The extra that brings them."""

    def require(self) -> None:
        """Raise `MissingExtraError` unless everything the source needs is installed."""
        if not all(find_spec(module) for module in self.needs):
            raise MissingExtraError(self.extra, _("The source {scheme}:").format(scheme=self.name))

    @abstractmethod
    def fetch(self, address: str, kind: Kind) -> Fetched:
        """Bring what ``address`` (a URI without its scheme) names.

        Raises:
            SourceError: It can't be had, or holds nothing of that kind.
        """
