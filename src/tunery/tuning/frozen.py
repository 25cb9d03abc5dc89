"""What is frozen is computed once: the outputs of layers that don't learn, kept on disk between epochs and runs.

The file of a split is named by everything its values depend on, so another run with the same base model, the same
frozen layers and the same windows finds it there. The folder lies in Tunery's cache, takes at most as much as
``TUNERY_FROZEN_SIZE`` says, and what was not used for longest goes first.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from tunery import progress
from tunery.errors import SettingError
from tunery.i18n import _
from tunery.models.network import Network
from tunery.sources.cache import cache_folder, put_file, temporary_folder
from tunery.tuning.encoded import Encodings

if TYPE_CHECKING:
    from tunery.tuning.run import Run

_DEFAULT_SIZE = "10GB"
_UNITS = {"": 1, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_CHECKED = 8
"""Windows on which leaving layers out must give the same as running them."""
_TOLERANCE = 1e-3
"""How far logits may lie apart there: float32 sums in another order, and nothing more."""


def keep(run: Run) -> None:
    """Run the layers that don't learn once over train and dev, and let ``run`` go on from what they gave.

    Does nothing where that can't be done: no layer is frozen, the architecture doesn't allow leaving layers out, or
    the outputs would not fit ``TUNERY_FROZEN_SIZE``.
    """
    for encodings in (run.train, run.dev):
        encodings.hidden = None
    depth = _depth(run.network)
    needed = (int(run.train.lengths.sum()) + int(run.dev.lengths.sum())) * run.network.width * 4
    if not depth or needed > allowed_size():
        return  # A pass through everything is slower, and needs nothing.
    run.network.leave_out(depth)
    if not _same(run.network, run.dev if len(run.dev) else run.train):
        return
    with _total_progress(run) as bar:
        for encodings in (run.train, run.dev):
            encodings.hidden = _kept(run, encodings, depth, bar)
    _clean_up(allowed_size())


def allowed_size() -> int:
    """Return how many bytes may be kept, from ``TUNERY_FROZEN_SIZE`` (for example ``10GB``; 0 keeps nothing).

    Raises:
        SettingError: The variable says something else.
    """
    said = os.environ.get("TUNERY_FROZEN_SIZE") or _DEFAULT_SIZE
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(|MB|GB|TB)\s*", said, re.IGNORECASE)
    if match is None:
        raise SettingError(
            _("TUNERY_FROZEN_SIZE is {found!r}, and that is no size.").format(found=said),
            _("Write a number with its unit, for example 500MB or 10GB."),
        )
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _folder() -> Path:
    return cache_folder() / "frozen"


def _depth(network: Network) -> int:
    """Return how many layers can be left out; none on several GPUs, where a pass is divided among them."""
    import torch

    if network.device.type == "cuda" and torch.cuda.device_count() > 1:
        return 0
    return network.frozen_depth()


def _same(network: Network, encodings: Encodings) -> bool:
    """Return whether some windows get the same logits without their lowest layers."""
    some = encodings[:_CHECKED]
    wanted = dict(network.logits(some))
    for number, values in network.hidden(some):
        some[number].hidden = np.array(values)
    found = dict(network.logits(some))
    return all(np.abs(wanted[number] - found[number]).max(initial=0.0) < _TOLERANCE for number in wanted)


def _kept(run: Run, encodings: Encodings, depth: int, bar: progress.Bar) -> NDArray[np.float32]:
    path = _folder() / f"{_key(run, encodings, depth)}.npy"
    if not path.is_file():
        with temporary_folder() as folder:
            _write(run.network, encodings, folder / path.name, bar)
            put_file(folder / path.name, path)
    with suppress(OSError):
        path.touch()  # The time of its last use.
    values: NDArray[np.float32] = np.load(path, mmap_mode="r")
    return values


def _write(network: Network, encodings: Encodings, path: Path, bar: progress.Bar) -> None:
    ends = np.cumsum(encodings.lengths)
    shape = (int(ends[-1]) if len(ends) else 0, network.width)
    values = open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    for number, found in network.hidden(encodings):
        values[ends[number] - len(found) : ends[number]] = found
        bar.advance(len(found))
    values.flush()


def _key(run: Run, encodings: Encodings, depth: int) -> str:
    """Return a hash of what the outputs depend on: frozen weights, tokens, and the code that runs them."""
    digest = hashlib.sha256(f"{depth} {run.network.model.config.model_type} {version('transformers')}".encode())
    for module in run.network.below(depth):
        for parameter in module.parameters():
            digest.update(parameter.detach().cpu().contiguous().numpy().data)
    digest.update(np.ascontiguousarray(encodings.lengths).tobytes())
    for encoding in encodings:
        digest.update(np.ascontiguousarray(encoding.input_ids).tobytes())
    return digest.hexdigest()[:32]


@contextmanager
def _total_progress(run: Run) -> Iterator[progress.Bar]:
    total = float(run.train.lengths.sum() + run.dev.lengths.sum())
    with progress.bar(_("Running the frozen layers once"), total) as bar:
        yield bar


def _clean_up(size: int) -> None:
    """Remove the files that were not used for longest until the rest fits; one that is open stays readable."""
    files = sorted(_folder().glob("*.npy"), key=lambda path: path.stat().st_mtime, reverse=True)
    total = 0
    for path in files:
        total += path.stat().st_size
        if total > size:
            path.unlink(missing_ok=True)
