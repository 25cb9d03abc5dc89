"""How well Tunery serves, as ratios to named alternatives in the same run, with the accuracy of the answers.

all-MiniLM-L6-v2 with Banking77's 77 labels and its test texts, exported to ONNX. The contenders take turns, the median
of the rounds counts, and the load comes from a process of its own (``load.py``) over loopback:

- FastAPI around ``transformers.pipeline``, as it is written when nobody thinks about speed.
- LitServe around the same sessions, with the batch size and waiting time that are best for it. It is no dependency:
  ``pip install litserve onnxruntime tokenizers safetensors`` into an environment of its own, whose Python
  ``--litserve-python`` names.
- onnxruntime in a loop without any server: same sessions, texts tokenised beforehand, the best batch size.

    python benchmarks/serving.py --shared ../shared --rows throughput latency --rounds 3 --seconds 10
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import psutil

from rig import faults, models, recording, speed
from rig.setup import Setup
from rig.table import Line, show

ROWS: Final[dict[str, Callable[[Setup], list[Line]]]] = {
    "throughput": speed.throughput,
    "latency": speed.latency,
    "heads": speed.heads,
    "start": speed.start,
    "recording": recording.recording,
    "swaps": faults.swaps,
    "overload": faults.overload,
    "signals": faults.signals,
    "soak": faults.soak,
}

BUSY = 10
"""Percent of the processors that others may use before figures are worth little."""


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="the folder with data/banking77")
    parser.add_argument("--model", type=Path, help="an exported model of Banking77; made where none is given")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each contender's turn")
    parser.add_argument("--soak", type=float, default=600.0, help="seconds of the soak")
    parser.add_argument("--overload", type=float, default=60.0, help="seconds of the overload")
    parser.add_argument("--overload-texts", type=int, default=8, help="texts of each request of the overload")
    parser.add_argument("--litserve-python", default=sys.executable, help="a Python that can import litserve")
    parser.add_argument("--serve-arguments", default="", help="further arguments of tunery serve")
    parser.add_argument("--work", type=Path, help="a folder for models, requests and logs, which is kept")
    return parser.parse_args(arguments)


def _measure(options: argparse.Namespace, work: Path) -> bool:
    """Measure all rows, print the table, and return whether all bars are reached."""
    model = options.model or models.make(options.shared, work / "model")
    setup = Setup(
        model.resolve(), options.shared, work, options.rounds, options.seconds, options.soak, options.overload,
        options.overload_texts, options.litserve_python, tuple(options.serve_arguments.split()),
    )  # fmt: skip
    lines = []
    _warn_when_busy()
    for name in options.rows:
        print(name, flush=True)
        found = ROWS[name](setup)
        print(show(found) + "\n", flush=True)
        lines += found
    if len(options.rows) > 1:
        print(show(lines))
    return all(line.passed() is not False for line in lines)


def _warn_when_busy() -> None:
    busy = psutil.cpu_percent(interval=2.0)
    if busy > BUSY:
        print(f"{busy:.0f}% of the processors is busy with something else: what follows will be unsteady", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; exit with 1 where a bar is missed."""
    options = _options(arguments)
    if options.work is not None:
        options.work.mkdir(parents=True, exist_ok=True)
        passed = _measure(options, options.work.resolve())
    else:
        with tempfile.TemporaryDirectory() as folder:
            passed = _measure(options, Path(folder))
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
