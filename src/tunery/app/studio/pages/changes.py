"""What has changed between two versions of a data set."""

from __future__ import annotations

from tunery.app.actions import data
from tunery.app.studio.components.cards import card, stat, stats
from tunery.app.studio.components.examples import example_text, target_chips
from tunery.app.studio.components.markup import Tag, link
from tunery.app.studio.components.tables import Column, DataTable
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import visit
from tunery.app.studio.words import split_name
from tunery.i18n import N_, _
from tunery.store.differences import KINDS, Change, Kind
from tunery.store.rows import to_example
from tunery.store.targets import from_text

_KINDS: dict[Kind, str] = {
    "added": N_("Added"),
    "removed": N_("Removed"),
    "relabelled": N_("Labelled anew"),
    "moved": N_("Moved to another split"),
}


@studio_page("/p/{project}/data/{data_set}/changes", title=N_("What has changed"))
def changes_page(project: str, data_set: str, before: str, after: str, kind: str = "") -> None:
    """Build the page."""
    context = visit().context
    owner = data.get(context, data_set)
    first, second = data.version(context, before), data.version(context, after)
    counts = data.difference(context, before, after)
    heading(
        _("What has changed"),
        _("From version {first} to version {second} of {name}.").format(
            first=first.number, second=second.number, name=owner.name
        ),
        kicker=_("Data"),
    )
    with card(), stats():
        for name, title in _KINDS.items():
            stat(_(title), f"{counts[name]:,}", _("rows"))
    most: Kind = max(KINDS, key=lambda name: counts[name])
    shown: Kind = next((name for name in KINDS if name == kind), most)
    base = f"/p/{project}/data/{data_set}/changes?before={before}&after={after}"
    with card(classes="flush"):
        with Tag("nav", classes="tabs", **{"aria-label": _("Kind of change")}):
            for name, title in _KINDS.items():
                attributes = {"aria-current": "page"} if name == shown else {}
                link(_(title), f"{base}&kind={name}", classes="tab", **attributes)
        _table(before, after, shown)


def _table(before: str, after: str, kind: Kind) -> None:
    columns: list[Column[Change]] = [Column(_("Text"), _text, kind="text")]
    if kind in ("removed", "relabelled"):
        columns.append(Column(_("Label before"), lambda one: target_chips(from_text(one.target_before))))
    if kind in ("added", "relabelled"):
        columns.append(Column(_("Label"), lambda one: target_chips(from_text(one.target_after))))
    if kind in ("removed", "moved"):
        columns.append(Column(_("Split before"), lambda one: split_name(one.split_before or "–")))
    if kind in ("added", "moved"):
        columns.append(Column(_("Split"), lambda one: split_name(one.split_after or "–")))
    DataTable(
        columns,
        lambda start, limit: data.changes(visit().context, before, after, kind=kind, start=start, limit=limit),
        label=_("What has changed"),
        empty=(_("No row is like this."), ""),
    )


def _text(one: Change) -> None:
    example_text(to_example(one.row, one.target_after or one.target_before))
