"""Low-rank adapters (Hu et al. 2022) beside a body that many models share: each row of a batch goes through its own."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

DOWN, UP, WHICH = "down.{}", "up.{}", "adapter"
"""Names of the graph's inputs, and of tensors in a file: the matrices of each linear layer, and each row's adapter."""
Floats = NDArray[np.float32]
Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Adapter:
    """What one model adds to the linear layers of a body.

    Attributes:
        down: For each adapted layer, rank x inputs.
        up: For each, outputs x rank, scaled already.
    """

    down: tuple[Floats, ...]
    up: tuple[Floats, ...]

    @classmethod
    def load(cls, path: Path) -> Adapter:
        """Read it from a safetensors file."""
        values = load_file(path)
        count = len(values) // 2
        down, up = ([values[name.format(number)] for number in range(count)] for name in (DOWN, UP))
        return cls(tuple(down), tuple(up))

    @property
    def rank(self) -> int:
        """Its inner size."""
        return len(self.down[0])


@dataclass(frozen=True)
class _Stack:
    """Adapters side by side, as the graph takes them; smaller ranks are filled up with zeros."""

    place: dict[int, int]
    given: dict[str, Floats]


class Adapters:
    """The adapters that a body has met, side by side. One that no model has any more is left out at the next change."""

    def __init__(self) -> None:
        self._known: list[weakref.ref[Adapter]] = []
        self._stack = _Stack({}, {})
        self._lock = threading.Lock()

    def run(self, session: InferenceSession, ids: Ids, mask: Ids, adapters: Sequence[Adapter]) -> Floats:
        """Run a body.

        Args:
            session: The body.
            ids: Token ids, rows x longest.
            mask: 1 for tokens, 0 for padding, rows x longest.
            adapters: One for each row.

        Returns:
            Hidden states, rows x longest x width.
        """
        stack = self._with(adapters)
        which = np.asarray([stack.place[id(adapter)] for adapter in adapters], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": mask, WHICH: which, **stack.given}
        return cast(Floats, session.run(None, given)[0])

    def _with(self, adapters: Sequence[Adapter]) -> _Stack:
        with self._lock:
            if any(id(adapter) not in self._stack.place for adapter in adapters):
                alive = [adapter for known in self._known if (adapter := known()) is not None]
                together = list({id(adapter): adapter for adapter in (*alive, *adapters)}.values())
                self._known = [weakref.ref(adapter, self._gone) for adapter in together]
                self._stack = _stacked(together)
            return self._stack

    def _gone(self, _adapter: weakref.ref[Adapter]) -> None:
        # Another adapter may get the place in memory of the one that is gone: nothing is known any more.
        self._stack = _Stack({}, {})


def _stacked(adapters: Sequence[Adapter]) -> _Stack:
    rank = max(adapter.rank for adapter in adapters)
    given: dict[str, Floats] = {}
    for number in range(len(adapters[0].down)):
        down = [_filled(adapter.down[number], rank, 0) for adapter in adapters]
        up = [_filled(adapter.up[number], rank, 1) for adapter in adapters]
        given[DOWN.format(number)] = np.stack(down)
        given[UP.format(number)] = np.stack(up)
    return _Stack({id(adapter): place for place, adapter in enumerate(adapters)}, given)


def _filled(values: Floats, rank: int, axis: int) -> Floats:
    missing = rank - values.shape[axis]
    if not missing:
        return values
    widths = [(0, 0), (0, 0)]
    widths[axis] = (0, missing)
    return np.pad(values, widths)
