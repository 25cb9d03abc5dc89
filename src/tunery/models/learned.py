"""Which rows a model has learned from: what was measured on those is no result.

Kept as hashes in the model folder, so that the rows themselves stay where they were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from tunery.data.dataset import Split
from tunery.errors import DataError, Problem
from tunery.i18n import _
from tunery.types import Example

NAME = "learned.safetensors"
_TOO_MANY = 0.2
"""Share of a split's rows above which they can't be there by chance: real data repeats itself a little."""


def save(folder: Path, train: Iterable[Example]) -> None:
    """Write the hashes of the rows of train into ``folder``."""
    save_file({"rows": np.unique(_hashes(train))}, folder / NAME)


def refuse(folder: Path, examples: Sequence[Example]) -> None:
    """Make sure that ``examples`` are not rows that the model in ``folder`` learned from.

    Rows that call themselves train may be measured: their report says that it is no result.

    Raises:
        DataError: More of them were learned from than chance would have it.
    """
    split = examples if isinstance(examples, Split) else None
    if not examples or not (folder / NAME).is_file() or (split is not None and split.name == "train"):
        return
    learned = int(np.isin(_hashes(examples), load_file(folder / NAME)["rows"]).sum())
    if learned > _TOO_MANY * len(examples):
        message = _("{n} of {rows} rows are rows that the model learned from: their score would be no result.")
        hint = _(
            "Measure it on other rows. If the splits were made from one file, give the --set that it was tuned with."
        )
        file = split.file if split is not None else None
        raise DataError([Problem("error", "learned-rows", message.format(n=learned, rows=len(examples)), hint, file)])


def _hashes(examples: Iterable[Example]) -> NDArray[np.int64]:
    return np.asarray([_hash(example) for example in examples], dtype=np.int64)


def _hash(example: Example) -> int:
    text = f"{example.text}\0{example.text_pair or ''}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)
