"""What an export came to, on one screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tunery.i18n import _, joined
from tunery.models.manifest import Abstention, Measured
from tunery.screen import Readable


@dataclass(frozen=True)
class ExportResult(Readable):
    """What was tried, what is used, and why.

    Printed by rich it has colours; ``str()`` is the same without; a notebook shows it by itself.

    Attributes:
        folder: The model's folder.
        runtime: What runs the model from now on: ``torch``, ``onnx`` or ``onnx-int8``.
        metric: The task's score.
        rows: How many rows of dev answers were compared on.
        measured: What was tried, by its name.
        abstention: From which score on answers are given, where that was asked for.
        processor: The machine it was measured on.
    """

    width: ClassVar[int] = 120

    folder: Path
    runtime: str
    metric: str
    rows: int
    measured: Mapping[str, Measured]
    abstention: Abstention | None
    processor: str

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values for JSON."""
        return {
            "folder": str(self.folder),
            "runtime": self.runtime,
            "metric": self.metric,
            "rows": self.rows,
            "processor": self.processor,
            "measured": {name: one.model_dump(mode="json") for name, one in self.measured.items()},
            "abstention": None if self.abstention is None else self.abstention.model_dump(mode="json"),
        }

    def __rich__(self) -> RenderableType:
        return Group(self._table(), *self._failures(), "", *self._words())

    def _table(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        table.add_column(_("runtime"))
        headings = (
            _("agreement"), self.metric, _("distance"), _("texts/s, one by one"), _("texts/s, in batches"), "MB",
        )  # fmt: skip
        for heading in headings:
            table.add_column(heading, justify="right")
        table.add_column(_("used"))
        for name, one in self.measured.items():
            table.add_row(*self._cells(name, one), style="bold green" if name == self.runtime else "")
        return table

    def _cells(self, name: str, one: Measured) -> list[str]:
        if not one.megabytes:
            return [name, *["-"] * 6, _("no")]
        return [
            name,
            f"{one.agreement:.2%}",
            f"{one.metric:.4f}",
            f"{one.distance:.4f}",
            f"{one.alone_per_second:,.0f}",
            f"{one.texts_per_second:,.0f}",
            f"{one.megabytes:,.1f}",
            _("yes") if name == self.runtime else _("no"),
        ]

    def _failures(self) -> list[RenderableType]:
        lines = [
            Text.assemble((f"{name}: ", "bold"), reason) for name, one in self.measured.items() for reason in one.failed
        ]
        return ["", *lines] if lines else []

    def _words(self) -> list[RenderableType]:
        where = _("Compared with torch on {rows} rows of dev; measured on {processor}.").format(
            rows=f"{self.rows:,}", processor=self.processor
        )
        return [Text(where), *([] if self.abstention is None else [Text(_threshold(self.abstention))])]


def _threshold(found: Abstention) -> str:
    about = _(
        "It abstains below {threshold:.4f}: {answered:.1%} of {rows} texts of dev are answered, "
        "{accuracy:.1%} of those rightly."
    ).format(
        threshold=found.threshold, answered=found.answered, rows=f"{found.rows:,}", accuracy=found.accuracy
    )  # fmt: skip
    if found.refused is None:
        return about
    return joined(about, _("Of texts that no label fits, {refused:.1%} are refused.").format(refused=found.refused))
