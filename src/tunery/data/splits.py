"""The splits that are missing, made from those that are there.

Rows are dealt in units: rows of one group and near duplicates of one another are one unit, so that nothing learned from
is measured on. Units are dealt by iterative stratification (Sechidis, Tsoumakas and Vlahavas, "On the Stratification of
Multi-Label Data", 2011): the rarest label first, each unit to the split that still lacks most of that label.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tunery.data.components import Components
from tunery.data.dataset import SPLITS
from tunery.data.duplicates import duplicate_key, near_duplicate_groups
from tunery.data.settings import DataSettings
from tunery.errors import Problem, SettingError
from tunery.i18n import _
from tunery.types import Example, Span

_UNLABELLED = ("unlabelled",)
_NO_LABELS = ("none of the labels",)
"""What stands for the label of rows that have none; tuples, so that no label of a user's can be equal."""

_LEAST_TRAIN = 0.01
"""Share of the rows that train must be left with; less is a mistake in the settings."""


def complete_splits(
    splits: dict[str, list[Example]], settings: DataSettings
) -> tuple[dict[str, list[Example]], list[Problem]]:
    """Make the splits that are missing; those given stay as they are, but for the one that rows are taken from.

    A single split that isn't named for dev or test becomes train, dev and test; train with test gives dev, and train
    with dev gives test, out of train; dev and test without train give train out of dev. Only dev or only test is left
    alone: such data is for measuring. The same rows and seed give the same splits, whatever the process.

    Args:
        splits: The rows by split.
        settings: Shares and seed.

    Returns:
        The splits by name, and a note for each one that was made.

    Raises:
        SettingError: The shares leave no rows for train.
    """
    given = _named(splits)
    plan = _plan(given, settings)
    if plan is None:
        return given, []
    rows = given[plan.source]
    parts = _deal(rows, plan.shares, settings.split_seed)
    made = {name: [rows[row] for row in parts[name]] for name in plan.shares}
    complete = {**given, **made}
    notes = [_note(name, plan, made, len(rows), settings) for name in plan.made]
    notes += [problem for name in plan.made if (problem := _shortfall(name, plan, made, len(rows)))]
    return {name: complete[name] for name in SPLITS if name in complete}, notes


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which split gives the rows, and the share of them that each split gets."""

    source: str
    shares: Mapping[str, float]
    made: tuple[str, ...]


def _named(splits: Mapping[str, list[Example]]) -> dict[str, list[Example]]:
    """Call a single split train, unless it says that it is for measuring."""
    if len(splits) == 1 and not splits.keys() & {"dev", "test"}:
        return {"train": list(*splits.values())}
    return {name: list(rows) for name, rows in splits.items()}


def _plan(given: Mapping[str, list[Example]], settings: DataSettings) -> _Plan | None:
    dev, test = settings.dev_share, settings.test_share
    plans = {
        frozenset({"train"}): _Plan("train", {"train": 1 - dev - test, "dev": dev, "test": test}, ("dev", "test")),
        frozenset({"train", "test"}): _Plan("train", {"train": 1 - dev, "dev": dev}, ("dev",)),
        frozenset({"train", "dev"}): _Plan("train", {"train": 1 - test, "test": test}, ("test",)),
        frozenset({"dev", "test"}): _Plan("dev", {"train": 1 - dev, "dev": dev}, ("train",)),
    }
    plan = plans.get(frozenset(given))
    if plan is None or not given[plan.source]:
        return None
    if plan.shares["train"] < _LEAST_TRAIN:
        raise SettingError(
            _("dev_share {dev} and test_share {test} leave no rows for train.").format(dev=dev, test=test),
            _("Choose shares whose sum is well below 1, for example 0.1 and 0.2."),
        )
    return plan


def _note(name: str, plan: _Plan, made: Mapping[str, list[Example]], rows: int, settings: DataSettings) -> Problem:
    message = _(
        "There is no {name} split: {made:,} of the {rows:,} rows of {source} were made {name} (seed {seed}), "
        "stratified by label, near duplicates and groups kept together."
    ).format(name=name, made=len(made[name]), rows=rows, source=plan.source, seed=settings.split_seed)
    hint = _("To choose it yourself, put a file named {name} beside the others.").format(name=name)
    return Problem("note", "split-made", message, hint)


def _shortfall(name: str, plan: _Plan, made: Mapping[str, list[Example]], rows: int) -> Problem | None:
    wanted = max(round(plan.shares[name] * rows), 1)
    if name == "train" or len(made[name]) > wanted // 2:
        return None
    message = _("{name} was to have {wanted:,} rows and has {made:,}.").format(
        name=name, wanted=wanted, made=len(made[name])
    )
    hint = _(
        "Most rows belong to one group, are near duplicates of each other, or have a label that occurs once, "
        "and so had to stay together or in train. Give more varied rows, or a {name} file of your own."
    ).format(name=name)
    return Problem("warning", "made-split-small", message, hint)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Rows that go to the same split."""

    rows: tuple[int, ...]
    labels: Mapping[Hashable, int]

    def __len__(self) -> int:
        return len(self.rows)


