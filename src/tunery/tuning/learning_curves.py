"""What more labels would bring: tunes on growing shares of those there are, and continues the curve."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tunery import progress
from tunery.data.dataset import Dataset, Split
from tunery.errors import DataError, ModelError, Problem, SettingError
from tunery.i18n import _
from tunery.screen import duration
from tunery.sources.cache import put_text
from tunery.tuning.learning_curve_picture import draw_learning_curve
from tunery.tuning.learning_curve_result import CURVE, PICTURE, LearningCurve, Measured
from tunery.tuning.power_law import forecast
from tunery.tuning.recipe import Recipe
from tunery.tuning.run import check_data, fit, open_work
from tunery.types import Example, Span

WORK = ".curve"
"""Where a learning curve keeps its runs, inside the output folder; gone when it is done."""
_RUNS = "runs.json"
_FEWEST_SIZES = 3
"""Numbers of rows that a curve takes."""
_FEWEST_ROWS = 8
_DRAWS = {1: 1, 2: 2}
"""How many draws are made of all rows and of half of them; of fewer, three: their scores depend most on luck."""


def learning_curve(
    data: Dataset, recipe: Recipe, output: Path | None, *, points: int = 5, resume: bool = False
) -> LearningCurve:
    """Tune on growing shares of train, measure on dev, and say what twice as many labels would bring.

    Args:
        data: Shares of train are learned from, all of dev is measured on; test is not touched.
        recipe: What each run does; its budget is for all of them together.
        output: Folder for the result; None for a new temporary one.
        points: How many numbers of rows: all, half of them, a quarter, ...
        resume: Go on with the curve that was interrupted in ``output``.

    Raises:
        DataError: Train or dev is missing, or train is too small to be divided.
        ModelError: ``output`` holds something else, or the base model can't be used.
        SettingError: There are too few points, or ``output`` holds an interrupted curve of another recipe or data.
        SourceError: The base model can't be had.
    """
    if points < _FEWEST_SIZES:
        raise SettingError(_("points: must be at least {ge} (found {value}).").format(ge=_FEWEST_SIZES, value=points))
    check_data(data)
    folder = output or Path(tempfile.mkdtemp(prefix="tunery-"))
    if (folder / CURVE).is_file():
        return _finished(folder, resume=resume)
    rows = [example for example in data["train"] if example.target is not None]
    tasks = list(_runs(_sizes(rows, len(data.labels), points)))
    work = open_work(folder, WORK, recipe, data, resume=resume)
    return _Measurer(data, rows, recipe, folder, work).measure(tasks)


def _finished(folder: Path, *, resume: bool) -> LearningCurve:
    if resume:
        return LearningCurve.load(folder)
    raise ModelError(
        _("{folder} holds a learning curve already.").format(folder=folder),
        _("Give --output another name, or remove the folder first."),
    )


def _sizes(rows: Sequence[Example], labels: int, points: int) -> list[int]:
    """Return the numbers of rows, from few to all: each about half of the next, and none without every label.

    Raises:
        DataError: There are too few rows for `_FEWEST_SIZES` of them.
    """
    fewest = max(_FEWEST_ROWS, labels)
    found = sorted({size for number in range(points) if (size := round(len(rows) / 2**number)) >= fewest})
    if len(found) < _FEWEST_SIZES:
        needed = fewest * 2 ** (_FEWEST_SIZES - 1)
        raise DataError([
            Problem(
                "error", "too-few-rows",
                _("Train has {n} labelled rows; a learning curve takes at least {needed} here.").format(
                    n=len(rows), needed=needed
                ),
                _("Label more rows first."),
            )
        ])  # fmt: skip
    return found


def _runs(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the number of rows and of the draw of each run, the cheapest first."""
    for place, size in enumerate(sizes):
        for draw in range(_DRAWS.get(len(sizes) - place, 3)):
            yield size, draw + 1


