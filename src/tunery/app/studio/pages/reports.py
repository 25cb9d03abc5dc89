"""The list of reports."""

from __future__ import annotations

from urllib.parse import urlencode

from nicegui import ui

from tunery.app.actions import reports
from tunery.app.actions.reports import StoredReport
from tunery.app.studio import measures, notices
from tunery.app.studio.addresses import report_address
from tunery.app.studio.components.cards import card, empty_state
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.components.tables import Column, data_table, ticks
from tunery.app.studio.components.times import relative_time
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import visit
from tunery.evaluation import wording
from tunery.evaluation.report import Report
from tunery.i18n import N_, _


@studio_page("/p/{project}/reports", title=N_("Report"))
def index(project: str) -> None:
    """Build the list of reports."""
    measures.dress()
    context = visit().context
    chosen: list[str] = []
    heading(_("Reports"), _("Every measurement of a model on labelled rows."))
    if not reports.page(context, project, limit=1).items:
        empty_state(
            _("No model has been measured yet."),
            _("Open a run, and measure its model on test."),
            icon="report",
            link=(_("Tune a model"), f"/p/{project}/tune/new"),
        )
        return
    with card(classes="flush"):
        data_table(
            _columns(project, chosen), lambda after, limit: reports.page(context, project, after=after, limit=limit),
            label=_("Reports"),
        )  # fmt: skip
    with Tag("div", classes="row"):
        button(_("Compare those that are ticked")).on("click", lambda: _compare(project, chosen))
        Tag("span", _("Measured on the same rows, with the interval of their difference."), classes="muted small")


def _columns(project: str, chosen: list[str]) -> tuple[Column[StoredReport], ...]:
    return (
        ticks(chosen, lambda one: one.record.id, lambda one: one.name),
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


def _compare(project: str, chosen: list[str]) -> None:
    if len(chosen) != 2:
        notices.warn(_("Tick two reports: first the one that is there, then the one that may be better."))
        return
    query = urlencode({"first": chosen[0], "second": chosen[1]})
    ui.navigate.to(f"/p/{project}/reports/compare?{query}")


def _created(stored: StoredReport) -> None:
    relative_time(stored.record.created)
