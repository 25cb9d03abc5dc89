"""Reports and comparisons as pages: one HTML file that asks for nothing else, in the language in force.

Whatever comes from data is shown, never interpreted: templates escape everything, and the page's own policy allows no
script and no style but the two written here, and no request at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from tunery.errors import MissingExtraError
from tunery.evaluation import excerpts, pictures, wording
from tunery.evaluation.comparison import SIGNIFICANT, Comparison, Disagreement
from tunery.evaluation.mistakes import mixups
from tunery.evaluation.report import Mistake, Report
from tunery.i18n import _, language

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_TEMPLATES = Path(__file__).parent / "templates"
_MIXUPS = 20
_TEXT_LENGTH = 420
_SPAN_TEXT_LENGTH = 260
"""Texts with spans are shown once for each side, so less of them."""
_LONG = 30
"""A table of more labels than this scrolls by itself, and is folded in a notebook."""
_WORD_ENDS = re.compile(r"(?<=[_/.\-])(?=\w)")
_LANGUAGE_TAGS = {"en": "en", "zh": "zh-CN"}


def report_page(report: Report) -> str:
    """Return a report as a whole page."""
    return _render("report.html", report=report, mixups=_mixups(report), error_pieces=_error_pieces)


def comparison_page(comparison: Comparison) -> str:
    """Return a comparison as a whole page."""
    return _render(
        "comparison.html", comparison=comparison, reach=_reach, row_pieces=_row_pieces, SIGNIFICANT=SIGNIFICANT
    )


def report_fragment(report: Report) -> str:
    """Return what a notebook shows of a report: the verdict, before and after, and the table."""
    return _render("report_fragment.html", report=report, most=_LONG)


def comparison_fragment(comparison: Comparison) -> str:
    """Return what a notebook shows of a comparison: the verdict and the metrics."""
    return _render("comparison_fragment.html", comparison=comparison)


def text_fragment(text: str) -> str:
    """Return plain text for a notebook."""
    return f"<pre>{escape(text)}</pre>"


def breakable(name: str) -> Markup:
    """Return a name that may go on in the next line where one of its words ends, as ``name_of_a_class`` may."""
    from markupsafe import Markup, escape

    parts = (escape(part) for part in _WORD_ENDS.split(wording.visible(name)))
    return Markup("<wbr>").join(parts)


def _mixups(report: Report) -> list[dict[str, object]]:
    found = mixups(report.confusion, _MIXUPS) if report.confusion else []
    return [{"expected": m.expected, "answered": m.answered, "count": m.count, "share": m.share} for m in found]


def _error_pieces(error: Mistake) -> list[tuple[str, list[excerpts.Piece]]]:
    """Return the text of an error, once for each side where there are spans, with the side's name in front."""
    sides = excerpts.disputed(error.expected_spans, error.answered_spans)
    if not any(sides):
        return [("", _whole(error))]
    window = excerpts.crop(error.text, excerpts.focus(error), _SPAN_TEXT_LENGTH)
    return [
        (_("expected"), excerpts.pieces(error.text, error.expected_spans, sides[0], window)),
        (_("answered"), excerpts.pieces(error.text, error.answered_spans, sides[1], window)),
    ]


def _row_pieces(row: Disagreement, names: tuple[str, str]) -> list[tuple[str, list[excerpts.Piece]]]:
    spans = (row.expected_spans, row.first_spans, row.second_spans)
    sides = excerpts.disputed(*spans)
    if not any(sides):
        return [("", _whole(row))]
    window = excerpts.crop(row.text, excerpts.focus(row), _SPAN_TEXT_LENGTH)
    return [
        (name, excerpts.pieces(row.text, marked, side, window))
        for name, marked, side in zip((_("expected"), *names), spans, sides, strict=True)
    ]


def _whole(row: Mistake | Disagreement) -> list[excerpts.Piece]:
    return [excerpts.Piece(excerpts.excerpt(wording.whole_text(row), (0, 0), _TEXT_LENGTH))]


def _reach(comparison: Comparison, of: str) -> float:
    """Return how far the scale of differences must reach, over all metrics or all labels."""
    items = comparison.metrics.values() if of == "metrics" else comparison.per_label.values()
    return max((max(abs(end) for end in item.interval) for item in items), default=0.0)


def _render(template: str, **values: object) -> str:
    return _environment().get_template(template).render(lang=_LANGUAGE_TAGS[language()], **values)


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup
    except ModuleNotFoundError:
        raise MissingExtraError("tune", _("Writing a report as a page")) from None

    def drawn(picture: str) -> Markup:
        return Markup(picture)  # noqa: S704 - built as an element tree or read from our own files, never from data

    def shown(value: object) -> object:
        return wording.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=shown,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    style, script = ((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    environment.globals |= {
        "_": _, "words": wording, "breakable": breakable,
        "style": drawn(style), "script": drawn(script), "policy": _policy(style, script),
        "score_bar": lambda *given: drawn(pictures.score_bar(*given)),
        "difference_bar": lambda *given: drawn(pictures.difference_bar(*given)),
        "confusion_map": lambda table: drawn(pictures.confusion_map(table)),
        "reliability_diagram": lambda calibration: drawn(pictures.reliability_diagram(calibration)),
        "MAP_LABELS": pictures.MAP_LABELS, "LONG": _LONG,
    }  # fmt: skip
    return environment


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
