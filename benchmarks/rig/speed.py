"""The rows about speed and memory: rates, latency, many heads, the start."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from rig import models
from rig.processes import Server, loaded
from rig.setup import CONNECTIONS, Score, Setup, contest, row
from rig.table import Line, at_least, at_most, limit, told

SIZES = (1, 2, 4, 8, 16, 32, 64)
HEADS = 50
FEWEST = 5
"""Labels that a head has at least."""
TRIAL = 3.0
"""Seconds of each trial that finds out which setting is a contender's best."""


def throughput(setup: Setup) -> list[Line]:
    """Requests a second over 32 connections, one text each."""
    contenders: dict[str, Callable[[], Score]] = {
        "tunery": lambda: rated(setup.server(), setup.ours, setup),
        "pipeline": lambda: rated(setup.pipeline(), setup.theirs, setup),
    }
    for size in _finalists(setup.bare(SIZES, TRIAL)):
        contenders[f"bare, batches of {size}"] = partial(_bare, setup, size)
    for size in _finalists(setup.bare(SIZES, TRIAL, "--sorted"))[:1]:
        contenders[f"sorted, batches of {size}"] = partial(_bare, setup, size, "--sorted")
    for size, wait in _litserve(setup):
        contenders[f"litserve, batches of {size}, {wait} s"] = partial(_batching, setup, size, wait)
    return _compared(contest(contenders, setup.rounds))


BARS: Mapping[str, tuple[str, float | None]] = {
    "pipeline": ("FastAPI + pipeline", 5),
    "bare": ("bare onnxruntime", 0.85),
    "sorted": ("bare, texts sorted by length", None),
    "litserve": ("LitServe", 1.2),
}


def _compared(found: Mapping[str, Score]) -> list[Line]:
    """Return our rate and accuracy beside each contender's, in the setting that was its best."""
    ours, lines, accuracies = found["tunery"], [], []
    for kind, (words, bar) in BARS.items():
        settings = [name for name in found if name.partition(",")[0] == kind]
        if not settings:
            lines.append(told(f"requests/s, {CONNECTIONS} connections, {words}", ours["rate"], note="not installed"))
            continue
        best = max(settings, key=lambda name: found[name]["rate"])
        what = f"requests/s, {CONNECTIONS} connections, {words}"
        lines.append(at_least(what, ours["rate"], found[best]["rate"], bar, best.partition(", ")[2]))
        accuracies.append(told(f"accuracy of the answers, {words}", ours["accuracy"], found[best]["accuracy"]))
    return lines + accuracies


def rated(server: Server, requests: Path, setup: Setup, connections: int = CONNECTIONS) -> Score:
    """Start a server, load it, and return rate, latency, accuracy and memory."""
    with server:
        found = loaded(server, requests, connections, setup.seconds, "--warmup", "2", "--check")
        memory = server.memory()
    _must_be_clean(found)
    return {
        "rate": found["rate"], "p50": found["latency_ms"]["p50"], "p99": found["latency_ms"]["p99"],
        "accuracy": found["right"] / max(1, found["right"] + found["wrong"]), "megabytes": memory,
        "load_cpu": found["cpu_seconds"],
    }  # fmt: skip


def _must_be_clean(found: Mapping[str, Any]) -> None:
    if set(found["statuses"]) != {"200"} or found["errors"]:
        raise SystemExit(f"Answers failed under load: status {found['statuses']}, errors {found['errors']}")


def _bare(setup: Setup, size: int, *more: str) -> Score:
    return setup.bare([size], setup.seconds, *more)[size]


def _batching(setup: Setup, size: int, wait: float) -> Score:
    return rated(setup.batching(size, wait), setup.theirs, setup)


def _finalists(scores: Mapping[int, Score]) -> list[int]:
    """Return the two best sizes of a trial: it is too short to tell which of them is the best."""
    print("  " + ", ".join(f"batches of {size}: {score['rate']:.0f}/s" for size, score in scores.items()), flush=True)
    return sorted(scores, key=lambda size: -scores[size]["rate"])[:2]


