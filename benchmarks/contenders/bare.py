"""A contender: onnxruntime in a loop, without any server. Prints JSON: for each batch size rate, latency, accuracy.

    python benchmarks/contenders/bare.py FOLDER --requests FILE --sizes 1,2,4,8 --seconds 3 [--sorted] [--tokenize]

Texts are tokenised beforehand, unless told otherwise, and taken in the order they come in.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from parts import Classifier


def measure(
    model: Classifier, texts: Sequence[str], expect: Sequence[str | None], size: int, seconds: float, tokenize: bool
) -> dict[str, float]:
    """Return texts a second, the median milliseconds of a batch, and the share of right answers."""
    rows = model.encode(texts)
    model.logits(rows[:size])
    times: list[float] = []
    guesses: list[tuple[int, int]] = []
    first, started = 0, time.perf_counter()
    while (now := time.perf_counter()) - started < seconds:
        batch = model.encode(texts[first : first + size]) if tokenize else rows[first : first + size]
        best = model.logits(batch).argmax(axis=1).tolist()
        times.append(time.perf_counter() - now)
        guesses.extend(enumerate(best, first))
        first = 0 if first + size >= len(rows) else first + size
    taken = time.perf_counter() - started
    right = sum(model.labels[guess] == expect[number] for number, guess in guesses)
    return {"rate": len(guesses) / taken, "p50": 1000 * median(times), "accuracy": right / len(guesses)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--requests", type=Path, required=True)
    parser.add_argument("--sizes", default="1,2,4,8,16,32,64")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each size")
    parser.add_argument("--sorted", action="store_true", help="texts of like length together")
    parser.add_argument("--tokenize", action="store_true", help="tokenise within what is timed")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.requests.read_text(encoding="utf-8").splitlines()]
    model = Classifier(options.folder)
    if options.sorted:
        lengths = model.encode([row["body"]["inputs"] for row in rows])
        rows = [rows[place] for place in sorted(range(len(rows)), key=lambda place: len(lengths[place]))]
    texts, expect = [row["body"]["inputs"] for row in rows], [row.get("expect") for row in rows]
    print(json.dumps({
        size: measure(model, texts, expect, int(size), options.seconds, options.tokenize)
        for size in options.sizes.split(",")
    }))  # fmt: skip


if __name__ == "__main__":
    main()
