"""Tuning on groups of labelled texts."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
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
from tunery.tuning.contrastive import contrastive_loss, halfway, in_words
from tunery.tuning.grouping import batch_count, grouped_batches


@given(
    labels=st.lists(st.integers(0, 9), min_size=1, max_size=200), classes=st.integers(1, 9), size=st.integers(1, 6),
    seed=st.integers(0, 9),
)  # fmt: skip
def test_an_epoch_has_every_text_once_in_groups_of_its_class(
    labels: list[int], classes: int, size: int, seed: int
) -> None:
    numbers = np.asarray(labels, dtype=np.int64)
    features = np.random.default_rng(seed).normal(size=(len(labels), 3)).astype(np.float32)
    batches = grouped_batches(numbers, features, classes, size, (1, seed))
    assert sorted(row for batch in batches for row in batch) == list(range(len(labels)))
    assert batches == grouped_batches(numbers, features, classes, size, (1, seed))
    assert all(len(batch) <= classes * size for batch in batches)
    groups = sum(-(-count // size) for count in Counter(labels).values())
    assert len(batches) == -(-groups // classes) == batch_count(numbers, classes, size)


def test_classes_that_are_near_each_other_meet_more_often_than_others() -> None:
    labels = np.repeat(np.arange(40), 4)
    corners = np.eye(10, dtype=np.float32)[labels // 4]  # Ten places with four classes each.
    batches = [batch for epoch in range(20) for batch in grouped_batches(labels, corners, 4, 4, (7, epoch))]
    places = [len({row // 16 for row in batch}) for batch in batches]
    assert np.mean(places) < 2.0  # By chance it would be more than three.


def test_many_groups_are_laid_out_in_portions() -> None:
    labels = np.arange(1000, dtype=np.int64)
    batches = grouped_batches(labels, np.ones((1000, 2), np.float32), 3, 1, (1, 1))
    assert [len(batch) for batch in batches].count(3) == 333
    assert sorted(row for batch in batches for row in batch) == list(range(1000))


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


def test_halfway_lasts_for_a_block_and_leaves_what_was_learned() -> None:
    learned = [torch.tensor([0.1, 0.7], requires_grad=True)]
    before = learned[0].detach().clone()
    with suppress(KeyboardInterrupt), halfway(learned, [torch.tensor([0.3, -0.7])]):
        within = learned[0].tolist()
        raise KeyboardInterrupt
    assert within == pytest.approx([0.2, 0.0])
    assert learned[0].detach().equal(before)


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
