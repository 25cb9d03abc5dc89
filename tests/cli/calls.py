"""What a call of the command line takes and gives."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Answer:
    """Exit code and what was printed."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, object]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.split("\n") if line]


class Tunery(Protocol):
    """Carries out one call of the command line."""

    def __call__(self, *arguments: object) -> Answer: ...
