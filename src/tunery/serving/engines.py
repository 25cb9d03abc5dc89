"""What runs batches: bodies that models share by onnxruntime, and whole models by torch."""

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from tunery.models.adapters import Adapter
from tunery.models.batching import of_window, pad_arrays
from tunery.models.exported import ADAPTER, BODY, FOLDER, HEAD, NECK, Body, Head, Machine, Neck, encoder_of, exported
from tunery.models.manifest import Export, Manifest
from tunery.tasks.base import Encoding, Logits
from tunery.tasks.encoding import TextEncoder, encoder_for

if TYPE_CHECKING:
    from tunery.models.network import Network


class Engine(ABC):
    """Runs batches of windows that may belong to different models."""

    @abstractmethod
    def run(self, windows: Sequence[tuple[Part, Encoding]]) -> list[Logits]:
        """Return each window's logits: positions x outputs, or 1 x outputs."""


@dataclass(frozen=True, eq=False)
class Part:
    """What a model has of its own in an engine.

    Attributes:
        engine: What runs it.
        neck: What follows the shared layers; None where nothing does, or where torch runs it all.
        head: Its last linear layer; None where torch runs it all.
        adapter: What it adds to the shared layers; None where it adds nothing.
    """

    engine: Engine
    neck: Neck | None = None
    head: Head | None = None
    adapter: Adapter | None = None


class OnnxEngine(Engine):
    """Runs one body for all models that have it; then each window through its own neck and head.

    Args:
        body: The layers that the models share.
        pad_id: The token that fills up short windows.
    """

    def __init__(self, body: Body, pad_id: int) -> None:
        self._body = body
        self._pad_id = pad_id

    def run(self, windows: Sequence[tuple[Part, Encoding]]) -> list[Logits]:
        """Return each window's logits."""
        ids, mask = pad_arrays([encoding for _, encoding in windows], self._pad_id)
        # A body has room for adapters or not: then all of its models have one, or none.
        hidden = self._body.run(ids, mask, [part.adapter for part, _ in windows if part.adapter is not None])
        rows: dict[Neck | None, list[int]] = defaultdict(list)
        for row, (part, _) in enumerate(windows):
            rows[part.neck].append(row)
        if len(rows) == 1 and (neck := next(iter(rows))) is not None:
            hidden = neck.run(hidden, mask)
        elif len(rows) > 1 or None not in rows:
            return self._run_necks(windows, hidden, mask, rows)
        return [_logits(part, values, encoding) for (part, encoding), values in zip(windows, hidden, strict=True)]

    def _run_necks(
        self,
        windows: Sequence[tuple[Part, Encoding]],
        hidden: NDArray[np.float32],
        mask: NDArray[np.int64],
        rows: dict[Neck | None, list[int]],
    ) -> list[Logits]:
        found: dict[int, Logits] = {}
        for neck, own in rows.items():
            features = hidden[own] if neck is None else neck.run(hidden[own], mask[own])
            for row, values in zip(own, features, strict=True):
                part, encoding = windows[row]
                found[row] = _logits(part, values, encoding)
        return [found[row] for row in range(len(windows))]


class TorchEngine(Engine):
    """Runs one model as a whole, where an export is not used.

    Args:
        network: The model.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._lock = threading.Lock()  # Its hooks are not made for two passes at once.

    def run(self, windows: Sequence[tuple[Part, Encoding]]) -> list[Logits]:
        """Return each window's logits."""
        with self._lock:
            found = dict(self._network.logits([encoding for _, encoding in windows]))
        return [found[number] for number in range(len(windows))]


class Engines:
    """The engines in use. Bodies and necks that several models have in common are held once.

    Args:
        machine: How much of this machine they may use.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._engines: WeakValueDictionary[str, OnnxEngine] = WeakValueDictionary()
        self._necks: WeakValueDictionary[str, Neck] = WeakValueDictionary()
        self._encoders: WeakValueDictionary[str, TextEncoder] = WeakValueDictionary()
        self._lock = threading.Lock()

    def part(self, folder: Path, manifest: Manifest) -> Part:
        """Return the part of the model in ``folder``, opening what is not open yet.

        Raises:
            ModelError: Its files are missing or can't be run.
            MissingExtraError: What it needs is not installed.
        """
        if manifest.export is None or manifest.export.runtime == "torch":
            return Part(TorchEngine(_network(folder)))
        export = exported(folder, manifest)
        with self._lock:
            engine = self._engine(folder, export)
            neck = self._neck(folder, export.neck) if export.neck else None
        adapter = Adapter.load(folder / FOLDER / ADAPTER) if export.adapted else None
        return Part(engine, neck, Head.load(folder / FOLDER / HEAD), adapter)

    def encoder(self, folder: Path, manifest: Manifest) -> TextEncoder:
        """Return the tokenizer of the model in ``folder``; models with the same one share it.

        Raises:
            ModelError: It can't be read.
        """
        path = folder / "tokenizer.json"
        digest = hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest()
        with self._lock:
            key = f"{digest} {manifest.limit}"
            found = self._encoders.get(key)
            if found is None:
                found = self._encoders[key] = _encoder(folder, manifest)
            return found

    def _engine(self, folder: Path, export: Export) -> OnnxEngine:
        found = self._engines.get(export.body)
        if found is None:
            found = OnnxEngine(Body(folder / FOLDER / BODY, export.body, self._machine), export.pad_id)
            self._engines[export.body] = found
        return found

    def _neck(self, folder: Path, fingerprint: str) -> Neck:
        found = self._necks.get(fingerprint)
        if found is None:
            # A neck is little work: threads of its own would cost more than they bring.
            found = Neck(folder / FOLDER / NECK, fingerprint, Machine(threads=1, device=self._machine.device))
            self._necks[fingerprint] = found
        return found


def _encoder(folder: Path, manifest: Manifest) -> TextEncoder:
    if manifest.export is not None:
        return encoder_of(folder, manifest, manifest.export)
    from tunery.models.base import load_tokenizer

    return encoder_for(load_tokenizer(folder), manifest.limit)


def _network(folder: Path) -> Network:
    from tunery.models.model import Model

    return Model.load(folder).network


def _logits(part: Part, values: NDArray[np.float32], encoding: Encoding) -> Logits:
    assert part.head is not None  # noqa: S101 - only torch has none
    return part.head.logits(of_window(values, encoding))
