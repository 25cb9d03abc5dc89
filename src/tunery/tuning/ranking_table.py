"""A ranking on one screen: a line for each base model, and which one it recommends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tunery.i18n import _, joined
from tunery.screen import duration

if TYPE_CHECKING:
    from tunery.tuning.ranking import Candidate, Ranking

_SHOWN = 3
"""Languages named; the rest are counted."""
_CLOSE = 0.01
"""A lead in score that another sample of rows could turn round."""


def overview(ranking: Ranking) -> RenderableType:
    """Return the ranking for a terminal."""
    return Group(_table(ranking), *_failures(ranking), "", Text(verdict(ranking), style="bold"))


def verdict(ranking: Ranking) -> str:
    """Say which base model to take, and by how much it leads."""
    if ranking.best is None:
        return _("None of the base models can be used.")
    usable = [one.score for one in ranking.candidates if one.score is not None]
    first = _("Nearest to the task: {base}.").format(base=ranking.best.base)
    if len(usable) < 2:
        return first
    lead = usable[0] - usable[1]
    words = (
        _("Its score is {lead:.3f} above the next.")
        if lead >= _CLOSE
        else _("The next is only {lead:.3f} behind, which another sample could turn round: take the cheaper one.")
    )
    return joined(first, words.format(lead=lead))


def _table(ranking: Ranking) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column(_("base model"), overflow="fold", min_width=30)
    for heading in (_("score"), "LogME", _("H-score"), _("size")):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(_("licence"))
    table.add_column(_("languages"))
    for heading in (_("tokens/s"), _("rows/s"), _("full tuning")):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, candidate in enumerate(ranking.candidates):
        if candidate.error is None:
            table.add_row(*_cells(candidate), style="bold green" if number == 0 else "")
    return table


def _cells(one: Candidate) -> list[str]:
    return [
        one.base,
        _number(one.score, ".3f"),
        _number(one.log_me, ".3f"),
        _number(one.h_score, ".2f"),
        f"{(one.parameters or 0) / 1e6:.1f}M",
        one.licence or _("unknown"),
        _languages(one.languages),
        _number(one.tokens_per_second, ",.0f"),
        _number(one.rows_per_second, ",.0f"),
        duration(one.tuning_seconds or 0.0),
    ]


def _failures(ranking: Ranking) -> list[RenderableType]:
    failed = [one for one in ranking.candidates if one.error is not None]
    lines = [Text.assemble((f"{one.base}: ", "bold"), (one.error or "", "red")) for one in failed]
    return ["", Text(_("Can't be used:")), *lines] if failed else []


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _languages(names: tuple[str, ...]) -> str:
    if not names:
        return _("unknown")
    more = f" +{len(names) - _SHOWN}" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
