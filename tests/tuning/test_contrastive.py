"""Tuning on groups of labelled texts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from tests.tuning.test_fit import banking, diseases, emotions, finish, start, wait_for_checkpoint
from torch.nn.functional import normalize

import tunery
from tunery.errors import SettingError
from tunery.tuning.contrastive import contrastive_loss, grouped_batches, in_words


@given(labels=st.lists(st.integers(0, 9), min_size=1, max_size=200), classes=st.integers(1, 9), size=st.integers(1, 6))
def test_an_epoch_has_every_text_once_in_groups_of_its_class(labels: list[int], classes: int, size: int) -> None:
    numbers = np.asarray(labels, dtype=np.int64)
    batches = grouped_batches(numbers, classes, size, (1, 2))
    assert sorted(row for batch in batches for row in batch) == list(range(len(labels)))
    assert batches == grouped_batches(numbers, classes, size, (1, 2))
    assert all(len(batch) <= classes * size for batch in batches)
    groups = sum(-(-count // size) for count in Counter(labels).values())
    assert len(batches) == -(-groups // classes)


def test_the_loss_is_that_of_the_paper() -> None:
    vectors = normalize(torch.randn(6, 4, generator=torch.Generator().manual_seed(1)), dim=1)
    labels = [0, 0, 0, 1, 1, 2]
    expected = []
    for row, label in enumerate(labels[:5]):
        others = [other for other in range(6) if other != row]
        similar = {other: float(vectors[row] @ vectors[other]) / 0.1 for other in others}
        whole = np.log(sum(np.exp(value) for value in similar.values()))
        expected.append(np.mean([whole - similar[other] for other in others if labels[other] == label]))
    found = contrastive_loss(vectors, torch.tensor(labels), temperature=0.1)
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-5)


def test_a_batch_without_partners_teaches_nothing_and_breaks_nothing() -> None:
    vectors = torch.eye(3, requires_grad=True)
    loss = contrastive_loss(vectors, torch.arange(3))
    torch.autograd.backward(loss)
    assert float(loss.detach()) == 0.0
    assert vectors.grad is not None
    assert not vectors.grad.any()


@pytest.mark.parametrize(
    ("label", "words"),
    [("card_arrival", "card arrival"), ("Refund not showing up", "Refund not showing up"), ("快递延误", "快递延误"),
     ("17", None), ("B2", None), ("x", None), ("class_3", None)],
)  # fmt: skip
def test_labels_that_are_words_are_read_as_words(label: str, words: str | None) -> None:
    assert in_words(label) == words


def test_it_is_never_worse_than_the_probe_and_leaves_embeddings_as_they_were(
    shared: Path, tiny_base: str, tmp_path: Path
) -> None:
    data = banking(shared, train=48)
    probe = tunery.tune(data, tiny_base, strategy="probe", output=tmp_path / "probe")
    model = tunery.tune(data, tiny_base, strategy="contrastive", epochs=2, output=tmp_path / "model")
    assert model.manifest.metrics["macro_f1"] >= probe.manifest.metrics["macro_f1"]
    before = load_file(Path(tiny_base[5:]) / "model.safetensors")
    after = load_file(tmp_path / "model" / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    assert before[name].equal(after[f"bert.{name}"])
    again = tunery.tune(data, recipe=tmp_path / "model" / "recipe.yaml", output=tmp_path / "again")
    assert again.manifest.metrics == model.manifest.metrics


@pytest.mark.long
def test_killed_and_resumed_it_ends_in_the_same_bits(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    settings = {"strategy": "contrastive", "epochs": 4}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(start(shared, tiny_base, whole, settings=settings), whole)
    killed = start(shared, tiny_base, broken, settings=settings)
    wait_for_checkpoint(killed, broken)
    killed.kill()
    killed.wait()
    finish(start(shared, tiny_base, broken, resume=True, settings=settings), broken)
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (broken, whole))
    assert all(ours[name].equal(theirs[name]) for name in ours)


def test_what_it_is_not_for_is_said_with_what_to_use_instead(
    shared: Path, tiny_base: str, tiny_chinese_base: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match=r"not for token-classification. Use --strategy full"):
        tunery.tune(diseases(shared), tiny_chinese_base, strategy="contrastive", output=tmp_path / "a")
    with pytest.raises(SettingError, match=r"here a text can have several. Use --strategy full"):
        tunery.tune(emotions(shared), tiny_base, strategy="contrastive", output=tmp_path / "b")
    with pytest.raises(SettingError, match=r"Leave unfreeze and head_start at their defaults"):
        tunery.tune(
            banking(shared, train=20), tiny_base, strategy="contrastive", unfreeze=0.5, output=tmp_path / "c"
        )  # fmt: skip
