"""Looks for everything in a data set that would make it useless or cost quality, and tells it all at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tunery.data.dataset import Dataset
from tunery.data.finders import FINDERS
from tunery.data.finders.subject import Subject
from tunery.data.statistics import CountTokens, SplitStatistics, statistics
from tunery.errors import Problem, Severity
from tunery.screen import Readable

if TYPE_CHECKING:
    from rich.console import RenderableType

_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Check(Readable):
    """What a data set holds, and what is wrong with it.

    Printed by rich it has colours; ``str()`` is the same without; a notebook shows it by itself.

    Attributes:
        splits: Each split in numbers.
        problems: Everything found, errors first.
        spans: Whether labels are counted by span (else by row).
        source: Where the data came from.
    """

    splits: Mapping[str, SplitStatistics]
    problems: tuple[Problem, ...]
    spans: bool = False
    source: str = ""

    @property
    def ok(self) -> bool:
        """Whether the data can be used: nothing found is an error."""
        return not self.count("error")

    def count(self, severity: Severity) -> int:
        """Return how many problems are of a severity."""
        return sum(problem.severity == severity for problem in self.problems)

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values for JSON, every label included."""
        return {
            "ok": self.ok,
            "source": self.source,
            "counted": "spans" if self.spans else "rows",
            "splits": {name: asdict(split) for name, split in self.splits.items()},
            "problems": [problem.to_dict() for problem in self.problems],
        }

    def __rich__(self) -> RenderableType:
        from tunery.data.overview import overview

        return overview(self)


def check(dataset: Dataset, *, count_tokens: CountTokens | None = None, limit: int | None = None) -> Check:
    """Look for everything in ``dataset`` that would make it useless or cost quality.

    Args:
        dataset: The data set.
        count_tokens: Returns the length of each text in a base model's tokens; without it only characters are counted.
        limit: The longest text, in those tokens, that the base model reads at once.
    """
    numbers = statistics(dataset, count_tokens, limit)
    subject = Subject(dataset, numbers)
    found = [*dataset.notes, *(problem for finder in FINDERS for problem in finder(subject))]
    found.sort(key=lambda problem: _SEVERITIES.index(problem.severity))
    return Check(numbers, tuple(found), dataset.schema.target == "spans", dataset.source)
