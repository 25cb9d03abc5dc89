"""Tables of scores: by label, beside baselines, and two models beside each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape

from nicegui import ui

from tunery.app.studio.components.cards import head_cell
from tunery.app.studio.components.markup import Tag
from tunery.app.studio.components.scores import difference_bar, score_bar
from tunery.evaluation import pictures, wording
from tunery.evaluation.comparison import SIGNIFICANT, Comparison, Difference, LabelDifference
from tunery.evaluation.report import LabelScores, Report
from tunery.i18n import _

_LONG = 30
"""A table of more labels than this scrolls by itself."""


def label_table(title: str, scores: Mapping[str, LabelScores], address: Callable[[str], str] | None = None) -> Tag:
    """Build the scores of each label, sortable by its headings.

    Args:
        title: What the labels are called.
        scores: By label.
        address: Returns where the rows of a label are listed.
    """
    with _table(title, tall=len(scores) > _LONG) as element:
        headings = (title, _("Precision"), _("Recall"), _("F1"), "", _("95% interval"), _("Support"))
        _head(headings, sortable={0: "text", 1: "number", 2: "number", 3: "number", 6: "number"})
        rows = [_label_row(label, found, address(label) if address else None) for label, found in scores.items()]
        # One element: with hundreds of labels, one for each cell would take seconds. All text in it is escaped.
        ui.html("".join(rows), sanitize=False, tag="tbody")
    return element


def _label_row(label: str, found: LabelScores, address: str | None) -> str:
    name = escape(wording.visible(label))
    shown = f"<span>{name}</span>" if address is None else f'<a class="link" href="{escape(address)}">{name}</a>'
    numbers = "".join(
        f'<td class="number">{wording.number(value)}</td>' for value in (found.precision, found.recall, found.f1)
    )
    bar = pictures.score_bar(found.f1, found.f1_interval, "soft")
    return (
        f'<tr><td class="name">{shown}</td>{numbers}'
        f'<td class="bar-cell narrow-off"><div class="picture">{bar}</div></td>'
        f'<td class="number narrow-off"><small>{escape(wording.interval_text(found.f1_interval))}</small></td>'
        f'<td class="number">{found.support:,}</td></tr>'
    )


def averages_table(report: Report) -> Tag:
    """Build every metric with its interval."""
    with _table(_("All metrics")) as element:
        _head((_("Metric"), _("Score"), "", _("95% interval")))
        with Tag("tbody"):
            for name, value in report.metrics.items():
                with Tag("tr", classes="is-strong" if name == report.metric else ""):
                    Tag("td", wording.metric_name(name), classes="name")
                    Tag("td", wording.number(value), classes="number")
                    with Tag("td", classes="bar-cell narrow-off"):
                        score_bar(value, report.intervals[name], "main" if name == report.metric else "plain")
                    with Tag("td", classes="number"):
                        Tag("small", wording.interval_text(report.intervals[name]))
    return element


def baseline_table(report: Report) -> Tag:
    """Build what was there before, and what the model is ahead of it by."""
    metric = report.metric
    with _table(_("Before and after")) as element:
        _head(("", wording.metric_name(metric), "", _("95% interval"), _("Gain in points")))
        with Tag("tbody"):
            for name, baseline in report.baselines.items():
                with Tag("tr"):
                    Tag("td", wording.baseline_name(name), classes="name")
                    if metric not in baseline.metrics:
                        Tag("td", wording.missing_text(baseline), classes="muted", colspan="4")
                        continue
                    gain = baseline.gains[metric]
                    _score_cells(baseline.metrics[metric], baseline.intervals[metric], "plain")
                    with Tag("td", classes="number"):
                        Tag("span", wording.points(gain.difference))
                        Tag("small", f" ({wording.points_interval(gain.interval)})")
            with Tag("tr", classes="is-strong"):
                Tag("td", _("This model"))
                _score_cells(report.metrics[metric], report.intervals[metric], "main")
                Tag("td")
    return element


def difference_table(comparison: Comparison) -> Tag:
    """Build every metric of both models."""
    reach = _reach(comparison.metrics.values())
    with _table(_("All metrics")) as element:
        _head((_("Metric"), *comparison.names, _("Difference"), "", _("95% interval"), "p"))
        with Tag("tbody"):
            for name, found in comparison.metrics.items():
                with Tag("tr", classes="is-strong" if name == comparison.metric else ""):
                    Tag("td", wording.metric_name(name), classes="name")
                    _difference_cells(found, reach, found.p_value)
    return element


def label_difference_table(comparison: Comparison) -> Tag:
    """Build the F1 of each label of both models; p-values are adjusted for being many."""
    reach = _reach(comparison.per_label.values())
    with _table(_("By label"), tall=len(comparison.per_label) > _LONG) as element:
        headings = (_("Label"), *comparison.names, _("Difference"), "", _("95% interval"), _("p (Holm)"), _("Support"))
        _head(headings, sortable={0: "text", 1: "number", 2: "number", 3: "number", 6: "number", 7: "number"})
        with Tag("tbody"):
            for label, found in comparison.per_label.items():
                with Tag("tr"):
                    _name(label)
                    _difference_cells(found, reach, _adjusted(found))
                    Tag("td", f"{found.support:,}", classes="number")
    return element


def _adjusted(found: LabelDifference) -> float:
    return found.p_holm


def _reach(differences: Iterable[Difference]) -> float:
    return max((max(abs(end) for end in one.interval) for one in differences), default=0.0)


def _difference_cells(found: Difference, reach: float, p_value: float) -> None:
    Tag("td", wording.number(found.first), classes="number")
    Tag("td", wording.number(found.second), classes="number")
    Tag("td", wording.points(found.difference), classes="number", **{"data-value": f"{found.difference:.6f}"})
    with Tag("td", classes="bar-cell narrow-off"):
        difference_bar(found.difference, found.interval, reach)
    with Tag("td", classes="number narrow-off"):
        Tag("small", wording.points_interval(found.interval))
    strong = " sure" if p_value < SIGNIFICANT else ""
    Tag("td", wording.p_text(p_value), classes=f"number{strong}", **{"data-value": f"{p_value:.6f}"})


def _score_cells(value: float, ends: tuple[float, float], kind: str) -> None:
    Tag("td", wording.number(value), classes="number")
    with Tag("td", classes="bar-cell narrow-off"):
        score_bar(value, ends, kind)
    with Tag("td", classes="number narrow-off"):
        Tag("small", wording.interval_text(ends))


def _name(label: str) -> None:
    with Tag("td", classes="name"):
        Tag("span", wording.visible(label))


def _table(title: str, *, tall: bool = False) -> Tag:
    box = Tag("div", classes="scroll tall" if tall else "scroll", tabindex="0", role="region", **{"aria-label": title})
    with box:
        return Tag("table")


def _head(headings: Iterable[str], sortable: Mapping[int, str] | None = None) -> None:
    with Tag("thead"), Tag("tr"):
        for number, heading in enumerate(headings):
            kind = (sortable or {}).get(number)
            classes = "" if number == 0 else "number"
            classes += " narrow-off" if heading in ("", _("95% interval")) and number else ""
            if kind is None:
                head_cell(heading, classes)
                continue
            with Tag("th", classes=classes, scope="col", **{"data-sort": kind}):
                Tag("button", heading, classes="sort", type="button")