class _Dealer:
    """Deals units to splits, keeping count of what each split still lacks."""

    def __init__(self, units: Sequence[_Unit], shares: Mapping[str, float]) -> None:
        self.parts: dict[str, list[int]] = {name: [] for name in shares}
        self._in_train: set[Hashable] = set()
        rows = sum(len(unit) for unit in units)
        labels: Counter[Hashable] = Counter()
        for unit in units:
            labels.update(unit.labels)
        self._lacks = {name: share * rows for name, share in shares.items()}
        self._lacks_of = {name: {label: share * n for label, n in labels.items()} for name, share in shares.items()}

    def deal(self, unit: _Unit, label: Hashable) -> None:
        """Give ``unit`` to the split that lacks most of ``label``."""
        name = self._choose(unit, label)
        self.parts[name].extend(unit.rows)
        self._lacks[name] -= len(unit)
        for each, count in unit.labels.items():
            self._lacks_of[name][each] -= count
        if name == "train":
            self._in_train.update(unit.labels)

    def _choose(self, unit: _Unit, label: Hashable) -> str:
        # What is learned must be learnable: the first unit of each label is train's.
        if not unit.labels.keys() <= self._in_train:
            return "train"
        # A unit that is much larger than what a split lacks would swell it; train, the largest, takes those.
        fitting = [name for name in self.parts if name == "train" or self._lacks[name] >= len(unit) / 2]
        return max(fitting, key=lambda name: (self._lacks_of[name][label], self._lacks[name]))


def _deal(examples: Sequence[Example], shares: Mapping[str, float], seed: int) -> dict[str, list[int]]:
    """Return the row numbers of each split, in the order of the file."""
    units = _units(examples)
    shares = _at_least_one_row(shares, len(examples))
    shuffled = [units[number] for number in np.random.default_rng(seed).permutation(len(units))]
    # Large units first: the small ones then even out what those left uneven. Sorting is stable: the seed still counts.
    shuffled.sort(key=len, reverse=True)
    dealer = _Dealer(shuffled, shares)
    for unit, label in _rarest_first(shuffled):
        dealer.deal(unit, label)
    return {name: sorted(rows) for name, rows in dealer.parts.items()}


def _at_least_one_row(shares: Mapping[str, float], rows: int) -> dict[str, float]:
    measured = {name: max(share, 1 / rows) for name, share in shares.items() if name != "train"}
    return {"train": 1 - sum(measured.values()), **measured}


def _rarest_first(units: Sequence[_Unit]) -> Iterator[tuple[_Unit, Hashable]]:
    """Yield each unit once, with the label under which it is dealt: always the one with the fewest rows left."""
    with_label: dict[Hashable, list[int]] = defaultdict(list)
    left: Counter[Hashable] = Counter()
    for number, unit in enumerate(units):
        left.update(unit.labels)
        for label in unit.labels:
            with_label[label].append(number)
    names = sorted(left, key=repr)
    place = {label: number for number, label in enumerate(names)}
    # Counts change as units go; the heap then holds a newer entry for the label, and older ones find it done.
    heap = [(left[label], number) for number, label in enumerate(names)]
    heapq.heapify(heap)
    waiting = [True] * len(units)
    while heap:
        label = names[heapq.heappop(heap)[1]]
        for number in with_label.pop(label, ()):
            if waiting[number]:
                waiting[number] = False
                yield units[number], label
                for other in units[number].labels.keys() & with_label.keys():
                    left[other] -= units[number].labels[other]
                    heapq.heappush(heap, (left[other], place[other]))


def _units(examples: Sequence[Example]) -> list[_Unit]:
    components = Components(len(examples))
    components.join_equal(example.group for example in examples)
    components.join_equal(near_duplicate_groups([duplicate_key(example) for example in examples]))
    rows: dict[int, list[int]] = defaultdict(list)
    for row, number in enumerate(components.numbers()):
        rows[number].append(row)
    return [_unit(examples, members) for members in rows.values()]


def _unit(examples: Sequence[Example], rows: Sequence[int]) -> _Unit:
    labels = Counter(label for row in rows for label in _labels(examples[row]))
    return _Unit(tuple(rows), labels)


def _labels(example: Example) -> frozenset[Hashable]:
    target = example.target
    if target is None:
        return frozenset({_UNLABELLED})
    if isinstance(target, str):
        return frozenset({target})
    return frozenset(item.label if isinstance(item, Span) else item for item in target) or frozenset({_NO_LABELS})
