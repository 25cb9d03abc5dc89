"""What is known of a base model before it is fetched."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class BaseCard:
    """A base model as people choose one.

    Attributes:
        source: Its source URI.
        licence: The licence's name; None where it isn't known.
        parameters: How many it has; None where it isn't known.
        languages: Their codes, or ``multilingual``; empty where they aren't known.
        limit: The longest window in tokens.
        tasks: The tasks that it suits by how it was made; empty where that isn't known.
        about: What it is good for: a sentence to be translated.
        downloads: How often the hub gave it out lately.
        folder: For what lies on this machine, its bytes; None elsewhere.
    """

    source: str
    licence: str | None = None
    parameters: int | None = None
    languages: tuple[str, ...] = ()
    limit: int | None = None
    tasks: tuple[str, ...] = ()
    about: str = ""
    downloads: int | None = None
    folder: int | None = None

    @property
    def name(self) -> str:
        """What people call it: without scheme, version and folders."""
        scheme, _colon, address = self.source.partition(":")
        if scheme == "pypi":
            return address.partition("/")[0].partition("==")[0]
        if scheme == "file":
            return address.rstrip("/").rpartition("/")[2]
        return address

    @property
    def scheme(self) -> str:
        """Where it comes from: ``hf``, ``modelscope``, ``pypi`` or ``file``."""
        return self.source.partition(":")[0]

    def fits(self, task: str | None, language: str | None) -> bool:
        """Say whether nothing speaks against it for a task and a language."""
        right_task = task is None or not self.tasks or task in self.tasks
        known = not self.languages or "multilingual" in self.languages
        return right_task and (language is None or known or language in self.languages)

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {**asdict(self), "name": self.name}
