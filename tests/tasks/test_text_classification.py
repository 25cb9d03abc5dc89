"""Classes: one of several or several at once, whatever the length of the text."""

from __future__ import annotations

import numpy as np
import pytest

from tunery.errors import SettingError
from tunery.tasks import available, get
from tunery.tasks.base import Encoding
from tunery.tasks.tally import metrics
from tunery.types import Example, Prediction

LABELS = ("a", "b", "c")


def window(logits: list[float], weight: float = 1.0) -> tuple[Encoding, np.ndarray]:
    return Encoding(0, np.zeros(3, np.int32), weight=weight), np.asarray([logits], dtype=np.float32)


def test_one_label_is_the_most_probable_with_all_probabilities_in_order() -> None:
    prediction = get("text-classification", multi_label=False).decode(Example("t"), [window([0, 2, 1])], LABELS, 0.5)
    assert prediction.label == "b"
    assert list(prediction.scores) == ["b", "c", "a"]
    assert sum(prediction.scores.values()) == pytest.approx(1.0)
    assert prediction.score == prediction.scores["b"]


def test_several_labels_are_those_above_the_threshold() -> None:
    task = get("text-classification", multi_label=True, at_least_one=False)
    assert task.decode(Example("t"), [window([1, -2, 0.1])], LABELS, 0.5).labels == ("a", "c")
    assert task.decode(Example("t"), [window([-1, -2, -3])], LABELS, 0.5).labels == ()


def test_where_every_text_of_train_has_a_label_so_has_every_answer() -> None:
    task = get("text-classification").prepare([Example("x", ("a",)), Example("y", ("a", "b"))])
    assert task.decode(Example("t"), [window([-1, -2, -3])], LABELS, 0.5).labels == ("a",)


def test_windows_of_a_long_text_are_averaged_by_their_weight() -> None:
    task = get("text-classification", multi_label=False)
    prediction = task.decode(Example("t"), [window([3, 0, 0], 0.2), window([0, 3, 0], 0.8)], LABELS, 0.5)
    assert (prediction.label, prediction.windows) == ("b", 2)


def test_counts_agree_with_scikit_learn_for_one_and_for_several_labels() -> None:
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support
    from sklearn.preprocessing import MultiLabelBinarizer

    generator = np.random.default_rng(1)
    one = [LABELS[i] for i in generator.integers(0, 3, 80)]
    other = [LABELS[i] for i in generator.integers(0, 3, 80)]
    many = [tuple(label for label in LABELS if generator.random() < 0.4) for _ in range(80)]
    others = [tuple(label for label in LABELS if generator.random() < 0.4) for _ in range(80)]
    binary = MultiLabelBinarizer(classes=LABELS).fit([LABELS])
    for gold, given, reference in ((one, other, lambda x: x), (many, others, binary.transform)):
        task = get("text-classification").prepare([Example("", target) for target in gold])
        tallies = task.tallies(
            [Example("", target) for target in gold], [Prediction(target) for target in given], LABELS
        )
        found = metrics(tallies)
        assert found["accuracy"][0] == pytest.approx(accuracy_score(reference(gold), reference(given)))
        for average in ("micro", "macro", "weighted"):
            scores = precision_recall_fscore_support(
                reference(gold), reference(given), average=average, zero_division=0
            )
            assert found[f"{average}_f1"][0] == pytest.approx(scores[2])


def test_an_unknown_task_is_named_with_the_nearest() -> None:
    assert available() == ("text-classification", "token-classification")
    with pytest.raises(SettingError, match=r"no task 'text-clasification'. Did you mean text-classification\?"):
        get("text-clasification")
