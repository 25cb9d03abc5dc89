"""Running out of memory: smaller portions with the same result."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

_RUN = """
    import resource, sys
    from pathlib import Path
    import torch
    import tunery
    from tests.tuning.test_fit import banking
    from tunery.tuning import training

    shared, base, output, room = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
    begin = training.make_plan

    def limited(*given):
        plan = begin(*given)
        if room:
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + room, resource.RLIM_INFINITY))
        return plan

    load = training._Trainer._load_best_model

    def unlimited(trainer):
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        load(trainer)

    training.make_plan, training._Trainer._load_best_model = limited, unlimited  # only while it learns
    tunery.tune(banking(shared, train=150, dev=20), base, strategy="full", max_steps=2, batch_tokens=50_000,
                dropout=0.0, warmup=0, learning_rate=1e-4, output=output)
"""


def run(shared: Path, base: str, output: Path, room: int) -> str:
    code = textwrap.dedent(_RUN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TUNERY_PROGRESS": "1"}
    call = [sys.executable, "-c", code, str(shared), base, str(output), str(room)]
    root = Path(__file__).parents[2]
    done = subprocess.run(call, capture_output=True, text=True, env=environment, cwd=root, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.long
def test_a_batch_that_does_not_fit_is_learned_from_in_parts(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    assert "Memory ran out" not in run(shared, tiny_base, tmp_path / "whole", 0)
    words = run(shared, tiny_base, tmp_path / "parts", 500_000_000)
    assert "Memory ran out: batches are learned from in" in words
    ours, theirs = (load_file(tmp_path / name / "model.safetensors") for name in ("parts", "whole"))
    for name, weights in theirs.items():
        # Adam's first steps go by the sign of the gradient: where that is rounding alone, it may differ.
        apart = np.abs(ours[name].numpy() - weights.numpy())
        assert np.quantile(apart, 0.99) < 1e-4, name
