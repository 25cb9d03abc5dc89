"""What all rows share: the model, the requests, how long to measure, how to start who is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

from rig import models
from rig.processes import HERE, Server

ENDPOINT = "intents"
Score = dict[str, float]
CONNECTIONS = 32


@dataclass(frozen=True)
class Setup:
    """What all rows share.

    Attributes:
        model: The exported model's folder.
        shared: The folder with ``data/banking77``.
        work: A folder to write into.
        rounds: How often the contenders take turns.
        seconds: How long each turn is.
        soak: How long the soak is, in seconds.
        overload: How long the overload is, in seconds.
        crowd: How many texts a request of the overload holds.
        litserve: A Python that can import litserve.
        serve: Further arguments of ``tunery serve``.
    """

    model: Path
    shared: Path
    work: Path
    rounds: int
    seconds: float
    soak: float
    overload: float
    crowd: int
    litserve: str
    serve: tuple[str, ...] = ()

    @cached_property
    def texts(self) -> list[tuple[str, str]]:
        """Texts of the test split with their labels."""
        return models.texts(self.shared)

    @cached_property
    def ours(self) -> Path:
        """Requests of one text to Tunery."""
        return self.requests("ours", (row(f"/v1/predict/{ENDPOINT}", text, label) for text, label in self.texts))

    @cached_property
    def theirs(self) -> Path:
        """The same requests to the other servers."""
        return self.requests("theirs", (row("/predict", text, label) for text, label in self.texts))

    def requests(self, name: str, rows: Iterable[Mapping[str, object]]) -> Path:
        """Write a file of requests for ``load.py`` and return where it is."""
        path = self.work / f"{name}.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
        return path

    def server(self, served: Mapping[str, Path] | None = None, *more: str) -> Server:
        """Return a Tunery server, not yet started, of models by their endpoint."""
        served = served or {ENDPOINT: self.model}
        command = [sys.executable, "-m", "tunery", "serve", *(f"{name}={folder}" for name, folder in served.items())]
        path = f"/v1/predict/{next(iter(served))}"
        return self._start([*command, "--port", "{port}", *self.serve, *more], path, "tunery")

    def pipeline(self) -> Server:
        """Return FastAPI around a transformers pipeline."""
        script = str(HERE / "contenders" / "pipeline_server.py")
        return self._start([sys.executable, script, str(self.model), "{port}"], "/predict", "pipeline")

    def batching(self, size: int, wait: float) -> Server:
        """Return LitServe with batches of up to ``size``, filled for up to ``wait`` seconds."""
        script = str(HERE / "contenders" / "litserve_server.py")
        command = [self.litserve, script, str(self.model), "{port}", str(size), str(wait)]
        return self._start(command, "/predict", "litserve")

    def _start(self, command: Sequence[str], path: str, name: str) -> Server:
        return Server(command, path, self.work / f"{name}.log", {"inputs": self.texts[0][0]})

    def bare(self, sizes: Sequence[int], seconds: float, *more: str) -> dict[int, Score]:
        """Return what onnxruntime does in a loop, by the size of its batches."""
        script = str(HERE / "contenders" / "bare.py")
        chosen = ["--sizes", ",".join(map(str, sizes)), "--seconds", str(seconds)]
        command = [sys.executable, script, str(self.model), "--requests", str(self.theirs), *chosen, *more]
        words = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found: dict[str, Score] = json.loads(words)
        return {int(size): score for size, score in found.items()}


def row(path: str, text: object, expect: str | None = None) -> dict[str, object]:
    """Return a request as a file of requests holds it."""
    return {"path": path, "body": {"inputs": text}, "expect": expect}


def contest(contenders: Mapping[str, Callable[[], Score]], rounds: int) -> dict[str, Score]:
    """Let contenders take turns; return the median of each one's figures.

    Another one begins in every round, so that nobody always follows the same one.
    """
    found: dict[str, list[Score]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            score = contenders[name]()
            found[name].append(score)
            words = ", ".join(f"{key} {value:,.4g}" for key, value in score.items())
            print(f"  round {number + 1}, {name}: {words}", flush=True)
    return {name: {key: median(one[key] for one in scores) for key in scores[0]} for name, scores in found.items()}
