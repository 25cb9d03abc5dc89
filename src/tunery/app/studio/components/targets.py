"""What is right and what was answered: labels as chips, entities within their text."""

from __future__ import annotations

from collections.abc import Sequence

from tunery.app.studio.components.labels import label_chip, text_cell
from tunery.app.studio.components.markup import Tag
from tunery.i18n import _
from tunery.types import Span, Target


def spans_of(target: Target | None) -> list[tuple[int, int, str]]:
    """Return the entities of a target; none for labels."""
    items: Sequence[object] = () if target is None or isinstance(target, str) else target
    return [(item.start, item.end, item.label) for item in items if isinstance(item, Span)]


def is_spans(target: Target | None) -> bool:
    """Say whether a target has entities."""
    return bool(spans_of(target))


def target_chips(target: Target | None, score: float | None = None) -> None:
    """Build the labels of a target.

    Args:
        target: The target.
        score: How sure the answer is of it.
    """
    labels = [target] if isinstance(target, str) else [item for item in target or () if isinstance(item, str)]
    with Tag("span", classes="chips"):
        for label in labels:
            label_chip(label, score=score)
        if not labels:
            Tag("span", _("nothing"), classes="muted")


def expected_and_answered(text: str, expected: Target | None, answered: Target, score: float | None) -> None:
    """Build what is right for a text beside what was answered."""
    with_spans = is_spans(expected) or is_spans(answered)
    if not with_spans:
        text_cell(text, limit=600)
    with Tag("dl", classes="answer-pair"):
        for name, target in ((_("expected"), expected), (_("answered"), answered)):
            Tag("dt", name)
            with Tag("dd"):
                if with_spans:
                    text_cell(text, spans_of(target), limit=None)
                else:
                    target_chips(target, score if target is answered else None)
