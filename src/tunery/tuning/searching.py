"""Looks for better settings than the defaults: short runs tell which settings are worth a whole one.

A short run has a tenth of a whole run's updates and a schedule of its own: what a whole run shows after a tenth, in its
warm-up or at its highest learning rate, says little of where it ends. The best go on to whole runs, the next best only
while all together costs no more than five of them (successive halving, Jamieson and Talwalkar 2016, with two rungs).

With few labels and a good base model the head that a run starts with is good already, and a short run ends below it,
whatever becomes of a whole one. Such short runs would choose what learns least. Where that of the defaults is one, all
trials have whole runs, as many as cost no more than the search may.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tunery import progress
from tunery.data.dataset import Dataset
from tunery.errors import ModelError, SettingError
from tunery.i18n import _
from tunery.models.base import usual_dropout
from tunery.models.manifest import NAME
from tunery.models.model import Model
from tunery.sources.cache import put_text
from tunery.tuning.linear import HeadStarts
from tunery.tuning.recipe import Recipe
from tunery.tuning.run import ADAPTER, Run, begin, check_data, finish, open_work
from tunery.tuning.schedule import batches, learning_rate, wanted_steps
from tunery.tuning.search_pictures import draw_importances, draw_trials
from tunery.tuning.search_result import MODEL, RECIPE, TRIALS, Outcome, Search, Trial, best_of, in_words
from tunery.tuning.space import Dimension, changed, dimensions
from tunery.tuning.strategies import available, get_class
from tunery.tuning.strategies.auto import Auto
from tunery.tuning.strategies.base import Gradient
from tunery.tuning.strategies.head import Head
from tunery.tuning.study import Curve, Study

if TYPE_CHECKING:
    import optuna

WORK = ".search"
"""Where a search keeps its runs, inside the output folder; gone when it is done."""
_JOURNAL = "study.jsonl"
_DEFAULTS = "defaults.json"
"""What the first trial does, among an interrupted search's files."""
_RUNS = 5
"""How many whole runs a search costs: with a budget, a run may take this part of it."""
_SHORT = 0.1
"""Length of a short run, as a share of a whole one."""
_HALFWAY = 0.5
"""Share of a whole run from which it is stopped where the best one was further at the same point."""
_MARGIN = 0.95
"""Share of the budget that trials may take; the rest is for calibrating and writing the best."""


def search(data: Dataset, recipe: Recipe, output: Path | None, *, trials: int, resume: bool = False) -> Search:
    """Search for settings that are better on dev than those of ``recipe``.

    Args:
        data: Train is learned from, dev is chosen by; test is not touched.
        recipe: What the first trial does. Settings that were given in it are fixed; its budget is for all trials.
        output: Folder for the result; None for a new temporary one.
        trials: How many settings are tried, the defaults included.
        resume: Go on with the search that was interrupted in ``output``.

    Raises:
        DataError: Train or dev is missing or can't be learned from.
        ModelError: ``output`` holds something else, or the base model can't be used.
        SettingError: Nothing is left to search, or ``output`` holds an interrupted search of another recipe or data.
        SourceError: The base model can't be had.
    """
    check_data(data)
    _check(recipe, trials)
    folder = output or Path(tempfile.mkdtemp(prefix="tunery-"))
    if (folder / TRIALS).is_file():
        return _finished(folder, resume=resume)
    work = open_work(folder, WORK, recipe, data, resume=resume)
    return _Searcher(data, recipe, folder, work).search(trials)


def _check(recipe: Recipe, trials: int) -> None:
    strategy = recipe.strategy
    if trials < 1:
        raise SettingError(_("trials: must be at least {ge} (found {value}).").format(ge=1, value=trials))
    if not isinstance(strategy, Auto | Gradient):
        names = ", ".join(name for name in available() if issubclass(get_class(name), Gradient))
        raise SettingError(
            _("The strategy {name} can't be searched: it has no run that could be made shorter.").format(
                name=strategy.name
            ),
            _("Use one of: {names}; or auto, which chooses among them.").format(names=names),
        )


