"""Two models side by side, on the same rows."""

from __future__ import annotations

from tunery.app.actions import reports
from tunery.app.studio import measures
from tunery.app.studio.addresses import report_address
from tunery.app.studio.components.cards import card, note, stat, stats
from tunery.app.studio.components.labels import text_cell
from tunery.app.studio.components.markup import Tag, link
from tunery.app.studio.components.score_tables import (
    difference_table,
    label_difference_table,
)
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.evaluation import wording
from tunery.evaluation.comparison import Comparison
from tunery.i18n import N_, _

_SHOWN = 15


@studio_page("/p/{project}/reports/compare", title=N_("Two models side by side"))
async def compare(project: str, first: str, second: str) -> None:
    """Build the comparison of two reports."""
    measures.dress()
    one, other, comparison = await in_background(reports.compare, visit().context, first, second)
    heading(
        _("Two models side by side"),
        _("{rows} of {data}, version {number}").format(
            rows=wording.rows_text(comparison.rows, one.record.split),
            data=one.data_set.name,
            number=one.version.number,
        ),
        kicker=_("Report"),
    )
    for text in wording.comparison_notes(comparison):
        note(text, kind="warn")
    with card(comparison.verdict):
        with Tag("div", classes="key"):
            for name, stored in zip(comparison.names, (one, other), strict=True):
                with Tag("span"):
                    Tag("strong", name)
                    link(_("its report"), report_address(project, stored.record.id))
        difference_table(comparison)
    with card(_("By label")):
        label_difference_table(comparison)
    _agreement(comparison)
    Tag("p", wording.method_text(comparison), classes="muted small")


def _agreement(comparison: Comparison) -> None:
    found = comparison.agreement
    first, second = comparison.names
    with card(_("Who is right")):
        with stats():
            stat(_("Both"), f"{found.both_right:,}")
            stat(_("Only {name}").format(name=first), f"{found.first_only:,}")
            stat(_("Only {name}").format(name=second), f"{found.second_only:,}")
            stat(_("Neither"), f"{found.both_wrong:,}")
        for name, rows_of in ((first, comparison.first_right), (second, comparison.second_right)):
            if not rows_of:
                continue
            Tag("h3", _("Only {name} is right").format(name=name))
            with Tag("ol", classes="mistakes"):
                for row in rows_of[:_SHOWN]:
                    with Tag("li"):
                        text_cell(wording.whole_text(row), limit=400)
                        with Tag("dl", classes="answer-pair"):
                            for title, words in (
                                (_("expected"), row.expected),
                                (first, row.first),
                                (second, row.second),
                            ):
                                Tag("dt", title)
                                Tag("dd", words or "–")


def _said(name: str, words: str) -> None:
    Tag("dt", name)
    Tag("dd", words or "–")
