"""The rows behind a number of a report."""

from __future__ import annotations

from tunery.app.actions import reports
from tunery.app.actions.reports import AnsweredRow
from tunery.app.studio import measures
from tunery.app.studio.addresses import report_address
from tunery.app.studio.components.cards import card
from tunery.app.studio.components.labels import text_cell
from tunery.app.studio.components.markup import Tag, link
from tunery.app.studio.components.tables import Column, data_table
from tunery.app.studio.components.targets import spans_of, target_chips
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.i18n import N_, _
from tunery.store.paging import Page


@studio_page("/p/{project}/reports/{report}/rows", title=N_("Rows of a report"))
async def rows(project: str, report: str, expected: str = "", answered: str = "", only: str = "") -> None:
    """Build the rows behind a number of a report."""
    measures.dress()
    context = visit().context
    stored = await in_background(reports.get, context, report)
    right = {"right": True, "wrong": False}.get(only)

    def back() -> None:
        link(_("Back to the report"), report_address(project, report), classes="button")

    heading(
        _rows_title(expected, answered, right),
        _("{split} of {data}, version {number}").format(
            split=stored.record.split, data=stored.data_set.name, number=stored.version.number
        ),
        kicker=_("Report"),
        actions=back,
    )

    def fetch(after: str | None, limit: int) -> Page[AnsweredRow]:
        return reports.rows(
            context, report, expected=expected or None, answered=answered or None, right=right, after=after, limit=limit
        )

    with card(classes="flush"):
        data_table(
            (
                Column(_("Row"), lambda row: f"{row.position + 1:,}", kind="number", narrow=True),
                Column(_("Text"), _text, kind="text"),
                Column(_("expected"), lambda row: _chips(row, answered=False)),
                Column(_("answered"), lambda row: _chips(row, answered=True)),
            ),
            fetch,
            label=_("Rows of a report"),
            empty=(_("No row is like that."), _("The report counts rows as they were when it was made.")),
        )


def _rows_title(expected: str, answered: str, right: bool | None) -> str:
    if expected and answered:
        if expected == answered:
            return _("{label}, answered rightly").format(label=expected)
        return _("{expected}, answered as {answered}").format(expected=expected, answered=answered)
    if expected:
        return _("Rows of {label}").format(label=expected)
    if answered:
        return _("Answered as {label}").format(label=answered)
    return _("All rows") if right is None else _("Right answers") if right else _("Wrong answers")


def _text(row: AnsweredRow) -> None:
    text_cell(row.example.text, spans_of(row.example.target))


def _chips(row: AnsweredRow, *, answered: bool) -> None:
    target = row.prediction.target if answered else row.example.target
    spans = spans_of(target)
    if spans:
        with Tag("span", classes="chips"):
            for start, end, label in spans:
                with Tag("span", classes="tag"):
                    Tag("span", f"{row.example.text[start:end]} · {label}")
    else:
        target_chips(target, row.prediction.score if answered else None)