def _finished(folder: Path, *, resume: bool) -> Search:
    if resume:
        return Search.load(folder)
    raise ModelError(
        _("{folder} holds a search already.").format(folder=folder),
        _("Give --output another name, or remove the folder first."),
    )


class _Searcher:
    """One search: its trials share windows, features of the frozen base, and the time."""

    def __init__(self, data: Dataset, recipe: Recipe, folder: Path, work: Path) -> None:
        self._data = data
        self._folder = folder
        self._work = work
        self._run = begin(data, recipe, work, resume=False)
        self._run.head_starts = HeadStarts()
        if recipe.budget is not None:
            self._run.until = self._run.started + recipe.budget * _MARGIN
        self._defaults = _defaults(self._run)
        self._dimensions = _space(self._run, self._defaults)
        self._study = Study(folder.resolve() / _JOURNAL, self._dimensions, recipe.seed)

    def search(self, count: int) -> Search:
        try:
            if self._short_runs(count):
                self._whole_runs(count)
        except KeyboardInterrupt:
            if self._study.whole(1) is None:
                raise
        return self._finish()

    def _short_runs(self, count: int) -> bool:
        """Make the short runs, and the whole one of the defaults; return whether there is time for more."""
        while (trial := self._next(count)) is not None:
            number, settings = self._study.number(trial), self._study.settings(trial)
            if number == 1 and self._whole_run(number, settings, count).ended == "interrupted":
                return False
            if count == 1:
                return True
            outcome = self._make_short(number, settings) if self._time_for_another() else None
            if outcome is None:
                return False
            self._study.note_short(trial, outcome)
            self._study.end(trial, outcome.score)
            self._tell(number, count, outcome, settings)
        return True

    @property
    def _short_runs_tell(self) -> bool:
        """Whether a short run with the defaults learned anything that its score shows."""
        short = next((trial.short for trial in self._study.trials()), None)
        return short is None or short.score > self._study.curve(1)[0][1]

    def _next(self, count: int) -> optuna.Trial | None:
        """Return the trial that was interrupted, or a new one where there are fewer than ``count``."""
        if not self._short_runs_tell:
            return None
        waiting = self._study.interrupted()
        if waiting is not None or len(self._study.trials()) >= count:
            return waiting
        return self._study.begin() if self._time_for_another() else None

    def _whole_runs(self, count: int) -> None:
        """Make whole runs: of the best in short ones, and of the next while that costs no more; or of new settings."""
        if not self._short_runs_tell:
            self._only_whole_runs(count)
            return
        trials = self._study.trials()
        for trial in sorted(trials, key=lambda one: -one.short.score if one.short else 0.0):
            if not trial.whole and (
                not self._affordable()
                or self._whole_run(trial.number, trial.settings, len(trials)).ended == "interrupted"
            ):
                return

    def _only_whole_runs(self, count: int) -> None:
        """Draw settings and make whole runs of them at once, while that costs no more than a search may."""
        progress.tell(
            _("Short runs end below where they begin here: all trials have whole runs, and there may be fewer.")
        )
        while len(self._study.trials()) < count and self._affordable():
            trial = self._study.interrupted() or self._study.begin()
            outcome = self._whole_run(self._study.number(trial), self._study.settings(trial), count)
            if outcome.ended == "interrupted":
                return
            self._study.end(trial, outcome.score)

    def _affordable(self) -> bool:
        """Return whether one more whole run costs no more than the search may."""
        trials = self._study.trials()
        first = trials[0].outcome.seconds
        left = self._run.seconds_left
        if left is not None:
            return left > first
        spent = sum(one.outcome.seconds + (one.short.seconds if one.short and one.whole else 0.0) for one in trials)
        return sum(one.whole for one in trials) == 1 or spent + first <= _RUNS * first

    def _time_for_another(self) -> bool:
        """Return whether the time that is left is enough for a short run, and a whole one of the best."""
        left, trials = self._run.seconds_left, self._study.trials()
        if left is None or not trials:
            return True
        short = max((one.short.seconds for one in trials if one.short), default=_SHORT * trials[0].outcome.seconds)
        return left > short + trials[0].outcome.seconds

    def _make_short(self, number: int, settings: Mapping[str, float | int]) -> Outcome | None:
        """Make the short run of a trial and return how it went; None where it was interrupted."""
        work = self._work / "short"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        run = self._run_of(number, settings, work)
        run.brief, run.recipe = True, _shortened(run)
        run.recipe.strategy.fit(run)
        return None if run.ended == "interrupted" else _outcome(run, self._steps(settings))

    def _whole_run(self, number: int, settings: Mapping[str, float | int], count: int) -> Outcome:
        """Make the whole run of a trial, note how it went, and return that; once noted it is not made again."""
        noted = self._study.whole(number)
        if noted is not None:
            return noted
        work = self._folder_of(number)
        run = self._run_of(number, settings, work)
        run.resume = work.is_dir()
        work.mkdir(exist_ok=True)
        if number > 1:
            run.watch = self._watch()
        run.recipe.strategy.fit(run)
        outcome = _outcome(run, self._steps(settings))
        if outcome.ended != "pruned":
            run.write_result(work)
        self._study.note_whole(number, outcome, _curve(run, outcome))
        self._remove_all_but_the_best()
        self._tell(number, count, outcome, settings)
        return outcome

    def _watch(self) -> Callable[[float, float], bool]:
        """Return what stops a whole run that is behind the best one in its second half."""
        best = self._study.curve(best_of(self._study.trials()).number)

        def behind(share: float, score: float) -> bool:
            return share >= _HALFWAY and score < max((one for at, one in best if at <= share), default=score)

        return behind

    def _tell(self, number: int, count: int, outcome: Outcome, settings: Mapping[str, float | int]) -> None:
        words = _("Trial {number} of {count}: dev {metric} {score:.4f} after {share:.0%} of a run ({settings})")
        progress.tell(
            words.format(
                number=number, count=count, metric=self._run.task.metric, score=outcome.score, share=outcome.share,
                settings=in_words(Trial(number, dict(settings), outcome)),
            )
        )  # fmt: skip

    def _run_of(self, number: int, settings: Mapping[str, float | int], work: Path) -> Run:
        """Return the run of a trial, which is what `fit` would do with its recipe."""
        # The first has the defaults themselves, not their roundings.
        recipe = changed(self._defaults, settings) if number > 1 else self._defaults
        run = replace(self._run, recipe=recipe, resume=False).again(recipe.strategy, work)
        run.started = time.monotonic()
        return run

    def _steps(self, settings: Mapping[str, float | int]) -> int:
        """Return how many updates the whole run of a trial makes."""
        return _planned(replace(self._run, recipe=changed(self._defaults, settings)))

    def _folder_of(self, number: int) -> Path:
        return self._work / f"trial-{number}"

    def _remove_all_but_the_best(self) -> None:
        best = self._folder_of(best_of(self._study.trials()).number)
        for path in self._work.glob("trial-*"):
            if path != best:
                shutil.rmtree(path)
        for path in best.glob("checkpoint-*"):
            shutil.rmtree(path)

    def _finish(self) -> Search:
        trials = self._study.trials()
        folder = self._folder / MODEL
        model = Model.load(folder) if (folder / NAME).is_file() else self._write_model(best_of(trials), folder)
        best = Recipe.from_dict(model.manifest.recipe)
        found = Search(best, model, trials, self._run.task.metric, self._folder)
        (self._folder / RECIPE).write_text(best.to_yaml(), encoding="utf-8")
        draw_trials(trials, self._dimensions, found.metric, self._folder / "parallel.png")
        draw_importances(self._study.importances(), self._folder / "importance.png")
        put_text(json.dumps(found.to_dict(), ensure_ascii=False, indent=1), self._folder / TRIALS)
        shutil.rmtree(self._work)
        return found

    def _write_model(self, trial: Trial, folder: Path) -> Model:
        kept = self._folder_of(trial.number)
        run = self._run_of(trial.number, trial.settings, kept)
        run.take_over(kept)
        run.started = time.monotonic() - trial.outcome.seconds
        run.work = self._work / "final"  # Killed while it is written, it can be written again from what was kept.
        shutil.rmtree(run.work, ignore_errors=True)
        run.work.mkdir()
        if (kept / ADAPTER).is_dir():
            shutil.copytree(kept / ADAPTER, run.work / ADAPTER)
        folder.mkdir(exist_ok=True)
        return finish(run, self._data, folder)


