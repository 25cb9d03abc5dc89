"""Reports: models measured on a split of a version, with what they answered for every row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from tunery.store import identifiers
from tunery.store.failures import not_found
from tunery.store.paging import Page
from tunery.store.paging import page as page_of
from tunery.store.tables import Report, ReportAnswer, Row
from tunery.store.targets import to_text
from tunery.types import Target

_CHUNK = 2000


@dataclass(frozen=True)
class Answer:
    """What a model answered for one row.

    Attributes:
        position: Where the row stands in the split.
        row: Its name.
        target: What is right.
        answer: What was answered.
        right: Whether there is no mistake in it.
        score: The probability of the answer.
        scores: Each label's probability.
    """

    position: int
    row: str
    target: Target | None
    answer: Target
    right: bool
    score: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


def create(
    session: Session,
    *,
    project: str,
    model: str,
    version: str,
    split: str,
    summary: Mapping[str, object],
    answers: Iterable[Answer],
    user: str | None,
    job: str | None = None,
) -> Report:
    """Store a report with its answers.

    Args:
        session: A writing one.
        project: Where.
        model: What was measured.
        version: On what.
        split: On which split of it.
        summary: `tunery.evaluation.report.Report.to_dict` without the texts.
        answers: One for each row of the split whose text is still there.
        user: Who asked for it; None for the workspace itself.
        job: What measured it.
    """
    made = Report(
        id=identifiers.new(), project=project, model=model, version=version, split=split, job=job,
        summary=dict(summary), created=datetime.now(UTC), created_by=user,
    )  # fmt: skip
    session.add(made)
    session.flush()
    remaining = iter(answers)
    while chunk := list(islice(remaining, _CHUNK)):
        session.execute(
            insert(ReportAnswer),
            [
                {
                    "report": made.id, "position": one.position, "row": one.row, "target": to_text(one.target),
                    "answer": to_text(one.answer), "score": one.score, "scores": dict(one.scores), "right": one.right,
                }
                for one in chunk
            ],
        )  # fmt: skip
    return made


def get(session: Session, report: str) -> Report:
    """Return a report.

    Raises:
        NotFoundError: There is none with this name.
    """
    found = session.get(Report, report)
    if found is None:
        raise not_found(report)
    return found


def page(
    session: Session,
    *,
    project: str,
    model: str | None = None,
    version: str | None = None,
    split: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Report]:
    """Return a project's reports, the newest first: all, or those of a model, on a version, on a split."""
    statement = select(Report).where(Report.project == project)
    if model is not None:
        statement = statement.where(Report.model == model)
    if version is not None:
        statement = statement.where(Report.version == version)
    if split is not None:
        statement = statement.where(Report.split == split)
    return page_of(session, statement, by=[Report.id], after=after, limit=limit, descending=True, total=True)


def answers(
    session: Session,
    report: str,
    *,
    target: Target | None = None,
    answer: Target | None = None,
    right: bool | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[tuple[ReportAnswer, Row]]:
    """Return the answers of a report with their rows, in the order of the split.

    Args:
        session: Where to read.
        report: The report.
        target: Only where this is right: with ``answer``, a cell of the table of confusions.
        answer: Only where this was answered.
        right: Only right answers, or only wrong ones.
        after: The ``next`` of the page before.
        limit: How many at most.
    """
    statement = select(ReportAnswer, Row).join(Row, Row.id == ReportAnswer.row).where(ReportAnswer.report == report)
    if target is not None:
        statement = statement.where(ReportAnswer.target == to_text(target))
    if answer is not None:
        statement = statement.where(ReportAnswer.answer == to_text(answer))
    if right is not None:
        statement = statement.where(ReportAnswer.right.is_(right))
    found = page_of(session, statement, by=[ReportAnswer.position], after=after, limit=limit, total=after is None)
    return found.map(lambda pair: (pair[0], pair[1]))
