"""The list of reports."""

from __future__ import annotations

from urllib.parse import urlencode

from nicegui import ui

from tunery.app.actions import reports
from tunery.app.actions.reports import StoredReport
from tunery.app.studio import measures
from tunery.app.studio.addresses import report_address
from tunery.app.studio.components.cards import card, empty_state
from tunery.app.studio.components.forms import choice_field
from tunery.app.studio.components.markup import Tag
from tunery.app.studio.components.tables import Column, data_table
from tunery.app.studio.components.times import relative_time
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.evaluation import wording
from tunery.evaluation.report import Report
from tunery.i18n import N_, _
from tunery.store.paging import Page


@studio_page("/p/{project}/reports", title=N_("Report"))
async def index(project: str) -> None:
    """Build the list of reports."""
    measures.dress()
    found = await in_background(reports.listed, visit().context, project)
    heading(_("Reports"), _("Every measurement of a model on labelled rows."))
    if not found:
        empty_state(
            _("No model has been measured yet."),
            _("Open a run, and measure its model on test."),
            icon="report",
            link=(_("Tune a model"), f"/p/{project}/tune/new"),
        )
        return
    with card(classes="flush"):
        data_table(_columns(project), lambda _after, _limit: Page(found), label=_("Reports"))
    if len(found) > 1:
        _choose_two(project, found)


def _columns(project: str) -> tuple[Column[StoredReport], ...]:
    return (
        Column(_("Model"), lambda one: one.name, link=lambda one: report_address(project, one.record.id)),
        Column(_("Data"), lambda one: f"{one.data_set.name} · {one.version.number} · {one.record.split}", narrow=True),
        Column(_("Score"), lambda one: _score(one.measured), kind="number"),
        Column(_("95% interval"), lambda one: _interval(one.measured), kind="number", narrow=True),
        Column(_("Rows"), lambda one: f"{one.measured.rows:,}", kind="number", narrow=True),
        Column(_("Measured"), _created),
    )


def _score(report: Report) -> str:
    return f"{wording.metric_name(report.metric)} {wording.number(report.metrics[report.metric])}"


def _interval(report: Report) -> str:
    return wording.interval_text(report.intervals[report.metric])


def _choose_two(project: str, found: list[StoredReport]) -> None:
    names = {one.record.id: f"{one.name} · {one.data_set.name} · {one.record.split}" for one in found}
    with card(_("Compare two"), _("Measured on the same rows, with the interval of their difference.")):
        with Tag("div", classes="filters"):
            first = choice_field(_("The one that is there"), names, found[1].record.id)
            second = choice_field(_("The one that may be better"), names, found[0].record.id)
            go = Tag("button", _("Compare"), classes="button", type="button")
        go.on(
            "click",
            lambda: ui.navigate.to(
                f"/p/{project}/reports/compare?{urlencode({'first': first.value, 'second': second.value})}"
            ),
        )


def _created(stored: StoredReport) -> None:
    relative_time(stored.record.created)
