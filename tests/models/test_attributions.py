"""The words that an answer hangs on get the highest scores, and all scores together make up the answer."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest

import tunery
from tunery.data.dataset import Dataset, Schema, Split
from tunery.errors import MissingExtraError, ModelError, SettingError
from tunery.models import attributions
from tunery.models.attributions import Attribution, divide
from tunery.models.model import Model
from tunery.types import Example, Span, Target

TALK = "the a my card was sent last week and today we got an old letter from some bank in town"
FILLERS = TALK.split()
CHARACTERS = "今天他在这里买了一本书还有几个苹果和一杯水然后就回家去"
PLANTED, PLANTED_CHINESE = "zebra", "斑马"


def sentence(generator: random.Random, chinese: bool, planted: str | None) -> str:
    words = [generator.choice(CHARACTERS if chinese else FILLERS) for _ in range(12)]
    if planted is not None:
        words[generator.randrange(len(words))] = planted
    return ("" if chinese else " ").join(words)


def tuned(base: str, folder: Path, *, chinese: bool = False, several: bool = False) -> Model:
    """Return a model of texts that are ``yes`` where they have the planted word."""
    generator = random.Random(0)

    def target(label: str) -> Target:
        return tuple(sorted((label, "text"))) if several else label

    rows = [
        Example(sentence(generator, chinese, (PLANTED_CHINESE if chinese else PLANTED) if number % 2 else None),
                target("yes" if number % 2 else "no"))
        for number in range(120)
    ]  # fmt: skip
    data = Dataset({"train": Split("train", rows[:100]), "dev": Split("dev", rows[100:])}, Schema("label"))
    return tunery.tune(data, base, strategy="probe", output=folder)


@pytest.fixture(scope="module")
def english(tiny_base: str, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return tuned(tiny_base, tmp_path_factory.mktemp("en") / "model")


@pytest.fixture(scope="module")
def chinese(tiny_chinese_base: str, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return tuned(tiny_chinese_base, tmp_path_factory.mktemp("zh") / "model", chinese=True)


@pytest.fixture(scope="module")
def names(tiny_base: str, tmp_path_factory: pytest.TempPathFactory) -> Model:
    generator = random.Random(1)
    rows = []
    for _ in range(80):
        text = sentence(generator, False, PLANTED)
        start = text.index(PLANTED)
        rows.append(Example(text, (Span(start, start + len(PLANTED), "ANIMAL"),)))
    data = Dataset({"train": Split("train", rows[:70]), "dev": Split("dev", rows[70:])}, Schema("spans"))
    return tunery.tune(data, tiny_base, strategy="probe", output=tmp_path_factory.mktemp("ner") / "model")


def words(found: Attribution) -> list[str]:
    return [found.text[word.start : word.end] for word in found.words]


def test_the_planted_word_moved_the_answer_most(english: Model) -> None:
    text = "My card, the ZEBRA one, was sent 🦓 last week."
    found = tunery.explain(english, text)
    assert found.label == english.predict([text])[0].label == "yes"
    assert words(found)[:6] == ["My", "card", ",", "the", "ZEBRA", "one"]
    [top] = found.strongest(1)
    assert text[top.start : top.end] == "ZEBRA"
    assert top.score > 0
    lines = str(found).splitlines()
    assert lines[0].startswith("yes: logit ")
    assert lines[1].endswith("  ZEBRA")
    assert json.loads(json.dumps(found.to_dict()))["label"] == "yes"


def test_for_the_other_label_the_word_speaks_against_it(english: Model) -> None:
    found = tunery.explain(english, f"the old {PLANTED} from town", "no")
    [top] = found.strongest(1)
    assert found.text[top.start : top.end] == PLANTED
    assert top.score < 0


def test_scores_make_up_the_logit_and_more_steps_leave_less(english: Model) -> None:
    text = f"today we got a letter from some {PLANTED} in town"
    few, many = (tunery.explain(english, text, steps=steps) for steps in (2, 64))
    assert few.steps == 2
    assert abs(many.residual) < 0.01 * abs(many.logit - many.baseline)
    assert abs(many.residual) <= abs(few.residual)
    assert many.logit == pytest.approx(few.logit)
    encoding = english.task.encode([Example(text)], english.encoder, english.labels)
    [(_number, logits)] = english.network.logits(encoding)
    assert many.logit == pytest.approx(float(logits[0][english.labels.index("yes")]), abs=1e-4)


def test_twice_the_same_and_the_model_as_it_was(english: Model) -> None:
    before = {name: parameter.requires_grad for name, parameter in english.network.model.named_parameters()}
    assert tunery.explain(english, f"a {PLANTED}") == tunery.explain(english, f"a {PLANTED}")
    assert {name: parameter.requires_grad for name, parameter in english.network.model.named_parameters()} == before


def test_a_planted_chinese_word(chinese: Model) -> None:
    text = "今天，他在这里买了斑马和苹果。"
    found = tunery.explain(chinese, text)
    assert found.label == "yes"
    assert words(found) == list(text)
    [top] = found.strongest(1)
    assert text[top.start : top.end] in "斑马"
    planted = sum(word.score for word in found.words if text[word.start : word.end] in "斑马")
    assert planted > max(word.score for word in found.words if text[word.start : word.end] not in "斑马")
    assert abs(found.residual) < 0.05 * abs(found.logit - found.baseline)


def test_one_of_several_labels(tiny_base: str, tmp_path: Path) -> None:
    model = tuned(tiny_base, tmp_path / "model", several=True)
    found = tunery.explain(model, f"the old {PLANTED} from town", "yes")
    [top] = found.strongest(1)
    assert found.text[top.start : top.end] == PLANTED
    assert tunery.explain(model, f"the old {PLANTED} from town").label in ("text", "yes")


def test_a_text_of_several_windows(english: Model) -> None:
    limit, english.encoder.room = english.encoder.room, 20
    try:
        text = " ".join([*FILLERS, PLANTED, *FILLERS])
        assert english.predict([text])[0].windows > 1
        found = tunery.explain(english, text, "yes", steps=48)
    finally:
        english.encoder.room = limit
    [top] = found.strongest(1)
    assert text[top.start : top.end] == PLANTED
    assert len(found.words) == 2 * len(FILLERS) + 1
    assert abs(found.residual) < 0.05 * abs(found.logit - found.baseline)


def test_a_span_hangs_on_its_word(names: Model) -> None:
    text = f"we got an old {PLANTED} from some bank"
    [span] = names.predict([text])[0].spans
    found = tunery.explain(names, text, steps=48)
    assert found.span == span
    assert found.label == "ANIMAL"
    [top] = found.strongest(1)
    assert (top.start, top.end) == (span.start, span.end)
    assert abs(found.residual) < 0.05 * abs(found.logit - found.baseline)
    other = tunery.explain(names, text, span=Span(7, 13, "ANIMAL"))  # "an old": two words, one of them begins the span
    assert other.logit < found.logit


def test_what_can_not_be_explained(english: Model, names: Model) -> None:
    with pytest.raises(ModelError, match=r"The model doesn't know the label 'maybe'\. There are: no, yes\."):
        tunery.explain(english, "a card", "maybe")
    with pytest.raises(ModelError, match=r"The model finds no span in the text\."):
        tunery.explain(names, "the bank")
    with pytest.raises(ModelError, match=r"There is no word at 90-91"):
        tunery.explain(names, "the bank", span=Span(90, 91, "ANIMAL"))
    with pytest.raises(SettingError, match=r"steps: must be between 1 and 1000 \(found 0\)\."):
        tunery.explain(english, "a card", steps=0)


@pytest.mark.parametrize("text", ["", "   "])
def test_a_text_without_words_has_no_scores(english: Model, text: str) -> None:
    assert tunery.explain(english, text).words == ()


def test_a_token_of_several_words_is_divided_and_none_is_lost() -> None:
    text = "头疼 ab"
    tokens = [(0, 2), (2, 3), (3, 5)]
    share = divide(tokens, ((0, 1), (1, 2), (3, 5)), text)
    assert share.tolist() == [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    assert np.allclose(share.sum(axis=1), 1.0)
    assert divide([(0, 1)], (), " ").shape == (1, 0)


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "captum", None)
    with pytest.raises(MissingExtraError, match=r'pip install "tunery\[explain\]"'):
        attributions.require()
