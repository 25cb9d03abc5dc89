"""Reports: what was measured, the rows behind every number, and two of them side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from tunery import tasks
from tunery.app import access
from tunery.app.context import Context
from tunery.errors import SettingError
from tunery.evaluation import compare as measure
from tunery.evaluation.comparison import Comparison
from tunery.evaluation.recorded import RecordedAnswers
from tunery.evaluation.report import Report as Measured
from tunery.i18n import _
from tunery.store import reports as stored_reports
from tunery.store.failures import not_found
from tunery.store.paging import Page
from tunery.store.rows import to_example
from tunery.store.tables import DataSet, Model, Report, ReportAnswer, Row, Version
from tunery.store.targets import from_text, to_text
from tunery.tasks.base import Task
from tunery.types import Example, Prediction, Target

_CHUNK = 2000


@dataclass(frozen=True)
class StoredReport:
    """A report with what it is about.

    Attributes:
        record: Its record.
        measured: What was measured; the mistakes' texts are among the answers.
        model: The model.
        version: The version of the data.
        data_set: The data set that this is a version of.
    """

    record: Report
    measured: Measured
    model: Model
    version: Version
    data_set: DataSet

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.model.name or self.model.id[:10]

    @property
    def task(self) -> Task:
        """How answers are counted."""
        settings = dict(self.model.manifest.get("task") or {"name": self.model.task})
        return tasks.get(str(settings.pop("name")), **settings)


@dataclass(frozen=True)
class AnsweredRow:
    """A row of a report.

    Attributes:
        position: Where it stands in the split, counted from 0.
        row: The row's name.
        example: Its text and what is right.
        prediction: What was answered.
        right: Whether there is no mistake in it.
    """

    position: int
    row: str
    example: Example
    prediction: Prediction
    right: bool


@dataclass(frozen=True, slots=True)
class OfLength:
    """The rows of a report that are equally long.

    Attributes:
        characters: How long each of them is.
        rows: How many they are.
        right: How many of them were answered without any mistake.
    """

    characters: int
    rows: int
    right: int


def page(
    context: Context,
    project: str,
    *,
    model: str | None = None,
    version: str | None = None,
    split: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[StoredReport]:
    """Return a project's reports, the newest first: all, or those of a model, on a version, on a split."""
    with context.workspace.reading() as session:
        access.require(session, context, project, "viewer")
        found = stored_reports.page(
            session, project=project, model=model, version=version, split=split, after=after, limit=limit
        )
        whole = _whole().where(Report.id.in_([record.id for record in found.items]))
        stored = [_stored(*row) for row in session.execute(whole).all()]
        by_name = {one.record.id: one for one in stored}
        return found.map(lambda record: by_name[record.id])


def get(context: Context, report: str) -> StoredReport:
    """Return a report.

    Raises:
        NotFoundError: There is none, or the user may not see it.
    """
    with context.workspace.reading() as session:
        return _get(session, context, report)


