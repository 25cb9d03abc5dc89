"""Labels that were exchanged on purpose are found again, from answers of models that did not learn from them."""

from __future__ import annotations

import gzip
import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tunery
from tunery import tasks
from tunery.errors import DataError, MissingExtraError, ModelError
from tunery.evaluation import label_errors
from tunery.tasks.token_classification import WordScores
from tunery.tuning.cross_validation import folds
from tunery.types import Example, Prediction, Span

INTENTS = 8


def questions(shared: Path, rows: int, share: float = 0.05) -> tuple[list[Example], set[int]]:
    """Return questions to a bank, and the numbers of those whose intent was exchanged for another."""
    with gzip.open(shared / "data" / "banking77" / "train.jsonl.gz", "rt", encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    generator = random.Random(5)
    generator.shuffle(found)
    intents = sorted({row["label"] for row in found})[:INTENTS]
    found = [row for row in found if row["label"] in intents][:rows]
    wrong = set(generator.sample(range(rows), round(rows * share)))
    others = {intent: [other for other in intents if other != intent] for intent in intents}
    examples = [
        Example(row["text"], generator.choice(others[row["label"]]) if number in wrong else row["label"])
        for number, row in enumerate(found)
    ]
    return examples, wrong


def test_exchanged_labels_are_found_among_the_first(shared: Path, tiny_base: str) -> None:
    rows = 400
    examples, wrong = questions(shared, rows)
    ranked = tunery.label_errors(examples, tiny_base, count=rows)
    assert sorted(row.index for row in ranked.rows) == list(range(rows))
    # 19 of the first 20 when this was written; by chance it would be one.
    assert len({row.index for row in ranked.rows[: rows // 20]} & wrong) >= len(wrong) / 2
    assert [row.score for row in ranked.rows] == sorted((row.score for row in ranked.rows), reverse=True)
    assert all(0 <= row.score <= 1 and row.given != row.suggested for row in ranked.rows)
    assert all(examples[row.index].target == row.given for row in ranked.rows)
    flagged = {row.index for row in ranked.rows if row.likely}
    assert len(flagged) == ranked.likely < 60
    assert len(flagged & wrong) > len(flagged) / 2
    lines = str(ranked).splitlines()
    assert lines[0] == f"{ranked.likely} of 400 labels are likely wrong."
    assert lines[2].split() == ["row", "score", "reason", "text"]
    assert json.loads(json.dumps(ranked.to_dict()))["likely"] == ranked.likely


def test_without_a_count_only_what_is_likely_wrong_is_returned(shared: Path, tiny_base: str) -> None:
    examples, _wrong = questions(shared, 100, share=0.1)
    found = tunery.label_errors(examples, tiny_base)
    assert 0 < len(found.rows) == found.likely < 50
    assert tunery.label_errors(examples, tiny_base) == found


def test_a_label_that_is_missing_or_too_many_is_found(shared: Path, tiny_base: str) -> None:
    examples, _wrong = questions(shared, 160, share=0.0)
    # Two questions in one are of two intents.
    both = [
        Example(f"{one.text} {other.text}", tuple(sorted({str(one.target), str(other.target)})))
        for one, other in zip(examples[::2], examples[1::2], strict=True)
    ]
    rows = [*(Example(row.text, (str(row.target),)) for row in examples), *both]
    missing = next(n for n, row in enumerate(rows) if len(row.target or ()) == 2)
    rows[missing] = Example(rows[missing].text, rows[missing].target[:1])  # type: ignore[index]
    extra = 3
    absent = next(
        intent for intent in sorted({str(e.target) for e in examples}) if intent not in (rows[extra].target or ())
    )
    rows[extra] = Example(rows[extra].text, tuple(sorted((absent, *(rows[extra].target or ())))))  # type: ignore[arg-type]
    found = tunery.label_errors(rows, tiny_base, count=len(rows))
    assert len(found.rows) == len(rows)
    rank = {row.index: place for place, row in enumerate(found.rows)}
    assert rank[extra] < len(rows) / 5
    by_index = {row.index: row for row in found.rows}
    assert absent in by_index[extra].reason
    assert absent in by_index[extra].given
    assert absent not in by_index[extra].suggested


# -- spans, with probabilities that are known --------------------------------------------------------------------------

TEXT = "Ann met Bob"
WORDS = ((0, 3), (4, 7), (8, 11))


def scores(*rows: tuple[float, float]) -> WordScores:
    return WordScores(WORDS, np.array(rows))


def test_a_span_that_is_missing_is_found_with_its_word() -> None:
    person, other = Span(0, 3, "PER"), Span(8, 11, "PER")
    examples = [Example(TEXT, (person, other), words=WORDS)] * 9 + [Example(TEXT, (person,), words=WORDS)]
    sure = scores((0.9, 0.1), (0.1, 0.9), (0.95, 0.05))
    predictions = [Prediction((person, other))] * 10
    found = label_errors.find(examples, predictions, ("PER",), [sure] * 10)
    [row] = found.rows
    assert (row.index, row.given, row.suggested) == (9, (person,), (person, other))
    assert row.score == pytest.approx(0.95)
    assert row.reason == "Bob: PER has a probability of 95%, no span one of 5%."


def test_spans_that_were_changed_are_found_among_the_first(shared: Path, tiny_base: str) -> None:
    with gzip.open(shared / "data" / "bc5cdr_ner" / "train.jsonl.gz", "rt", encoding="utf-8") as file:
        examples = [_sentence(json.loads(next(file))) for _ in range(200)]
    generator = random.Random(0)
    marked = [number for number, example in enumerate(examples) if example.target]
    wrong = set(generator.sample(marked, 10))
    for number in wrong:
        spans = [part for part in examples[number].target or () if isinstance(part, Span)]
        swapped = tuple(Span(s.start, s.end, "Disease" if s.label == "Chemical" else "Chemical") for s in spans)
        examples[number] = Example(examples[number].text, swapped, words=examples[number].words)
    found = tunery.label_errors(examples, tiny_base, count=20)
    # 6 of 10 when this was written; by chance it would be one.
    assert len({row.index for row in found.rows} & wrong) >= 4


def _sentence(row: dict[str, Any]) -> Example:
    words, spans, position = [], [], 0
    for token, tag in zip(row["tokens"], row["tags"], strict=True):
        words.append((position, position + len(token)))
        if tag.startswith("B-"):
            spans.append([position, position + len(token), tag[2:]])
        elif tag.startswith("I-"):
            spans[-1][1] = position + len(token)
        position += len(token) + 1
    return Example(" ".join(row["tokens"]), tuple(Span(*span) for span in spans), words=tuple(words))


# -- what can't be done ------------------------------------------------------------------------------------------------


def test_rows_that_belong_together_are_never_in_two_folds() -> None:
    rows = [Example(f"text {n % 30}", "a" if n % 3 else "b") for n in range(60)]
    rows += [Example(f"other {n}", "a", group=f"g{n % 4}") for n in range(20)]
    found = folds(rows, 0)
    for text in {row.text for row in rows[:60]}:
        assert len({int(fold) for fold, row in zip(found, rows, strict=True) if row.text == text}) == 1
    for group in range(4):
        assert len({int(fold) for fold, row in zip(found, rows, strict=True) if row.group == f"g{group}"}) == 1
    plain = folds([Example(str(n), "ab"[n % 2]) for n in range(100)], 0)
    counts = [[sum(plain[n] == fold for n in range(kind, 100, 2)) for fold in range(5)] for kind in range(2)]
    assert counts == [[10] * 5] * 2


def test_rows_that_a_model_learned_from_are_refused(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    examples, _wrong = questions(shared, 200)
    data = tunery.Dataset({"train": tunery.Split("train", examples[:160]), "dev": tunery.Split("dev", examples[160:])},
                          tasks.get("text-classification").reads)  # fmt: skip
    model = tunery.tune(data, tiny_base, strategy="probe", output=tmp_path / "model")
    with pytest.raises(DataError, match="rows that the model learned from"):
        tunery.label_errors(data["train"], model)
    found = tunery.label_errors(data["dev"], model, count=3)
    assert len(found.rows) == 3
    with pytest.raises(ModelError, match="doesn't know the label 'nothing'"):
        tunery.label_errors([Example("a", "nothing")], model)


def test_too_few_rows_or_rows_without_labels(tiny_base: str) -> None:
    with pytest.raises(DataError, match=r"There are 2 rows; cross-validation takes at least 10\."):
        tunery.label_errors([Example("a", "x"), Example("b", "y")], tiny_base)
    with pytest.raises(DataError, match=r"1 of 2 rows have no label\."):
        tunery.label_errors([Example("a", "x"), Example("b")], tiny_base)


def test_answers_without_probabilities_are_of_no_use() -> None:
    with pytest.raises(ModelError, match="don't say how probable each label is"):
        label_errors.find([Example("a", "x")], [Prediction("x")], ["x"])


def test_one_label_only_can_not_be_wrong() -> None:
    found = label_errors.find([Example("a", "x")] * 3, [Prediction("x", 1.0, {"x": 1.0})] * 3, ["x"])
    assert found.rows == ()


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    with pytest.raises(MissingExtraError, match=r'pip install "tunery\[review\]"'):
        label_errors.require()
