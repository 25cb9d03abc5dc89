"""One version of a data set: what is in it, where it came from, how it differs from others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from tunery.app.actions import data, deletions, lineage
from tunery.app.actions.data import Form
from tunery.app.datasets import note_of
from tunery.app.studio import notices
from tunery.app.studio.components import charts
from tunery.app.studio.components.cards import card, note, stat, stats
from tunery.app.studio.components.dialogs import confirm
from tunery.app.studio.components.examples import example_text, problem_list, target_chips
from tunery.app.studio.components.forms import choice_field, text_field
from tunery.app.studio.components.markup import Tag, button, button_link, icon_button, link
from tunery.app.studio.components.tables import Column, DataTable
from tunery.app.studio.components.times import relative_time
from tunery.app.studio.page import studio_page
from tunery.app.studio.pages.data import labels_in, may_edit, rows_in
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.app.studio.words import origin_name, split_name, task_name
from tunery.errors import Problem
from tunery.i18n import N_, _
from tunery.store import versions
from tunery.store.paging import Page
from tunery.store.rows import to_example
from tunery.store.tables import DataSet, Version
from tunery.store.version_rows import PlacedRow

_MOST_LABELS = 20


@studio_page("/p/{project}/data/{data_set}", title=N_("Data"))
def version_page(project: str, data_set: str, version: str = "") -> None:
    """Build the page of a version: the last one where none is named."""
    here = visit()
    owner = data.get(here.context, data_set)
    history = data.versions_of(here.context, data_set).items
    if not history:
        heading(owner.name, kicker=_("Data"))
        note(_("There is no version yet."), _("Import a file into it."))
        return
    shown = data.version(here.context, version) if version else history[0]
    heading(
        owner.name,
        _("{task}. Version {number}, {count} rows.").format(
            task=task_name(owner.task), number=shown.number, count=f"{rows_in(shown):,}"
        ),
        kicker=_("Data"),
        actions=lambda: _actions(project, owner, shown),
    )
    if shown.id != history[0].id:
        note(
            _("This is an older version."),
            _("It stays as it was; the last one is version {number}.").format(number=history[0].number),
        )
    with Tag("div", classes="grid-2"):
        _numbers(shown)
        _lengths(shown)
    _labels(shown)
    if shown.notes:
        with card(_("What was found while reading")):
            problem_list(_note(entry) for entry in shown.notes)
    Rows(shown)
    _history(project, owner, shown, history)


def _note(entry: dict[str, Any]) -> Problem:
    """Return a stored note without the folder that its file lay in while it was read."""
    note = note_of(entry)
    return replace(note, file=PurePath(note.file).name if note.file else None)


def _actions(project: str, owner: DataSet, shown: Version) -> None:
    with button(_("Export"), symbol="download"), ui.menu().classes("menu"), Tag("div", role="menu"):
        forms: tuple[Form, ...] = ("jsonl", "conll") if owner.task == "token-classification" else ("jsonl", "csv")
        for split in shown.counts:
            for form in forms:
                Tag(
                    "button",
                    f"{split_name(split)} · {form.upper()}",
                    classes="menu-item",
                    type="button",
                    role="menuitem",
                ).on("click", lambda _event, split=split, form=form: _export(owner, shown, split, form))
    if may_edit():
        if labels_in(shown):
            query = urlencode({"version": shown.id})
            button_link(_("Tune a model"), f"/p/{project}/tune/new?{query}", symbol="tune")
        else:
            button_link(_("Label them"), f"/p/{project}/annotate/new", kind="primary", symbol="annotate")
        button_link(_("New version from a file"), f"/p/{project}/data/import?into={owner.name}", symbol="plus")


async def _export(owner: DataSet, shown: Version, split: str, form: Form) -> None:
    context = visit().context

    def write() -> bytes:
        with TemporaryDirectory() as folder:
            return data.export(context, shown.id, Path(folder), split=split, form=form).read_bytes()

    ui.download.content(await in_background(write), f"{owner.name}-{shown.number}-{split}.{form}")


def _numbers(shown: Version) -> None:
    with card(_("In numbers")), stats():
        for name, split in shown.counts.items():
            stat(split_name(name), f"{int(split['rows']):,}", _("rows"))
        stat(_("Labels"), f"{len(labels_in(shown)):,}")


def _lengths(shown: Version) -> None:
    bins = versions.lengths(shown)
    title = _("Lengths in characters")
    with card(title):
        if bins:
            charts.lengths(bins, title=title)


def _labels(shown: Version) -> None:
    labels = labels_in(shown)
    if not labels:
        return
    title = _("How often each label occurs")
    with card(title):
        charts.bars({name: float(count) for name, count in labels.items()}, limit=_MOST_LABELS, title=title)
        if len(labels) > _MOST_LABELS:
            Tag(
                "p",
                _("{count} more labels occur less often.").format(count=len(labels) - _MOST_LABELS),
                classes="muted small",
            )


class Rows:
    """The rows of a version, which can be searched.

    Args:
        version: The version.
    """

    def __init__(self, version: Version) -> None:
        self._version = version
        with card(_("Rows of this version"), classes="flush rows"):
            with Tag("div", classes="filters", **{"data-search": ""}):
                self._text = text_field(_("Search"), kind="search")
                self._text.root.classes("grow")
                everything = {"": _("all")}
                self._split = choice_field(
                    _("Split"), everything | {name: split_name(name) for name in version.counts}, ""
                )
                self._label = choice_field(_("Label"), everything | {name: name for name in labels_in(version)}, "")
                self._label.element.props("use-input input-debounce=0")
            columns: list[Column[PlacedRow]] = [
                Column(_("Text"), self._show_text, kind="text"),
                Column(_("Label"), self._show_label),
                Column(_("Split"), lambda row: split_name(row.place.split), narrow=True),
            ]
            if may_edit():
                columns.append(Column("", self._show_actions))
            self._table = DataTable(
                columns, self._fetch, label=_("Rows"),
                empty=(_("No row is like this."), _("Try another word or label.")),
            )  # fmt: skip
        self._text.element.on("keydown.enter", self._table.refresh)
        self._text.element.on("blur", self._searched)
        self._searched_for = ""
        for field in (self._split, self._label):
            field.element.on_value_change(self._table.refresh)

    async def _searched(self) -> None:
        if str(self._text.value or "") != self._searched_for:
            await self._table.refresh()

    def _fetch(self, after: str | None, limit: int) -> Page[PlacedRow]:
        self._searched_for = str(self._text.value or "")
        return data.rows(
            visit().context, self._version.id, split=self._split.value or None, label=self._label.value or None,
            text=self._searched_for or None, after=after, limit=limit,
        )  # fmt: skip

    def _show_text(self, row: PlacedRow) -> None:
        if row.row.deleted is not None:
            Tag("span", _("deleted"), classes="muted")
            return
        example_text(to_example(row.row, row.place.target))

    def _show_label(self, row: PlacedRow) -> None:
        target_chips(to_example(row.row, row.place.target).target)

    def _show_actions(self, row: PlacedRow) -> None:
        if row.row.deleted is None:
            icon_button("trash", _("Delete this text everywhere")).on("click", lambda: self._delete(row))

    async def _delete(self, row: PlacedRow) -> None:
        uses = await in_background(lineage.of_row, visit().context, row.row.id)
        # An export is a model of its own, with the name of the one it was made from.
        learned = dict.fromkeys(one.model.name or one.model.id[:10] for one in uses.learned)
        names = ", ".join(learned) or _("none")
        text = _("It is taken out of all versions for good. Models that have learned from it: {names}.").format(
            names=names
        )
        if await confirm(_("Delete this text everywhere?"), text, act=_("Delete"), danger=True):
            await in_background(deletions.row, visit().context, row.row.id)
            notices.tell(_("The text was deleted."))
            await self._table.reload()


def _history(project: str, owner: DataSet, shown: Version, history: list[Version]) -> None:
    with card(_("Versions"), _("From the last to the first.")), Tag("div", classes="lines-list"):
        for number, version in enumerate(history):
            with Tag("div", classes="line-item"):
                target = f"/p/{project}/data/{owner.id}?version={version.id}"
                attributes = {"aria-current": "true"} if version.id == shown.id else {}
                link(_("Version {number}").format(number=version.number), target, **attributes)
                Tag("span", _("{count} rows").format(count=f"{rows_in(version):,}"), classes="muted")
                Tag(
                    "span",
                    f"{origin_name(version.origin)} · {version.source}"
                    if version.source
                    else origin_name(version.origin),
                    classes="grow muted small",
                )
                relative_time(version.created)
                if number + 1 < len(history):
                    before = history[number + 1]
                    link(
                        _("What has changed"),
                        f"/p/{project}/data/{owner.id}/changes?before={before.id}&after={version.id}",
                    )
