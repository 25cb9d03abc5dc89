"""A check on one screen: the splits, the labels, what was found."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from tunery.data.finders.subject import printable, share
from tunery.data.wrapping import Wrapped
from tunery.errors import Problem, Severity
from tunery.i18n import N_, _, joined

if TYPE_CHECKING:
    from tunery.data.check import Check
    from tunery.data.statistics import Lengths, SplitStatistics

_MOST_LABELS = 12
"""Labels up to which all are shown; of more, the most and the least frequent."""
_ENDS = 5
_SEVERITY = {"error": N_("error"), "warning": N_("warning"), "note": N_("note")}
_STYLE: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def overview(check: Check) -> RenderableType:
    """Return the check for a terminal."""
    parts: list[RenderableType] = [Text(printable(check.source), style="bold")] if check.source else []
    parts.append(_splits(check))
    if any(split.labels for split in check.splits.values()):
        parts += ["", _labels(check)]
    if check.problems:
        parts += ["", _problems(check.problems)]
    return Group(*parts, "", _verdict(check))


def _splits(check: Check) -> Table:
    table = _table(_("split"))
    table.collapse_padding = True
    headings = [_("rows"), _("no label"), _("labels"), _("characters: median"), "95%", _("max")]
    with_tokens = any(split.tokens for split in check.splits.values())
    if with_tokens:
        headings += [_("tokens: median"), "95%", _("max"), _("over limit")]
    for heading in headings:
        # A heading may take two lines, but no word of it may be cut.
        table.add_column(heading, justify="right", min_width=max(map(cell_len, heading.split())))
    for split in check.splits.values():
        tokens = _token_cells(split) if with_tokens else []
        table.add_row(
            split.name,
            f"{split.rows:,}",
            f"{split.unlabelled:,}",
            f"{len(split.labels):,}",
            *_lengths(split.characters),
            *tokens,
        )
    return table


def _lengths(lengths: Lengths) -> list[str]:
    return [f"{lengths.median:,.0f}", f"{lengths.p95:,.0f}", f"{lengths.max:,}"]


def _token_cells(split: SplitStatistics) -> list[str]:
    if split.tokens is None:
        return []
    over = "-" if split.tokens.limit is None else share(split.tokens.over_limit, split.rows)
    return [*_lengths(split.tokens), over]


def _labels(check: Check) -> Table:
    table = _table(_("label (spans)") if check.spans else _("label (rows)"))
    for name in check.splits:
        table.add_column(name, justify="right")
    names = _by_frequency(check)
    if len(names) <= _MOST_LABELS:
        shown, hidden = names, 0
    else:
        shown, hidden = names[:_ENDS], len(names) - 2 * _ENDS
    for label in shown:
        table.add_row(*_label_cells(check, label))
    if hidden:
        table.add_row(Text(_("… {n:,} more …").format(n=hidden), style="dim"))
        for label in names[-_ENDS:]:
            table.add_row(*_label_cells(check, label))
    return table


def _by_frequency(check: Check) -> list[str]:
    """Return all labels, the most frequent of the first split that has it first."""
    order: dict[str, None] = {}
    for split in check.splits.values():
        order.update(dict.fromkeys(split.labels))
    return list(order)


def _label_cells(check: Check, label: str) -> list[RenderableType]:
    name = Text(printable(label), no_wrap=True, overflow="ellipsis")
    return [name, *(f"{split.labels.get(label, 0):,}" for split in check.splits.values())]


def _problems(problems: Sequence[Problem]) -> Table:
    table = Table.grid(Column(no_wrap=True), Column(ratio=1), padding=(0, 1), expand=True)
    # One hint serves all neighbours of a kind.
    for (severity, code, hint), group in groupby(problems, key=lambda each: (each.severity, each.code, each.hint)):
        messages = [_message(problem) for problem in group]
        # The code is what the documentation is sorted by; it stands last, after the hint where there is one.
        advice = [Text(f"{hint} ", style="dim")] if hint else []
        (advice or messages)[-1].append_text(Text.assemble(" " * (not hint), (f"[{code}]", "magenta")))
        body = Group(*map(Wrapped, messages), *(Padding(Wrapped(text), (0, 0, 0, 2)) for text in advice))
        table.add_row(Text(_(_SEVERITY[severity]), style=_STYLE[severity]), body)
    return table


def _message(problem: Problem) -> Text:
    if problem.file is None:
        return Text(printable(problem.message))
    name = Path(problem.file).name
    place = name if problem.line is None else f"{name}:{problem.line}"
    return Text.assemble((f"{printable(place)}: ", "bold"), printable(problem.message))


def _verdict(check: Check) -> Text:
    counts = _("Errors: {errors}, warnings: {warnings}, notes: {notes}.").format(
        errors=check.count("error"), warnings=check.count("warning"), notes=check.count("note")
    )
    verdict, style = (_("Usable."), "bold green") if check.ok else (_("Not usable."), "bold red")
    text = Text(joined(verdict, counts))
    text.stylize(style, 0, len(verdict))
    return text


def _table(first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column(first, overflow="ellipsis")
    return table
