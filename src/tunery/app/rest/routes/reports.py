"""Reports: what was measured, and the answers behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from tunery.app.actions import reports
from tunery.app.actions.reports import AnsweredRow, StoredReport
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer
from tunery.app.rest.callers import Caller
from tunery.app.rest.pages import PageAnswer, Part
from tunery.store.targets import to_plain
from tunery.types import Target

router = APIRouter(tags=["reports"], route_class=Route)


class ReportAnswer(Answer):
    """A model measured on a split of a version."""

    id: str
    project: str
    model: str
    version: str
    split: str
    job: str | None
    summary: dict[str, Any]
    created: datetime


class AnsweredRowAnswer(Answer):
    """A row of a report."""

    position: int
    row: str
    text: str
    text_pair: str | None
    target: Any
    answer: Any
    score: float | None
    right: bool


class AnsweredRowsAnswer(Answer):
    """Some rows of a report."""

    items: list[AnsweredRowAnswer]


class LengthAnswer(Answer):
    """Rows that are equally long, and how many of them were answered rightly."""

    characters: int
    rows: int
    right: int


class LengthsAnswer(Answer):
    """One for each length, the shortest first."""

    items: list[LengthAnswer]


class ComparisonAnswer(Answer):
    """Whether one model is better than another, beyond chance."""

    first: str
    second: str
    comparison: dict[str, Any]


@router.get("/projects/{project}/reports", summary="The reports of a project")
def list_reports(
    context: Caller,
    part: Part,
    project: str,
    model: Annotated[str | None, Query(max_length=128, description="Only of this model.")] = None,
    version: Annotated[str | None, Query(max_length=128, description="Only on this version.")] = None,
    split: Annotated[str | None, Query(max_length=16, description="Only on this split.")] = None,
) -> PageAnswer[ReportAnswer]:
    """Return reports, the newest first."""
    page = reports.page(context, project, model=model, version=version, split=split, after=part.after, limit=part.limit)
    return PageAnswer.of(page, _answer)


@router.get("/reports/{report}", summary="A report")
def show(context: Caller, report: str) -> ReportAnswer:
    """Return a report."""
    return _answer(reports.get(context, report))


@router.get("/reports/{report}/rows", summary="The answers of a report")
def rows(
    context: Caller,
    part: Part,
    report: str,
    expected: Annotated[str | None, Query(max_length=1000, description="Only where this label is right.")] = None,
    answered: Annotated[str | None, Query(max_length=1000, description="Only where this one was answered.")] = None,
    right: bool | None = None,
) -> PageAnswer[AnsweredRowAnswer]:
    """Return rows with what was answered, in their order."""
    page = reports.rows(
        context, report, expected=expected, answered=answered, right=right, after=part.after, limit=part.limit
    )
    return PageAnswer.of(page, _row)


@router.get("/reports/{report}/mistakes", summary="The mistakes that the model was surest of")
def mistakes(context: Caller, report: str, limit: Annotated[int, Query(ge=1, le=1000)] = 20) -> AnsweredRowsAnswer:
    """Return wrongly answered rows, the surest first: often the label is what is wrong."""
    return AnsweredRowsAnswer(items=[_row(one) for one in reports.surest_mistakes(context, report, limit=limit)])


@router.get("/reports/{report}/lengths", summary="Mistakes by the length of the text")
def lengths(context: Caller, report: str) -> LengthsAnswer:
    """Return how many rows have how many characters, and how many of them were answered rightly."""
    found = reports.lengths(context, report)
    return LengthsAnswer(items=[LengthAnswer.model_validate(one) for one in found])


@router.get("/comparisons", summary="Two reports against each other")
def compare(
    context: Caller,
    first: Annotated[str, Query(max_length=128, description="The report of the model that is there.")],
    second: Annotated[str, Query(max_length=128, description="The report of the one that may be better.")],
) -> ComparisonAnswer:
    """Say whether the second model is better than the first, on the same rows."""
    one, other, found = reports.compare(context, first, second)
    return ComparisonAnswer(first=one.record.id, second=other.record.id, comparison=found.to_dict())


def _answer(one: StoredReport) -> ReportAnswer:
    return ReportAnswer.model_validate(one.record)


def _row(one: AnsweredRow) -> AnsweredRowAnswer:
    return AnsweredRowAnswer(
        position=one.position, row=one.row, text=one.example.text, text_pair=one.example.text_pair,
        target=_plain(one.example.target), answer=_plain(one.prediction.target), score=one.prediction.score,
        right=one.right,
    )  # fmt: skip


def _plain(target: Target | None) -> Any:
    return to_plain(target) if target is not None else None