def _litserve(setup: Setup) -> list[tuple[int, float]]:
    """Return LitServe's two best settings; none where it is not installed."""
    known = subprocess.run([setup.litserve, "-c", "import litserve"], stderr=subprocess.DEVNULL, check=False)
    if known.returncode:
        print("  litserve is not installed: pip install litserve, or give a Python that has it by --litserve-python")
        return []
    rates = {}
    for size, wait in product((4, 8, 16, 32), (0.005, 0.01)):
        with setup.batching(size, wait) as server:
            rates[size, wait] = loaded(server, setup.theirs, CONNECTIONS, TRIAL)["rate"]
        print(f"  litserve, batches of {size}, {wait} s: {rates[size, wait]:.0f}/s", flush=True)
    return sorted(rates, key=lambda one: -rates[one])[:2]


def latency(setup: Setup) -> list[Line]:
    """The median latency over one connection."""
    found = contest({
        "tunery": lambda: rated(setup.server(), setup.ours, setup, connections=1),
        "bare": partial(_bare, setup, 1),
        "tokenizing": partial(_bare, setup, 1, "--tokenize"),
    }, setup.rounds)  # fmt: skip
    ours, what = found["tunery"]["p50"], "ms, 1 connection, median, "
    return [
        at_most(f"{what}bare onnxruntime", ours, found["bare"]["p50"], 1.5),
        at_most(f"{what}bare with tokenising", ours, found["tokenizing"]["p50"], None),
    ]


def heads(setup: Setup) -> list[Line]:
    """50 heads on one backbone under mixed traffic, beside one head."""
    served, requests = _many(setup)
    found = contest({
        "one head": lambda: rated(setup.server(), setup.ours, setup),
        "all heads": lambda: rated(setup.server(served), requests, setup),
    }, setup.rounds)  # fmt: skip
    one, all_heads = found["one head"], found["all heads"]
    note = f"accuracy {all_heads['accuracy']:.3f} of fewer labels, one head {one['accuracy']:.3f}"
    return [
        at_least(f"requests/s, {HEADS} heads, one head", all_heads["rate"], one["rate"], 0.9, note),
        at_most(f"MB, {HEADS} heads, one head", all_heads["megabytes"], one["megabytes"], 1.15),
    ]


def _many(setup: Setup) -> tuple[dict[str, Path], Path]:
    """Return models with different labels, and requests to all of them by turns of chance."""
    drawn = np.random.default_rng(1)
    labels = models.labels_of(setup.model)
    served: dict[str, Path] = {}
    knowing: dict[str, list[str]] = {label: [] for label in labels}
    for number in range(HEADS):
        name = f"h{number:02}"
        count = len(labels) if number == 0 else int(drawn.integers(FEWEST, len(labels)))
        chosen = drawn.permutation(len(labels))[:count].tolist()
        served[name] = models.variant(setup.model, setup.work / "heads" / name, chosen, f"{name}-")
        for place in chosen:
            knowing[labels[place]].append(name)
    rows = []
    for text, label in setup.texts:
        name = str(drawn.choice(knowing[label]))
        rows.append(row(f"/v1/predict/{name}", text, f"{name}-{label}"))
    return served, setup.requests("heads", rows)


def start(setup: Setup) -> list[Line]:
    """Seconds from the start of the command to the first answer."""

    def seconds(server: Server) -> Score:
        with server:
            return {"seconds": server.started}

    found = contest(
        {"tunery": lambda: seconds(setup.server()), "pipeline": lambda: seconds(setup.pipeline())}, setup.rounds
    )
    note = f"FastAPI + pipeline: {found['pipeline']['seconds']:.1f} s"
    return [limit("seconds, start to first answer", found["tunery"]["seconds"], 3, note)]
