"""The trials of a search: what to try next, which is worth a whole run, and a journal to go on from when killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.pruners import NopPruner
from optuna.samplers import TPESampler
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalStorage
from optuna.trial import FrozenTrial, TrialState

from tunery.tuning.search_result import Outcome, Trial
from tunery.tuning.space import Dimension

_RANDOM = 5
"""Trials before the sampler begins to learn from them."""
_FEWEST = 5
"""Trials below which nothing can be said of which setting matters."""
_SHORT, _WHOLE, _CURVE = "outcome", "whole", "curve"
"""What the journal calls how a trial's short run went, and how its whole run did."""

Curve = tuple[tuple[float, float], ...]
"""The scores on dev of a whole run: which share of it was done, and the score."""


class Study:
    """Trials in a journal: the first has the defaults, the others are drawn by TPE (Bergstra et al. 2011).

    TPE learns from short runs, which all trials have; whole runs are for the best of them. Every trial is drawn with a
    seed of its own, so that a search that was killed goes on with the trials it would have had.

    Args:
        path: The journal; what is in it already belongs to this study.
        dimensions: What is searched.
        seed: Decides which trials are drawn.
    """

    def __init__(self, path: Path, dimensions: Sequence[Dimension], seed: int) -> None:
        _mend(path)
        self._dimensions = tuple(dimensions)
        self._seed = seed
        with _quiet():
            storage = JournalStorage(JournalFileBackend(str(path), JournalFileOpenLock(str(path))))
            self._study = optuna.create_study(
                storage=storage,
                pruner=NopPruner(),
                study_name="search",
                direction="maximize",
                load_if_exists=True,
            )
        if not self._study.get_trials(deepcopy=False):
            self._study.enqueue_trial({one.name: one.default for one in dimensions})

    def interrupted(self) -> optuna.Trial | None:
        """Return the trial that was running when the search was killed, if there is one."""
        running = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        if not running:
            return None
        self._study.sampler = self._sampler(running[0].number)
        return optuna.Trial(self._study, running[0]._trial_id)

    def begin(self) -> optuna.Trial:
        """Begin a new trial."""
        self._study.sampler = self._sampler(len(self._study.get_trials(deepcopy=False)))
        return self._study.ask()

    def number(self, trial: optuna.Trial) -> int:
        """Return the number of a trial as people count."""
        return trial.number + 1

    def settings(self, trial: optuna.Trial) -> dict[str, float | int]:
        """Return the settings of a trial, drawing those that were not drawn yet."""
        return {one.name: one.rounded(_draw(trial, one)) for one in self._dimensions}

    def note_short(self, trial: optuna.Trial, outcome: Outcome) -> None:
        """Write how the short run of a trial went."""
        trial.set_user_attr(_SHORT, outcome.to_dict())

    def end(self, trial: optuna.Trial, score: float) -> None:
        """Let a trial count: later ones are drawn by its score."""
        self._study.tell(trial, score, TrialState.COMPLETE)

    def whole(self, number: int) -> Outcome | None:
        """Return how the whole run of a trial went, where there was one."""
        written = self._study.user_attrs.get(f"{_WHOLE}-{number}")
        return None if written is None else Outcome(**written)

    def curve(self, number: int) -> Curve:
        """Return the scores of a trial's whole run."""
        return tuple((share, score) for share, score in self._study.user_attrs[f"{_CURVE}-{number}"])

    def note_whole(self, number: int, outcome: Outcome, curve: Curve) -> None:
        """Write how the whole run of a trial went."""
        self._study.set_user_attr(f"{_CURVE}-{number}", curve)
        self._study.set_user_attr(f"{_WHOLE}-{number}", outcome.to_dict())

    def trials(self) -> tuple[Trial, ...]:
        """Return the trials of which something is known, in their order."""
        found = (self._record(one) for one in self._study.get_trials(deepcopy=False))
        return tuple(trial for trial in found if trial is not None)

    def importances(self) -> dict[str, float]:
        """Return how much of the differences between short runs each setting accounts for (fANOVA, Hutter et al. 2014).

        Empty where they are too few to tell.
        """
        scores = [one.value for one in self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))]
        if len(scores) < _FEWEST or len(set(scores)) == 1:
            return {}
        with _quiet():
            return get_param_importances(self._study, evaluator=FanovaImportanceEvaluator(seed=self._seed))

    def _sampler(self, number: int) -> TPESampler:
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        return TPESampler(n_startup_trials=_RANDOM, seed=seed)

    def _record(self, trial: FrozenTrial) -> Trial | None:
        written = trial.user_attrs.get(_SHORT)
        short = None if written is None else Outcome(**written)
        outcome = self.whole(trial.number + 1) or short
        if outcome is None:
            return None
        values = {one.name: one.rounded(trial.params[one.name]) for one in self._dimensions}
        return Trial(trial.number + 1, values, outcome, short)


def _draw(trial: optuna.Trial, one: Dimension) -> float:
    if one.whole:
        return trial.suggest_int(one.name, int(one.low), int(one.high), log=one.log)
    return trial.suggest_float(one.name, one.low, one.high, log=one.log)


def _mend(path: Path) -> None:
    """Remove what a killed process left behind: half a line at the end of the journal, and its lock."""
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
    if path.is_file():
        written = path.read_bytes()
        whole = written[: written.rfind(b"\n") + 1]
        if whole != written:
            path.write_bytes(whole)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from logging to standard error what is said in our own words."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
