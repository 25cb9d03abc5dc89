"""A report together with the answers that it counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tunery.data.dataset import Split
from tunery.evaluation.answers import Answers, ask
from tunery.evaluation.measure import evaluate
from tunery.evaluation.mistakes import wrong_rows
from tunery.evaluation.report import Report
from tunery.models import learned
from tunery.models.model import Model
from tunery.store.reports import Answer
from tunery.store.tables import Json
from tunery.types import Input, Prediction


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        report: In numbers.
        given: The answers, one for each row.
        wrong: Whether there is anything wrong in each.
    """

    report: Report
    given: Answers
    wrong: Sequence[bool]

    def summary(self) -> Json:
        """Return the report as plain values, without texts."""
        return {**self.report.to_dict(), "errors": []}

    def answers(self, places: Sequence[tuple[int, str]]) -> Iterator[Answer]:
        """Yield the answers as the store takes them.

        Args:
            places: Position and name of each row.
        """
        rows = zip(places, self.given.examples, self.given.predictions, self.wrong, strict=True)
        for (position, row), example, prediction, wrong in rows:
            yield Answer(
                position=position, row=row, target=example.target, answer=prediction.target, right=not wrong,
                score=prediction.score, scores=dict(prediction.scores),
            )  # fmt: skip


def measure(model: Model, examples: Split) -> Measured:
    """Measure a model on a split.

    Raises:
        DataError: Examples have no right answer, or are rows that the model learned from.
    """
    learned.refuse(model.folder, examples)
    remembered = _Remembered(model)
    report = evaluate(remembered, examples, model.task, baselines=model.baselines())
    given = ask(remembered, examples, model.task)
    tallies = model.task.tallies(given.examples, given.predictions, given.labels)
    return Measured(report, given, [bool(wrong) for wrong in wrong_rows(tallies)])


class _Remembered:
    """A model that is asked about the same rows again, and works out its answers once."""

    def __init__(self, model: Model) -> None:
        self.labels: tuple[str, ...] = tuple(model.labels)
        self.name = model.name
        self.temperature = model.temperature
        self._model = model
        self._answers: list[Prediction] = []

    def predict(self, inputs: Sequence[Input]) -> list[Prediction]:
        """Return the answers; those of the first call from then on."""
        if not self._answers:
            self._answers = list(self._model.predict(inputs))
        return self._answers
