"""What a run needs to go on after a crash, without pickles: safetensors for numbers, JSON for the rest."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

_OPTIMIZER = "optimizer"
_RANDOM = "random"
_STATE = "trainer_state.json"
"""Written last by the library's trainer: a checkpoint that has it whole is whole."""


def save_optimizer(optimizer: torch.optim.Optimizer, schedule: dict[str, Any], folder: Path) -> None:
    """Write the optimiser's and the schedule's state into ``folder``."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    rest: dict[str, dict[str, Any]] = {}
    for number, values in state["state"].items():
        for name, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"{number}.{name}"] = value.detach().contiguous()
            else:
                rest.setdefault(str(number), {})[name] = value
    save_file(tensors, folder / f"{_OPTIMIZER}.safetensors")
    plain = {name: value for name, value in schedule.items() if isinstance(value, int | float | list | str | bool)}
    text = json.dumps({"state": rest, "param_groups": state["param_groups"], "schedule": plain}, default=_number)
    (folder / f"{_OPTIMIZER}.json").write_text(text, encoding="utf-8")


def load_optimizer(optimizer: torch.optim.Optimizer, folder: Path) -> dict[str, Any]:
    """Give the optimiser the state in ``folder`` and return the schedule's."""
    written = json.loads((folder / f"{_OPTIMIZER}.json").read_text(encoding="utf-8"))
    state: dict[int, dict[str, Any]] = {int(number): dict(values) for number, values in written["state"].items()}
    for key, tensor in load_file(folder / f"{_OPTIMIZER}.safetensors").items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = tensor
    groups = [
        {**group, "betas": tuple(group["betas"])} if "betas" in group else group for group in written["param_groups"]
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    schedule: dict[str, Any] = written["schedule"]
    return schedule


def save_random_state(folder: Path, process: int = 0) -> None:
    """Write the state of every random number generator."""
    version, numbers, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    text = json.dumps({
        "python": [version, list(numbers), gauss],
        "numpy": [kind, np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
    })  # fmt: skip
    tensors = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors |= {f"cuda.{number}": state for number, state in enumerate(torch.cuda.get_rng_state_all())}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{_RANDOM}_{process}.json").write_text(text, encoding="utf-8")
    save_file(tensors, folder / f"{_RANDOM}_{process}.safetensors")


def load_random_state(folder: Path, process: int = 0) -> None:
    """Put every random number generator back to where it was."""
    values = json.loads((folder / f"{_RANDOM}_{process}.json").read_text(encoding="utf-8"))
    version, numbers, gauss = values["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, position, has_gauss, cached = values["numpy"]
    np.random.set_state((kind, np.asarray(keys, dtype=np.uint32), position, has_gauss, cached))
    tensors = load_file(folder / f"{_RANDOM}_{process}.safetensors")
    torch.set_rng_state(tensors.pop("cpu"))
    if torch.cuda.is_available() and len(tensors) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([tensors[f"cuda.{number}"] for number in range(len(tensors))])


def last_complete(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end, or None."""
    found = [path for path in folder.glob("checkpoint-*") if _is_complete(path)]
    return max(found, key=lambda path: int(path.name.rsplit("-", 1)[1]), default=None)


def _is_complete(folder: Path) -> bool:
    try:
        json.loads((folder / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _number(value: object) -> object:
    if isinstance(value, Tensor | np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} can't be kept in a checkpoint")
