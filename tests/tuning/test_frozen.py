"""What is frozen is computed once: the answers stay the same, and the files know what they depend on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file
from tests.tuning.test_fit import banking, diseases

import tunery
from tunery.errors import SettingError
from tunery.models import network as networks
from tunery.tuning import frozen


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUNERY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "frozen"


@pytest.mark.parametrize(("strategy", "settings"), [("last-n", {"layers": 1}), ("head", {})])
def test_a_run_learns_the_same_with_and_without_kept_outputs(
    strategy: str, settings: dict[str, object], shared: Path, tiny_base: str, tmp_path: Path, cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    data = banking(shared, train=80, dev=24)
    # AdamW would make a full step of a gradient that is nothing but rounding, as that of a key's bias is.
    plain = {"optimizer": "sgd", "learning_rate": 0.3, "head_start": False}
    given = {"strategy": strategy, "max_steps": 8, "batch_tokens": 256, "dropout": 0.0, **plain, **settings}
    kept = tunery.tune(data, tiny_base, output=tmp_path / "kept", **given)
    assert len(list(cache.glob("*.npy"))) == 2  # of train and of dev
    monkeypatch.setenv("TUNERY_FROZEN_SIZE", "0")
    whole = tunery.tune(data, tiny_base, output=tmp_path / "whole", **given)
    ours, theirs = (load_file(model.folder / "model.safetensors") for model in (kept, whole))
    reached = [point["scores"]["accuracy"] for point in json.loads((whole.folder / "curves.json").read_text())
               if point["scores"]]  # fmt: skip
    assert max(reached[1:]) > reached[0]  # else the start would have been kept, and nothing compared
    for name, weights in theirs.items():
        np.testing.assert_allclose(ours[name].numpy(), weights.numpy(), atol=1e-4, err_msg=name)


def test_layers_that_were_run_once_are_not_run_again(
    shared: Path, tiny_base: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = banking(shared, train=60, dev=20)
    passes: list[int] = []
    run_once = networks.Network.hidden

    def counted(self: networks.Network, encodings: object) -> object:
        passes.append(len(encodings))  # type: ignore[arg-type]
        return run_once(self, encodings)  # type: ignore[arg-type]

    monkeypatch.setattr(networks.Network, "hidden", counted)
    tunery.tune(data, tiny_base, strategy="head", max_steps=2, output=tmp_path / "first")
    first = list(passes)
    passes.clear()
    tunery.tune(data, tiny_base, strategy="head", max_steps=3, output=tmp_path / "second")
    assert sorted(first) == sorted([*passes, 60, 20])  # only the check on a few windows is made again
    assert len(list(cache.glob("*.npy"))) == 2
    passes.clear()
    tunery.tune(data, tiny_base, strategy="last-n", layers=1, max_steps=2, output=tmp_path / "third")
    assert {60, 20} <= set(passes)  # another depth has other outputs


def test_full_tuning_keeps_nothing(shared: Path, tiny_base: str, tmp_path: Path, cache: Path) -> None:
    tunery.tune(banking(shared, train=40, dev=20), tiny_base, strategy="full", max_steps=1, output=tmp_path / "model")
    assert not cache.exists()


def test_entities_are_learned_from_kept_outputs_too(
    shared: Path, tiny_chinese_base: str, tmp_path: Path, cache: Path
) -> None:
    model = tunery.tune(
        diseases(shared), tiny_chinese_base, strategy="last-n", layers=1, max_steps=4, output=tmp_path / "model"
    )
    assert len(list(cache.glob("*.npy"))) == 2
    again = tunery.load_model(model.folder)
    texts = ["便秘两个多月不清楚", "头痛"]
    assert [p.spans for p in again.predict(texts)] == [p.spans for p in model.predict(texts)]


def test_what_was_not_used_for_longest_goes_first(
    shared: Path, tiny_base: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = banking(shared, train=40, dev=20)
    tunery.tune(data, tiny_base, strategy="head", max_steps=1, output=tmp_path / "first")
    old = set(cache.glob("*.npy"))
    size = sum(path.stat().st_size for path in old)
    for path in old:
        os.utime(path, (1, 1))
    monkeypatch.setenv("TUNERY_FROZEN_SIZE", f"{size * 1.5 / 1e6:.6f}MB")
    tunery.tune(data, tiny_base, strategy="last-n", layers=1, max_steps=1, output=tmp_path / "second")
    left = set(cache.glob("*.npy"))
    assert left - old
    assert sum(path.stat().st_size for path in left) <= size * 1.5


def test_a_size_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNERY_FROZEN_SIZE", "a lot")
    with pytest.raises(SettingError, match=r"TUNERY_FROZEN_SIZE is 'a lot'.*for example 500MB or 10GB"):
        frozen.allowed_size()
    monkeypatch.setenv("TUNERY_FROZEN_SIZE", "1.5 gb")
    assert frozen.allowed_size() == 1_500_000_000
