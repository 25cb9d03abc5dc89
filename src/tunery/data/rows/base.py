"""What is known of a data set when its rows are turned into examples, and what one row gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tunery.data.columns import Fields
from tunery.data.findings import Findings
from tunery.data.readers.base import Row, Table
from tunery.data.settings import DataSettings
from tunery.types import Offsets, Target


@dataclass(frozen=True, slots=True)
class Job:
    """A data set on its way from rows to examples.

    Attributes:
        tables: All its tables.
        fields: Which column is what.
        settings: How the user said to read them.
        label_names: Label names that lay beside the files.
        shown: The data set's name for messages.
        findings: Where problems and decisions go.
    """

    tables: Sequence[Table]
    fields: Fields
    settings: DataSettings
    label_names: Sequence[str] | None
    shown: str
    findings: Findings


@dataclass(frozen=True, slots=True)
class Report:
    """Takes what is wrong with the row at hand."""

    findings: Findings
    file: str
    line: int

    def error(self, code: str, message: str, hint: str) -> None:
        """Report what makes the row unusable."""
        self.findings.error(code, message, hint, self.file, self.line)

    def warning(self, code: str, message: str, hint: str) -> None:
        """Report what was mended, or will cost quality."""
        self.findings.warning(code, message, hint, self.file, self.line)


Parts: TypeAlias = tuple[str, Target | None, tuple[Offsets, ...] | None]
"""A row's text, target and words; no target where nobody has labelled it yet."""

ReadRow: TypeAlias = Callable[[Table, Row, Report], Parts | None]
"""Reads one row; None if it can't be used, which has been reported."""
