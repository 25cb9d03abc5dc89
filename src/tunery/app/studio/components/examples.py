"""Examples and problems of data, as they are shown everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tunery.app.studio.components.cards import scrolled
from tunery.app.studio.components.labels import label_chip, text_cell
from tunery.app.studio.components.markup import Tag
from tunery.app.studio.words import severity_name
from tunery.errors import Problem
from tunery.i18n import _
from tunery.types import Example, Span, Target


def spans_of(target: Target | None) -> list[tuple[int, int, str]]:
    """Return the spans of a target as `text_cell` takes them."""
    if target is None or isinstance(target, str):
        return []
    return [(item.start, item.end, item.label) for item in target if isinstance(item, Span)]


def labels_of(target: Target | None) -> list[str]:
    """Return the labels of a whole text."""
    if target is None:
        return []
    return [target] if isinstance(target, str) else [item for item in target if isinstance(item, str)]


def example_text(example: Example, *, limit: int | None = 280) -> None:
    """Build an example's text, with its spans marked."""
    text_cell(example.text, spans_of(example.target), limit=limit)
    if example.text_pair is not None:
        with Tag("div", classes="text-second"):
            text_cell(example.text_pair, limit=limit)


def target_chips(target: Target | None) -> None:
    """Build the labels of a whole text; a dash where there is none."""
    labels = labels_of(target)
    with Tag("span", classes="chips"):
        for label in labels:
            label_chip(label)
        if target is None:
            Tag("span", _("no label"), classes="muted small")
        elif not labels and not spans_of(target):
            Tag("span", "–", classes="muted")


def sample_table(samples: Sequence[Example]) -> None:
    """Build some examples as a table."""
    whole = any(labels_of(example.target) for example in samples)
    with scrolled(_("Some rows")), Tag("table"):
        with Tag("thead"), Tag("tr"):
            Tag("th", _("Text"), scope="col")
            if whole:
                Tag("th", _("Label"), scope="col")
        with Tag("tbody"):
            for example in samples:
                with Tag("tr"):
                    with Tag("td", classes="text"):
                        example_text(example)
                    if whole:
                        with Tag("td"):
                            target_chips(example.target)


def problem_list(problems: Iterable[Problem]) -> None:
    """Build what was found in data, with its places and what to do."""
    with Tag("ul", classes="problems"):
        for problem in problems:
            with Tag("li", classes=f"problem problem-{problem.severity}"):
                Tag("span", severity_name(problem.severity), classes="problem-kind")
                with Tag("div"):
                    with Tag("p"):
                        if problem.place:
                            Tag("strong", f"{problem.place} ")
                        Tag("span", problem.message)
                    if problem.hint:
                        Tag("p", problem.hint, classes="muted small")