def _defaults(run: Run) -> Recipe:
    """Return the recipe of the first trial: a strategy that learns step by step, and how long it does.

    What depends on this machine's speed is decided once and kept, so that a resumed search goes on with the same.
    """
    kept = run.work / _DEFAULTS
    if not kept.is_file():
        strategy = _strategy(run)
        values = {"strategy": {"name": strategy.name, **strategy.model_dump(include=strategy.model_fields_set)}}
        put_text(json.dumps({**values, **_length(run, strategy)}), kept)
    decided = json.loads(kept.read_text(encoding="utf-8"))
    part = decided.pop("strategy")
    same = get_class(part.pop("name")).model_validate(part)
    return run.recipe.model_copy(update={**decided, "budget": None, "strategy": same})


def _strategy(run: Run) -> Gradient:
    """Return the recipe's strategy; in place of ``auto``, the one that it lets most of the base model learn by."""
    asked = run.recipe.strategy
    if isinstance(asked, Gradient):
        return asked
    budget = run.recipe.budget
    recipe = run.recipe.model_copy(update={"budget": None if budget is None else budget / _RUNS})
    stages = [stage.strategy for stage in asked.stages(replace(run, recipe=recipe))]
    strategy = next((one for one in reversed(stages) if isinstance(one, Gradient)), Head())
    progress.tell(_("auto: the settings of {strategy} are searched.").format(strategy=strategy.name))
    return strategy


