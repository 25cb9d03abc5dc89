"""A report: how good a model is, where it is wrong, and how far its confidence can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from tunery.app.actions import reports
from tunery.app.actions.reports import AnsweredRow, OfLength, StoredReport
from tunery.app.studio import measures
from tunery.app.studio.addresses import report_address
from tunery.app.studio.components.cards import card, head_cell, note, scrolled, stat, stats
from tunery.app.studio.components.confusion import confusion_grid
from tunery.app.studio.components.markup import Tag, link
from tunery.app.studio.components.score_tables import (
    averages_table,
    baseline_table,
    label_table,
)
from tunery.app.studio.components.scores import big_score, reliability_diagram, score_bar
from tunery.app.studio.components.targets import expected_and_answered
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.views import confusion, slices
from tunery.app.studio.views.confusion import Grid
from tunery.app.studio.visits import in_background, visit
from tunery.app.studio.words import task_name
from tunery.evaluation import wording
from tunery.evaluation.mistakes import mixups
from tunery.evaluation.report import ConfusionTable, Report
from tunery.i18n import N_, _

_MIXUPS = 12
_MISTAKES = 15


@studio_page("/p/{project}/reports/{report}", title=N_("Report"))
async def show(project: str, report: str) -> None:
    """Build a report."""
    measures.dress()
    context = visit().context
    stored = await in_background(reports.get, context, report)
    mistakes = await in_background(lambda: reports.surest_mistakes(context, report, limit=_MISTAKES))
    lengths = await in_background(reports.lengths, context, report)
    others = await in_background(_beside, stored)
    measured = stored.measured
    _head(project, stored, others)
    for text in wording.notes(measured):
        note(text, kind="warn")
    _result(measured)
    with card(_("Before and after"), _before_text(measured)):
        baseline_table(measured)
    _labels(project, report, measured)
    if measured.confusion is not None:
        _confusion(project, report, measured.confusion)
    _calibration(measured)
    _lengths(lengths)
    _mistakes(project, report, measured, mistakes)
    with card(_("All metrics")):
        averages_table(measured)
    Tag("p", wording.windowed_text(measured), classes="muted small")
    Tag("p", wording.report_method_text(measured), classes="muted small")


def _beside(stored: StoredReport) -> list[StoredReport]:
    """Return the last other reports on the same rows."""
    record = stored.record
    page = reports.page(visit().context, record.project, version=record.version, split=record.split, limit=2)
    return [one for one in page.items if one.record.id != record.id]


def _head(project: str, stored: StoredReport, others: list[StoredReport]) -> None:
    measured = stored.measured

    def actions() -> None:
        if others:
            query = urlencode({"first": others[0].record.id, "second": stored.record.id})
            link(_("Compare with another"), f"/p/{project}/reports/compare?{query}", classes="button")
        link(_("Why an answer?"), f"/p/{project}/models/{stored.model.id}/why", classes="button")
        link(
            _("Put into service"), f"/p/{project}/endpoints?{urlencode({'model': stored.model.id})}",
            classes="button primary",
        )  # fmt: skip

    heading(
        stored.name,
        f"{task_name(measured.task)} · {stored.data_set.name} · {wording.rows_text(measured.rows, measured.split)} · "
        f"{wording.date_text(measured.created)}",
        kicker=_("Report"),
        actions=actions,
    )


def _result(measured: Report) -> None:
    with card(classes="hero"):
        name = wording.metric_name(measured.metric)
        is_result = wording.is_result(measured)
        big_score(
            name if is_result else f"{name} · {_('not a result')}",
            measured.metrics[measured.metric],
            _("95% interval {interval}, on {rows}").format(
                interval=wording.interval_text(measured.intervals[measured.metric]),
                rows=wording.rows_text(measured.rows, measured.split),
            ),
            void=not is_result,
        )
        with stats():
            for metric in wording.headline_metrics(measured):
                stat(
                    wording.metric_name(metric),
                    wording.number(measured.metrics[metric]),
                    wording.interval_text(measured.intervals[metric]),
                )


def _before_text(measured: Report) -> str:
    return _(
        "{metric} on the same rows. The majority answer never looks at the text; the linear probe uses the base model "
        "as it came, without tuning. What tuning is worth is the way from there."
    ).format(metric=wording.metric_name(measured.metric))


def _labels(project: str, report: str, measured: Report) -> None:
    if measured.entities:
        strict = _("Strict: an entity counts as found only if its boundaries and its label are both right.")
        with card(_("By entity"), strict):
            label_table(_("Entity"), measured.entities)
    with card(_("By token") if measured.entities else _("By label"), _("A heading sorts the table.")):
        label_table(
            _("Tag") if measured.entities else _("Label"),
            measured.per_label,
            lambda label: report_address(project, report, "/rows", expected=label),
        )


def _confusion(project: str, report: str, table: ConfusionTable) -> None:
    def address(expected: str, answered: str) -> str:
        return report_address(project, report, "/rows", expected=expected, answered=answered)

    grid = confusion.grid(table)
    lead = _("Labels that are often mixed up may need clearer rules, more examples, or to be one label.")
    with card(_("What is mixed up"), lead):
        _mixups(table, address)
        _key(grid)
        confusion_grid(grid, lambda cell: address(cell.expected, cell.answered))


def _mixups(table: ConfusionTable, address: Callable[[str, str], str]) -> None:
    pairs = mixups(table, _MIXUPS)
    if not pairs:
        return
    with scrolled(_("What is mixed up")), Tag("table"):
        with Tag("thead"), Tag("tr"):
            for number, name in enumerate((_("Expected"), _("Answered"), _("Times"), _("Share of expected"))):
                Tag("th", name, classes="number" if number > 1 else "", scope="col")
        with Tag("tbody"):
            for pair in pairs:
                with Tag("tr"):
                    Tag("td", wording.visible(pair.expected))
                    Tag("td", wording.visible(pair.answered))
                    with Tag("td", classes="number"):
                        link(f"{pair.count:,}", address(pair.expected, pair.answered))
                    Tag("td", f"{pair.share:.1%}", classes="number")


def _key(grid: Grid) -> None:
    with Tag("p", classes="key"):
        Tag("span", _("Rows: what is right. Columns: what was answered. A cell leads to its rows."))
        for kind, name in (("is-right", _("right")), ("is-wrong", _("wrong"))):
            with Tag("span"):
                Tag("i", classes=kind)
                Tag("span", name)
        if grid.left_out:
            Tag("span", _("Only the {count} labels with most errors.").format(count=len(grid.labels)))


def _calibration(measured: Report) -> None:
    sentences = wording.calibration_sentences(measured)
    lead = _(
        "Of the answers given with 80% confidence, 80% should be right: then the points lie on the dashed line. Below "
        "it the model is too sure, above it not sure enough. Each point holds equally many answers; its bar is the 95% "
        "interval."
    )
    with card(_("How far to trust its confidence"), lead if measured.calibration is not None else ""):
        if measured.calibration is None:
            Tag("p", sentences[0])
            return
        with Tag("div", classes="beside"):
            reliability_diagram(measured.calibration)
            with Tag("div", classes="stack"):
                for sentence in sentences:
                    Tag("p", sentence)


def _lengths(found: list[OfLength]) -> None:
    parts = slices.by_length(found)
    if len(parts) < 2:
        return
    lead = _("Rows without any mistake, from the shortest texts to the longest; each line has about equally many.")
    with card(_("Short and long texts"), lead), scrolled(_("Short and long texts")), Tag("table"):
        with Tag("thead"), Tag("tr"):
            for number, name in enumerate((_("Characters"), _("Rows"), _("Right"), "", _("95% interval"))):
                head_cell(name, "number" if number else "")
        with Tag("tbody"):
            for part in parts:
                with Tag("tr"):
                    Tag("td", _("{low} to {high}").format(low=part.low, high=part.high))
                    Tag("td", f"{part.rows:,}", classes="number")
                    Tag("td", f"{part.share:.1%}", classes="number")
                    with Tag("td", classes="bar-cell"):
                        score_bar(part.share, part.interval, "soft")
                    with Tag("td", classes="number"):
                        Tag("small", wording.interval_text(part.interval))


def _mistakes(project: str, report: str, measured: Report, found: list[AnsweredRow]) -> None:
    def all_of_them() -> None:
        if measured.wrong_rows:
            link(_("All {count} rows").format(count=f"{measured.wrong_rows:,}"),
                 report_address(project, report, "/rows", only="wrong"), classes="button")  # fmt: skip

    lead = _("Look here first: many such errors are wrong labels in the data.")
    with card(_("The wrong answers it was surest of"), lead if found else "", actions=all_of_them):
        if not found:
            Tag("p", _("There are no errors on these rows."))
            return
        with Tag("ol", classes="mistakes"):
            for row in found:
                with Tag("li"):
                    place = _("row {row}").format(row=row.position + 1)
                    sure = f"{row.prediction.score:.3f} · " if row.prediction.score is not None else ""
                    Tag("p", f"{sure}{place}", classes="muted small")
                    expected_and_answered(row.example.text, row.example.target, row.prediction.target, None)
