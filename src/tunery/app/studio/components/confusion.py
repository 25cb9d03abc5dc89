"""The confusion matrix: a grid of links, each to the rows that it counts."""

from __future__ import annotations

from collections.abc import Callable

from tunery.app.studio.components.markup import Tag
from tunery.app.studio.views.confusion import Cell, Grid
from tunery.i18n import _

_ROOMY = 14
"""Up to so many labels a cell has room for its number."""


def confusion_grid(grid: Grid, address: Callable[[Cell], str]) -> Tag:
    """Build the matrix.

    Args:
        grid: Its labels and cells.
        address: Returns where a cell's rows are listed.
    """
    size = "roomy" if len(grid.labels) <= _ROOMY else "tight"
    with (
        Tag("div", classes="scroll", tabindex="0", role="region", **{"aria-label": _("Confusion matrix")}),
        Tag("div", classes=f"confusion {size}").style(f"--labels: {len(grid.labels)}") as element,
    ):
        for number, label in enumerate(grid.labels):
            Tag("span", label, classes="confusion-row", title=label).style(f"grid-row: {number + 2}")
            with Tag("span", classes="confusion-column", title=label).style(f"grid-column: {number + 2}"):
                Tag("span", label)
        Tag("i", classes="confusion-field").style(
            f"grid-area: 2 / 2 / span {len(grid.labels)} / span {len(grid.labels)}"
        )
        for cell in grid.cells:
            _cell(cell, address(cell), with_number=size == "roomy")
    return element


def _cell(cell: Cell, address: str, *, with_number: bool) -> None:
    words = _("expected {expected}, answered {answered}: {count} ({share:.1%})").format(
        expected=cell.expected, answered=cell.answered, count=cell.count, share=cell.share
    )
    strong = " is-strong" if cell.share > 0.4 else ""
    kind = "is-right" if cell.right else "is-wrong"
    Tag(
        "a", f"{cell.count:,}" if with_number else "", classes=f"confusion-cell {kind}{strong}",
        href=address, title=words, **{"aria-label": words},
    ).style(f"grid-area: {cell.row + 2} / {cell.column + 2}; --strength: {cell.strength:.2f}")  # fmt: skip
