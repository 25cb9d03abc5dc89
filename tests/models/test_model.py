"""A model folder: what was tuned is what is loaded, here and in plain transformers."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import tunery
from tunery.data.dataset import Dataset, Schema, Split
from tunery.errors import DataError, ModelError
from tunery.models.model import Model
from tunery.tuning.batches import collate
from tunery.types import Example, Span

CITIES = ("Rome", "Paris", "Berlin", "Madrid", "Vienna", "Lisbon")
NAMES = ("Ann", "Bob", "Carol", "David", "Erin", "Frank")


def entities() -> Dataset:
    rows = []
    for i in range(96):
        name, city = NAMES[i % 6], CITIES[(i * 5) % 6]
        text = f"{name} went to {city} ." if i % 2 else f"In {city} we met {name} today ."
        spans = sorted([_span(text, name, "PER"), _span(text, city, "LOC")])
        rows.append(Example(text, tuple(spans), words=_words(text)))
    return Dataset({"train": Split("train", rows[:72]), "dev": Split("dev", rows[72:])}, Schema("spans"), "file:rows")


def classes() -> Dataset:
    texts = {
        "question": "how do I {} my card ?",
        "thanks": "thank you for {} my card",
        "complaint": "you did not {} my card !",
    }
    verbs = ("activate", "freeze", "find", "replace", "cancel", "renew", "order", "lock")
    rows = [Example(text.format(verb), label) for verb in verbs * 3 for label, text in texts.items()]
    return Dataset({"train": Split("train", rows[:54]), "dev": Split("dev", rows[54:])}, Schema("label"), "file:rows")


def _span(text: str, part: str, label: str) -> Span:
    return Span(text.index(part), text.index(part) + len(part), label)


def _words(text: str) -> tuple[tuple[int, int], ...]:
    position, words = 0, []
    for word in text.split(" "):
        words.append((position, position + len(word)))
        position += len(word) + 1
    return tuple(words)


@pytest.fixture(scope="module")
def finder(tiny_base: str, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("models") / "finder"
    return tunery.tune(entities(), tiny_base, strategy="full", max_steps=40, learning_rate=5e-4, output=folder)


@pytest.fixture(scope="module")
def classifier(tiny_base: str, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return tunery.tune(classes(), tiny_base, strategy="probe", output=tmp_path_factory.mktemp("models") / "classifier")


def test_a_loaded_model_answers_as_the_one_in_memory_did(finder: Model, classifier: Model) -> None:
    for model, text in ((finder, "Bob flew to Vienna ."), (classifier, "how do I lock my card ?")):
        before, after = model.predict([text])[0], tunery.load_model(model.folder).predict([text])[0]
        assert after.target == before.target
        assert after.score == pytest.approx(before.score, abs=1e-5)


def test_plain_transformers_gives_the_same_answer_for_a_class(classifier: Model) -> None:
    from transformers import pipeline

    text = "thank you for finding my card"
    theirs = pipeline("text-classification", str(classifier.folder), top_k=None)([text])[0]
    ours = classifier.predict([text])[0].scores
    assert {answer["label"]: answer["score"] for answer in theirs} == pytest.approx(dict(ours), abs=1e-4)


def test_plain_transformers_gives_the_same_answers_where_a_text_has_several_labels(
    tiny_base: str, tmp_path: Path
) -> None:
    from transformers import pipeline

    def several(split: Split) -> Split:
        return Split(split.name, [replace(row, target=(str(row.target), "card")) for row in split])

    parts = {name: several(split) for name, split in classes().items()}
    data = Dataset(parts, Schema("label"), "file:rows")
    model = tunery.tune(data, tiny_base, strategy="probe", output=tmp_path / "several")
    texts = ["thank you for finding my card", "how do I lock it ?"]
    theirs = pipeline("text-classification", str(model.folder), top_k=None)(texts)
    for answers, ours in zip(theirs, model.predict(texts), strict=True):
        assert {answer["label"]: answer["score"] for answer in answers} == pytest.approx(dict(ours.scores), abs=1e-4)
        assert "card" in ours.labels
        assert ours.labels == tuple(sorted(answer["label"] for answer in answers if answer["score"] >= model.threshold))


def test_plain_transformers_gives_the_same_scores_for_every_word(finder: Model) -> None:
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    words = ["In", "Lisbon", "we", "met", "Carol", "today", "."]
    tokenizer = AutoTokenizer.from_pretrained(finder.folder)
    model = AutoModelForTokenClassification.from_pretrained(finder.folder)
    inputs = tokenizer(words, is_split_into_words=True, return_tensors="pt")
    first = [inputs.word_ids().index(word) for word in range(len(words))]
    with torch.inference_mode():
        theirs = model(**inputs).logits[0, first].numpy()
    example = Example(" ".join(words), words=_words(" ".join(words)))
    ((_, ours),) = finder.network.logits(finder.task.encode([example], finder.encoder, finder.labels))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    tags = [model.config.id2label[int(tag)] for tag in theirs.argmax(axis=1)]
    assert tags[1] == "B-LOC"
    assert tags[4] == "B-PER"


@pytest.mark.parametrize(
    "text",
    [
        "Bob went to Rome .",
        "👍🏽 Bob went to Rome!",
        "Bob went\r\nto Rome.",
        "Ｂｏｂ — Bob, to (Rome)",
        "cafe\u0301 Bob Rome",
        "",
        " \n ",
    ],
)
def test_spans_point_at_the_very_characters_of_the_text(finder: Model, text: str) -> None:
    (prediction,) = finder.predict([text])
    for span in prediction.spans:
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == text[span.start : span.end].strip()
    if "Rome" in text:
        assert "Rome" in {text[span.start : span.end] for span in prediction.spans}


def test_a_text_of_any_length_is_read_to_its_end(finder: Model) -> None:
    text = "We waited . " * 300 + "Bob went to Rome ."
    (prediction,) = finder.predict([text])
    assert prediction.windows > 1
    assert text.rindex("Rome") in {span.start for span in prediction.spans}


def test_answers_come_in_the_order_of_the_inputs_whatever_their_lengths(classifier: Model) -> None:
    texts = ["how do I find my card ? " * n for n in (9, 1, 40, 3, 1)]
    together = classifier.predict(texts)
    alone = [classifier.predict([text])[0] for text in texts]
    assert [p.label for p in together] == [p.label for p in alone]
    assert [p.score for p in together] == pytest.approx([p.score for p in alone], abs=1e-5)


def test_the_folder_says_what_the_model_is_and_holds_no_pickle(finder: Model) -> None:
    names = {path.name for path in finder.folder.iterdir()}
    assert {
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "tunery.json",
        "recipe.yaml",
        "README.md",
        "curves.png",
    } <= names
    assert not {name for name in names if name.endswith((".bin", ".pt", ".pth", ".pkl"))}
    manifest = json.loads((finder.folder / "tunery.json").read_text(encoding="utf-8"))
    assert manifest["labels"] == ["LOC", "PER"]
    assert manifest["task"] == {
        "name": "token-classification",
        "overlap": 64,
        "words": "punctuation",
        "context": 0,
    }
    assert manifest["base"]["revision"]
    assert 0 <= manifest["metrics"]["entity_f1"] <= 1
    assert "tunery.load_model" in (finder.folder / "README.md").read_text(encoding="utf-8")


def test_baselines_are_the_majority_and_a_probe_on_the_frozen_base(classifier: Model) -> None:
    baselines = classifier.baselines()
    assert list(baselines) == ["majority", "probe"]
    assert {p.target for p in baselines["majority"].predict(["x", "y"])} <= set(classifier.labels)
    assert baselines["probe"].predict(["how do I find my card ?"])[0].label == "question"


def test_padding_changes_no_answer(finder: Model) -> None:
    short = finder.task.encode([Example("Bob", target=())], finder.encoder, finder.labels)
    long = finder.task.encode(
        [Example("Bob went to Rome with Ann and Carol", target=())], finder.encoder, finder.labels
    )
    batch = dict(collate([*short, *long], finder.network.pad_id))
    batch.pop("labels")
    with torch.inference_mode():
        padded = finder.network.model(**{k: v.to(finder.network.device) for k, v in batch.items()}).logits[0]
    ((_, alone),) = finder.network.logits(short)
    np.testing.assert_allclose(padded[short[0].positions].cpu().numpy(), alone, atol=1e-4)


def test_a_folder_that_is_no_model_is_named_with_what_to_give_instead(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"is not a model: it holds no tunery.json. Give the folder that tunery tune wrote"
    ):
        tunery.load_model(tmp_path)


def test_a_broken_or_newer_manifest_is_refused_in_a_sentence(finder: Model, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(finder.folder, folder)
    text = (folder / "tunery.json").read_text(encoding="utf-8")
    (folder / "tunery.json").write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(ModelError, match=r"tunery\.json can't be read"):
        tunery.load_model(folder)
    (folder / "tunery.json").write_text(text.replace('"format": 1', '"format": 99'), encoding="utf-8")
    with pytest.raises(ModelError, match=r"written by a newer Tunery \(format 99"):
        tunery.load_model(folder)


def test_pickled_weights_are_refused_with_the_way_to_convert_them(tmp_path: Path) -> None:
    from tunery.models.base import weights_in

    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    with pytest.raises(ModelError, match=r"in a pickle \(pytorch_model.bin\).*safe_serialization=True"):
        weights_in(tmp_path)


def test_a_base_model_in_gguf_is_loaded_from_its_folder_or_by_itself(tmp_path: Path) -> None:
    from tunery.models.base import weights_in

    (tmp_path / "model.Q8_0.gguf").write_bytes(b"GGUF")
    assert weights_in(tmp_path) == (tmp_path, {"gguf_file": "model.Q8_0.gguf"})
    assert weights_in(tmp_path / "model.Q8_0.gguf") == (tmp_path, {"gguf_file": "model.Q8_0.gguf"})


def test_no_score_is_given_on_rows_that_were_learned_from(classifier: Model) -> None:
    data = classes()
    with pytest.raises(
        DataError, match=r"\d+ of \d+ rows are rows that the model learned from.*Measure it on other rows"
    ):
        tunery.evaluate(classifier, Split("test", data["train"][:20]))
    others = [Example(f"could you {word} it ?", "question") for word in ("sell", "buy", "lend", "mend")]
    assert tunery.evaluate(classifier, Split("test", others)).rows == 4
    assert tunery.evaluate(classifier, data["train"]).split == "train"


def test_objects_show_themselves_in_a_notebook(finder: Model) -> None:
    assert "token-classification" in repr(finder)
    page = finder._repr_html_()
    assert page.startswith("<table>")
    assert "entity_f1" in page
