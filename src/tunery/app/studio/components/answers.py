"""An endpoint's answer to a text."""

from __future__ import annotations

from tunery.app.asking import Answered
from tunery.app.studio.components.charts import bars
from tunery.app.studio.components.labels import label_chip, text_cell
from tunery.app.studio.components.markup import Tag
from tunery.app.studio.components.targets import spans_of
from tunery.app.studio.views import sizes
from tunery.i18n import _
from tunery.types import Span


def answer_view(text: str, answered: Answered, *, model: str | None = None) -> Tag:
    """Build an answer: a label with how sure it is and the next best ones, or the text with its entities.

    Args:
        text: What was asked.
        answered: The answer.
        model: What people call the model that answered; it is said with how fast it was, or neither where it is None.
    """
    prediction = answered.prediction
    with Tag("div", classes="answer", role="status") as element:
        with Tag("div", classes="answer-head"):
            if isinstance(prediction.target, str):
                Tag("span", prediction.target, classes="answer-label")
                if prediction.score is not None:
                    Tag("span", f"{prediction.score:.1%}", classes="muted")
            elif not any(isinstance(item, Span) for item in prediction.target):
                _labels(answered)
            if answered.abstained:
                Tag("span", _("unsure: below the threshold"), classes="tag is-warn")
            if model is not None:
                Tag("span", sizes.milliseconds(answered.milliseconds), classes="tag")
                Tag("span", model, classes="tag", title=answered.version)
        if spans_of(prediction.target):
            with Tag("p", classes="answer-text"):
                text_cell(text, spans_of(prediction.target), limit=None)
        if len(prediction.scores) > 1:
            scores = {label: round(100 * score, 1) for label, score in prediction.scores.items()}
            bars(scores, unit=" %", limit=5, title=_("How sure it is"))
    return element


def _labels(answered: Answered) -> None:
    labels = [item for item in answered.prediction.target if isinstance(item, str)]
    for label in labels:
        label_chip(label, score=answered.prediction.scores.get(label))
    if not labels:
        Tag("span", _("nothing found"), classes="muted")
