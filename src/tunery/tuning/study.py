"""The trials of a search: what to try next, what to stop early, and a journal from which a killed search goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import TPESampler
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalStorage
from optuna.trial import FrozenTrial, TrialState

from tunery.tuning.search_result import Outcome, Trial
from tunery.tuning.space import Dimension

MEASUREMENTS = 12
"""How often a trial is measured on dev: the first rung is a twelfth of a run, the second a third."""
_REDUCTION = 4
"""One trial in so many goes beyond a rung."""
_RANDOM = 5
"""Trials before the sampler begins to learn from them."""
_FEWEST = 5
"""Trials below which nothing can be said of which setting matters."""
_TIE = 1e-9
"""How much lower each later trial stands: of two that are equal only the earlier goes on."""
_OUTCOME = "outcome"
_STATES = {
    "complete": TrialState.COMPLETE,
    "patience": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "budget": TrialState.PRUNED,
    "interrupted": TrialState.FAIL,
}


class Study:
    """Trials in a journal: the first has the defaults, the others are drawn by TPE (Bergstra et al. 2011).

    Trials are stopped by asynchronous successive halving (Li et al. 2020). Every trial is drawn with a seed of its own,
    so that a search that was killed goes on with the trials it would have had.

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
                pruner=SuccessiveHalvingPruner(min_resource=1, reduction_factor=_REDUCTION),
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
        self._study.sampler = self._sampler(len(self.trials()))
        return self._study.ask()

    def number(self, trial: optuna.Trial) -> int:
        """Return the number of a trial as people count."""
        return trial.number + 1

    def settings(self, trial: optuna.Trial) -> dict[str, float | int]:
        """Return the settings of a trial, drawing those that were not drawn yet."""
        return {one.name: one.rounded(_draw(trial, one)) for one in self._dimensions}

    def watch(self, trial: optuna.Trial) -> Callable[[float, float], bool]:
        """Return what a run tells its share and score at every measurement, and which says whether to stop.

        The first trial takes part from the second rung on. It runs to its end in any case, and is still in its warm-up
        at the first, where what has hardly moved yet would look better than what learns.
        """
        known = set(self._frozen(trial).intermediate_values)

        def told(share: float, score: float) -> bool:
            step = int(share * MEASUREMENTS + 1e-6)
            if trial.number == 0 and step < _REDUCTION:
                return False
            if step not in known:  # A run that goes on after a crash may measure once more.
                trial.report(score - _TIE * trial.number, step)
            return trial.should_prune()

        return told

    def outcome(self, trial: optuna.Trial) -> Outcome | None:
        """Return how a trial went, where it had ended before the search was killed."""
        return _outcome(self._frozen(trial))

    def note(self, trial: optuna.Trial, outcome: Outcome) -> None:
        """Write how a trial went, before it counts."""
        trial.set_user_attr(_OUTCOME, outcome.to_dict())

    def end(self, trial: optuna.Trial, outcome: Outcome) -> None:
        """Let a trial count."""
        state = _STATES[outcome.ended]
        self._study.tell(trial, outcome.score if state == TrialState.COMPLETE else None, state)

    def trials(self) -> tuple[Trial, ...]:
        """Return the trials that have ended, in their order."""
        found = (self._record(one) for one in self._study.get_trials(deepcopy=False) if one.state.is_finished())
        return tuple(trial for trial in found if trial is not None)

    def importances(self) -> dict[str, float]:
        """Return how much of the differences at the first rung each setting accounts for (fANOVA, Hutter et al. 2014).

        The first rung, because all trials but the first were measured there. Empty where they are too few to tell.
        """
        found = [one for one in self._study.get_trials(deepcopy=False)[1:] if one.intermediate_values]
        first = [one.intermediate_values[min(one.intermediate_values)] for one in found]
        if len(found) < _FEWEST or max(first) == min(first):
            return {}
        with _quiet():
            same = optuna.create_study(direction="maximize")
            for trial, score in zip(found, first, strict=True):
                same.add_trial(
                    optuna.trial.create_trial(params=trial.params, distributions=trial.distributions, value=score)
                )
            return get_param_importances(same, evaluator=FanovaImportanceEvaluator(seed=self._seed))

    def _sampler(self, number: int) -> TPESampler:
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        return TPESampler(n_startup_trials=_RANDOM, seed=seed)

    def _frozen(self, trial: optuna.Trial) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[trial.number]

    def _record(self, trial: FrozenTrial) -> Trial | None:
        outcome = _outcome(trial)
        if outcome is None:
            return None
        values = {one.name: one.rounded(trial.params[one.name]) for one in self._dimensions}
        return Trial(trial.number + 1, values, outcome)


def _draw(trial: optuna.Trial, one: Dimension) -> float:
    if one.whole:
        return trial.suggest_int(one.name, int(one.low), int(one.high), log=one.log)
    return trial.suggest_float(one.name, one.low, one.high, log=one.log)


def _outcome(trial: FrozenTrial) -> Outcome | None:
    written = trial.user_attrs.get(_OUTCOME)
    return None if written is None else Outcome(**written)


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
