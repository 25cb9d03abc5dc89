"""How answers are written: Tunery's own form, and the one of Hugging Face's inference API."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from tunery.types import Prediction, Span

Json = dict[str, object]


def answer(text: str, prediction: Prediction, *, spans: bool, threshold: float | None, top: int | None) -> Json:
    """Return one answer as plain values for JSON.

    Args:
        text: What was asked.
        prediction: What was answered.
        spans: Whether the task answers with spans.
        threshold: The score below which the model abstains; None where that was not chosen.
        top: How many labels are given with their scores; None for the answer only.
    """
    values: Json
    if isinstance(prediction.target, str):
        values = {"label": prediction.target, "score": rounded(prediction.score)}
        if top:
            values["scores"] = _best(prediction.scores, top)
    elif spans:
        values = {"spans": [span_of(text, span) for span in prediction.spans]}
    else:
        scores = {label: rounded(prediction.scores.get(label)) for label in prediction.labels}
        values = {
            "labels": list(prediction.labels),
            "scores": _best(prediction.scores, top) if top else scores,
            "score": rounded(prediction.score),
        }
    values["abstain"] = abstains(prediction, threshold)
    if prediction.windows > 1:
        values["windows"] = prediction.windows
    return values


def abstains(prediction: Prediction, threshold: float | None) -> bool:
    """Return whether the answer is too unsure to be relied on."""
    return threshold is not None and prediction.score is not None and prediction.score < threshold


def as_hugging_face(text: str, prediction: Prediction, *, spans: bool, top_k: int | None) -> list[Json]:
    """Return one answer as Hugging Face's inference API gives it: labels by score, or groups of entities."""
    if spans:
        return [
            {
                "entity_group": span.label,
                "score": rounded(span.score),
                "word": text[span.start : span.end],
                "start": span.start,
                "end": span.end,
            }
            for span in prediction.spans
        ]
    best = itertools.islice(prediction.scores.items(), top_k)
    return [{"label": label, "score": rounded(score)} for label, score in best]


def rounded(value: float | None) -> float | None:
    """Return a probability with as many places as mean anything."""
    return None if value is None else round(float(value), 6)


def _best(scores: Mapping[str, float], top: int) -> Json:
    return {label: rounded(score) for label, score in itertools.islice(scores.items(), top)}


def span_of(text: str, span: Span) -> Json:
    """Return an entity as plain values for JSON, with the text that it stands for."""
    return {
        "start": span.start,
        "end": span.end,
        "label": span.label,
        "text": text[span.start : span.end],
        "score": rounded(span.score),
    }
