"""Why a model answers as it does."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from tunery.app.actions import explanations
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import Caller

router = APIRouter(tags=["models"], route_class=Route)


class ExplainBody(Body):
    """What is to be explained."""

    text: Annotated[str, Field(min_length=1, max_length=100_000)]
    label: Annotated[str, Field(max_length=1000)] | None = Field(
        default=None, description="Why this label; null for the model's answer."
    )


class WordAnswer(Answer):
    """A word, and how much it moved the answer."""

    start: int = Field(description="In code points of the text.")
    end: int = Field(description="Exclusive.")
    weight: float = Field(description="Above 0 it speaks for the label, below 0 against it.")


class ExplanationAnswer(Answer):
    """Why an answer was given."""

    label: str
    score: float | None
    words: list[WordAnswer]
    labels: list[str] = Field(description="All labels that could be asked about.")


@router.post("/models/{model}/explanations", summary="Why a model answers as it does")
async def explain(context: Caller, model: str, body: ExplainBody) -> ExplanationAnswer:
    """Say which words of a text moved a model's answer, by integrated gradients; it takes some seconds."""
    found = await explanations.explain(context, model, body.text, body.label)
    words = [WordAnswer(start=start, end=end, weight=weight) for start, end, weight in found.words]
    return ExplanationAnswer(label=found.label, score=found.score, words=words, labels=list(found.labels))