def rows(
    context: Context,
    report: str,
    *,
    expected: str | None = None,
    answered: str | None = None,
    right: bool | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[AnsweredRow]:
    """Return rows of a report, in their order.

    Args:
        context: Who asks.
        report: The report.
        expected: Only rows in which this label (of entities: tag) is right somewhere...
        answered: ... and this one was answered in its place.
        right: Only rows without any mistake, or only those with one.
        after: The ``next`` of the page before.
        limit: How many.
    """
    with context.workspace.reading() as session:
        stored = _get(session, context, report)
        statement = _answers(report)
        if right is not None:
            statement = statement.where(ReportAnswer.right == right)
        task, labels = stored.task, tuple(stored.model.labels)
        by_tags = bool(stored.measured.entities)
        if not by_tags:
            statement = _of_labels(statement, expected, answered)
        found: list[AnsweredRow] = []
        for row in _read(session, statement, int(after or -1)):
            if by_tags and not _in_cell(task, labels, row, expected, answered):
                continue
            if len(found) == limit:
                return Page(found, str(found[-1].position))
            found.append(row)
        return Page(found)


def surest_mistakes(context: Context, report: str, *, limit: int = 20) -> list[AnsweredRow]:
    """Return the wrongly answered rows that the model was surest of, surest first."""
    with context.workspace.reading() as session:
        _get(session, context, report)
        statement = _answers(report).where(ReportAnswer.right.is_(False))
        statement = statement.order_by(ReportAnswer.score.desc().nulls_last(), ReportAnswer.position).limit(limit)
        return [_answered(*row) for row in session.execute(statement).all()]


def lengths(context: Context, report: str) -> list[OfLength]:
    """Return how many rows of a report have how many characters, the shortest first, and how many of them are right."""
    with context.workspace.reading() as session:
        _get(session, context, report)
        right = func.sum(case((ReportAnswer.right, 1), else_=0))
        statement = select(Row.length, func.count(), right).join(Row, Row.id == ReportAnswer.row)
        statement = statement.where(ReportAnswer.report == report).group_by(Row.length).order_by(Row.length)
        return [OfLength(*counted) for counted in session.execute(statement).all()]


def compare(context: Context, first: str, second: str) -> tuple[StoredReport, StoredReport, Comparison]:
    """Say whether the second report's model is better than the first's, on the same rows.

    Raises:
        SettingError: They were not measured on the same rows.
        NotFoundError: There is no such report, or the user may not see it.
    """
    with context.workspace.reading() as session:
        both = _get(session, context, first), _get(session, context, second)
        answers = [list(_read(session, _answers(one.record.id))) for one in both]
    if [(one.row, one.example.target) for one in answers[0]] != [(one.row, one.example.target) for one in answers[1]]:
        raise SettingError(
            _("The two models were not measured on the same rows."),
            _("Evaluate both on the same split of the same version."),
        )
    # By position, so that equal texts are not taken for each other.
    examples = [replace(one.example, id=str(one.position)) for one in answers[0]]
    names = both[0].name, both[1].name
    if names[0] == names[1]:
        names = f"{names[0]} (1)", f"{names[1]} (2)"
    predictors = [
        RecordedAnswers(list(one.model.labels), {str(row.position): row.prediction for row in found}, one.name)
        for one, found in zip(both, answers, strict=True)
    ]
    return *both, measure(predictors[0], predictors[1], examples, both[0].task, names=names)


def _whole() -> Select[Report, Model, Version, DataSet]:
    return (
        select(Report, Model, Version, DataSet)
        .join(Model, Model.id == Report.model)
        .join(Version, Version.id == Report.version)
        .join(DataSet, DataSet.id == Version.data_set)
    )


def _get(session: Session, context: Context, report: str) -> StoredReport:
    found = session.execute(_whole().where(Report.id == report)).one_or_none()
    if found is None:
        raise not_found(report)
    access.require(session, context, found[0].project, "viewer")
    return _stored(*found)


def _stored(record: Report, model: Model, version: Version, data_set: DataSet) -> StoredReport:
    measured = Measured.from_dict({**record.summary, "errors": ()})
    return StoredReport(record, measured, model, version, data_set)


def _answers(report: str) -> Select[ReportAnswer, Row]:
    joined = select(ReportAnswer, Row).join(Row, Row.id == ReportAnswer.row)
    return joined.where(ReportAnswer.report == report)


def _of_labels(
    statement: Select[ReportAnswer, Row], expected: str | None, answered: str | None
) -> Select[ReportAnswer, Row]:
    if expected is not None:
        statement = statement.where(ReportAnswer.target == to_text(expected))
    return statement if answered is None else statement.where(ReportAnswer.answer == to_text(answered))


def _in_cell(task: Task, labels: Sequence[str], row: AnsweredRow, expected: str | None, answered: str | None) -> bool:
    """Say whether a row is one of those that a cell of the confusion matrix counts, by counting it alone."""
    if expected is None and answered is None:
        return True
    counted = task.confusion([row.example], [row.prediction], labels)
    if counted is None:
        return False
    return any(
        counted.counts[i, j]
        for i, right in enumerate(counted.labels)
        for j, said in enumerate(counted.labels)
        if expected in (None, right) and answered in (None, said)
    )


def _read(session: Session, statement: Select[ReportAnswer, Row], after: int = -1) -> Iterator[AnsweredRow]:
    while True:
        part = statement.where(ReportAnswer.position > after).order_by(ReportAnswer.position).limit(_CHUNK)
        found = session.execute(part).all()
        for row in found:
            yield _answered(*row)
        if len(found) < _CHUNK:
            return
        after = found[-1][0].position


def _answered(answer: ReportAnswer, row: Row) -> AnsweredRow:
    target: Target = from_text(answer.answer) or ()
    prediction = Prediction(target, answer.score, dict(answer.scores))
    return AnsweredRow(answer.position, row.id, to_example(row, answer.target), prediction, answer.right)
