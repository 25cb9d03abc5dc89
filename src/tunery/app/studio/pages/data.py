"""Data: the data sets of a project."""

from __future__ import annotations

from tunery.app.access import ROLES
from tunery.app.actions import data
from tunery.app.actions.data import Listed
from tunery.app.studio.components.cards import card
from tunery.app.studio.components.markup import button_link
from tunery.app.studio.components.tables import Column, DataTable
from tunery.app.studio.components.times import ago
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import visit
from tunery.app.studio.words import task_name
from tunery.i18n import N_, _
from tunery.store.tables import Version


def rows_in(version: Version | None) -> int:
    """Return how many rows a version has."""
    return sum(int(split["rows"]) for split in version.counts.values()) if version is not None else 0


def labels_in(version: Version | None) -> dict[str, int]:
    """Return how often each label occurs in a version, the most frequent first."""
    counts: dict[str, int] = {}
    for split in version.counts.values() if version is not None else ():
        for label, count in split["labels"].items():
            counts[label] = counts.get(label, 0) + int(count)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def may_edit() -> bool:
    """Say whether the visitor may change data here."""
    role = visit().role
    return role is not None and ROLES.index(role) >= ROLES.index("editor")


@studio_page("/p/{project}/data", title=N_("Data"))
def data_page(project: str) -> None:
    """Build the list of data sets."""
    base = f"/p/{project}/data"

    def actions() -> None:
        if may_edit():
            button_link(_("Import a file"), f"{base}/import", kind="primary", symbol="plus")

    heading(
        _("Data"),
        _("What models learn from. A data set keeps all its versions; each of them stays as it was."),
        actions=actions,
    )
    columns: list[Column[Listed]] = [
        Column(_("Name"), lambda one: one.data_set.name, link=lambda one: f"{base}/{one.data_set.id}"),
        Column(_("Task"), lambda one: task_name(one.data_set.task), narrow=True),
        Column(_("Version"), lambda one: str(one.latest.number) if one.latest else "–", kind="number"),
        Column(_("Rows"), lambda one: f"{rows_in(one.latest):,}", kind="number"),
        Column(_("Labels"), lambda one: f"{len(labels_in(one.latest)):,}", kind="number"),
        Column(_("Changed"), lambda one: ago((one.latest or one.data_set).created), narrow=True),
    ]
    with card(classes="flush"):
        DataTable(
            columns,
            lambda after, limit: data.listed(visit().context, project, after=after, limit=limit),
            label=_("Data sets"),
            empty=(
                _("There is no data yet."),
                _("Import a file with texts and their labels: CSV, JSON lines, Excel, CoNLL and others."),
            ),
        )