class _Measurer:
    """The runs of one curve."""

    def __init__(self, data: Dataset, rows: Sequence[Example], recipe: Recipe, folder: Path, work: Path) -> None:
        self._data = data
        self._rows = rows
        self._recipe = recipe
        self._folder = folder
        self._work = work
        self._found = _read(work / _RUNS)

    def measure(self, tasks: Sequence[tuple[int, int]]) -> LearningCurve:
        known = {(one.rows, one.draw) for one in self._found}
        waiting = [task for task in tasks if task not in known]
        for place, (size, draw) in enumerate(waiting):
            found = self._measure(size, draw, sum(size for size, _draw in tasks))
            if found is None:
                break
            self._found.append(found)
            put_text(json.dumps([asdict(one) for one in self._found]), self._work / _RUNS)
            self._tell(found, waiting[place + 1 :])
        return self._finish()

    def _measure(self, size: int, draw: int, together: int) -> Measured | None:
        """Return what came of a run; None where it was interrupted."""
        folder = self._work / f"run-{size}-{draw}"
        chosen = [self._rows[number] for number in sorted(order(self._rows, self._recipe.seed + draw)[:size])]
        budget = self._recipe.budget
        changes = {"seed": self._recipe.seed + draw - 1, "budget": None if budget is None else budget * size / together}
        part = Dataset({"train": Split("train", chosen), "dev": self._data["dev"]}, self._data.schema)
        started = time.monotonic()
        with progress.without_words():
            model = fit(part, self._recipe.model_copy(update=changes), folder, resume=folder.exists())
        manifest = model.manifest
        shutil.rmtree(folder)
        if manifest.ended == "interrupted":
            return None
        strategy = str(Recipe.from_dict(manifest.recipe).strategy.name)
        return Measured(size, draw, manifest.metrics[model.task.metric], round(time.monotonic() - started, 2), strategy)

    def _tell(self, found: Measured, waiting: Sequence[tuple[int, int]]) -> None:
        words = _("{rows} rows, draw {draw}: dev {metric} {score:.4f} ({strategy})").format(
            rows=f"{found.rows:,}", draw=found.draw, metric=self._recipe.task.metric, score=found.score,
            strategy=found.strategy,
        )  # fmt: skip
        if waiting:
            # A run's time grows with its rows, and has a part that doesn't: the last run says most about the next.
            left = sum(max(1.0, size / found.rows) for size, _draw in waiting) * found.seconds
            words = _("{words}; about {time} left").format(words=words, time=duration(left))
        progress.tell(words)

    def _finish(self) -> LearningCurve:
        """Fit the curve to what was measured and write it.

        Raises:
            KeyboardInterrupt: It was interrupted before there were enough numbers of rows.
        """
        found = sorted(self._found, key=lambda one: (one.rows, one.draw))
        sizes = sorted({one.rows for one in found})
        if len(sizes) < _FEWEST_SIZES:
            raise KeyboardInterrupt
        rows, scores = [one.rows for one in found], [one.score for one in found]
        law, twice = forecast(rows, scores, 2 * sizes[-1], self._recipe.seed)
        fewer = [(one.rows, one.score) for one in found if one.rows < sizes[-1]]
        foretold = None
        if len(sizes) > _FEWEST_SIZES:
            foretold = forecast([n for n, _s in fewer], [s for _n, s in fewer], sizes[-1], self._recipe.seed)[1]
        metric, dev = self._recipe.task.metric, sum(example.target is not None for example in self._data["dev"])
        curve = LearningCurve(metric, dev, tuple(found), law, twice, foretold)
        draw_learning_curve(curve, self._folder / PICTURE)
        put_text(json.dumps(curve.to_dict(), ensure_ascii=False, indent=1), self._folder / CURVE)
        shutil.rmtree(self._work)
        return curve


def order(rows: Sequence[Example], seed: int) -> list[int]:
    """Return row numbers so that the first of them, however many, have every label in about its share.

    A row counts by the rarest of its labels. The first row of each label comes before all else.
    """
    generator = np.random.default_rng(seed)
    counts: Counter[Hashable] = Counter(label for row in rows for label in _labels(row))
    by_label: dict[Hashable, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        by_label[min(_labels(row), key=lambda label: (counts[label], str(label)))].append(number)
    places = np.zeros(len(rows))
    for members in by_label.values():
        shuffled = generator.permutation(members)
        places[shuffled] = (np.arange(len(shuffled)) + generator.random(len(shuffled))) / len(shuffled)
        places[shuffled[0]] -= 1.0
    return [int(number) for number in np.argsort(places, kind="stable")]


def _labels(row: Example) -> frozenset[Hashable]:
    target = row.target
    if isinstance(target, str):
        return frozenset({target})
    return frozenset(item.label if isinstance(item, Span) else item for item in target or ()) or frozenset({None})


def _read(file: Path) -> list[Measured]:
    """Return the runs that were done before the curve was interrupted."""
    return [Measured(**one) for one in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []
