"""Base models: what may be chosen from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from tunery.app.actions import bases
from tunery.app.base_cards import BaseCard
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer
from tunery.app.rest.callers import Caller
from tunery.i18n import _

router = APIRouter(prefix="/projects/{project}/base-models", tags=["base models"], route_class=Route)

Reads = Annotated[str | None, Query(max_length=20, description="Only what reads this language, as its code.")]


class BaseAnswer(Answer):
    """What is known of a base model before it is fetched."""

    source: str = Field(description="Its source URI: what a recipe names.")
    name: str
    licence: str | None
    parameters: int | None
    languages: list[str]
    limit: int | None = Field(description="The longest window in tokens.")
    tasks: list[str]
    about: str = Field(description="What it is good for, in the caller's language.")
    downloads: int | None
    folder: int | None = Field(description="For what lies on the server's machine, its bytes.")


class BasesAnswer(Answer):
    """Some base models."""

    items: list[BaseAnswer]


class FoundAnswer(BasesAnswer):
    """What a search gave."""

    problems: list[str] = Field(description="Why a place could not be asked; one for each.")


@router.get("", summary="The base models that are good to begin with")
def suggested(
    context: Caller,
    project: str,
    task: Annotated[str | None, Query(max_length=100, description="Only what suits this task.")] = None,
    reads: Reads = None,
) -> BasesAnswer:
    """Return base models that are known to be good."""
    return BasesAnswer(items=[_base(one) for one in bases.suggested(context, project, task=task, reads=reads)])


@router.get("/search", summary="Look for base models")
def search(
    context: Caller,
    project: str,
    words: Annotated[
        str, Query(min_length=1, max_length=500, description="A part of a name, or file: with a folder there.")
    ],
    reads: Reads = None,
) -> FoundAnswer:
    """Look among the known ones and on the hubs; a hub that can't be reached costs only its own answers."""
    found = bases.search(context, project, words, reads=reads)
    return FoundAnswer(items=[_base(one) for one in found.cards], problems=list(found.problems))


def _base(card: BaseCard) -> BaseAnswer:
    about = _(card.about) if card.about else ""
    return BaseAnswer.model_validate({**card.to_dict(), "about": about})