def _length(run: Run, strategy: Gradient) -> dict[str, float]:
    """Return how many epochs a run has: as many as usual, or as many as fit its part of the budget."""
    recipe = run.recipe
    if recipe.max_steps is not None:
        return {}
    per_epoch = len(batches(run))
    epochs = wanted_steps(run, strategy, per_epoch) / per_epoch
    if recipe.budget is not None:
        affordable = recipe.budget * _MARGIN / _RUNS / strategy.epoch_seconds(run)
        epochs = max(min(epochs, affordable), 1 / per_epoch)
    return {"epochs": round(epochs, 4)}


def _space(run: Run, defaults: Recipe) -> tuple[Dimension, ...]:
    """Return what is searched around the defaults.

    Raises:
        SettingError: Every setting that could be searched is fixed.
    """
    first = replace(run, recipe=defaults)
    found = dimensions(
        defaults,
        {
            "learning_rate": learning_rate(first),
            "batch_tokens": batches(first).max_tokens,
            "dropout": usual_dropout(run.network.model.config),
        },
    )
    if not found:
        raise SettingError(
            _("Every setting that could be searched is fixed."),
            _("Leave some of them out of the recipe or the command, for example learning_rate."),
        )
    return found


def _planned(run: Run) -> int:
    return run.recipe.max_steps or wanted_steps(run, run.recipe.strategy, len(batches(run)))


def _shortened(run: Run) -> Recipe:
    """Return the recipe of a short run: fewer updates, and one measurement at its end."""
    return run.recipe.model_copy(update={"max_steps": max(1, round(_SHORT * _planned(run)))})


def _outcome(run: Run, planned: int) -> Outcome:
    scores = [point.scores[run.task.metric] for point in run.history if point.scores]
    stopped = run.brief or run.ended == "pruned"
    return Outcome(
        score=scores[-1] if stopped else max(scores),
        share=round(min(1.0, run.steps / planned), 4),
        seconds=round(time.monotonic() - run.started, 2),
        ended="pruned" if stopped else run.ended,
    )


def _curve(run: Run, outcome: Outcome) -> Curve:
    """Return the scores on dev by the share of the run."""
    measured = [(point.epoch, point.scores[run.task.metric]) for point in run.history if point.scores]
    last = max(epoch for epoch, _score in measured) or 1.0
    return tuple((epoch / last * outcome.share, score) for epoch, score in measured)
