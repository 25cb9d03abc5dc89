"""Real predictors for real rows, quick enough for every run: a linear model on words, and a dictionary of names."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from tunery import tasks
from tunery.data.dataset import Split
from tunery.tasks import Task
from tunery.types import Example, Input, Prediction, Span


class Words:
    """Logistic regression on the words of texts."""

    def __init__(self, train: Sequence[Example], name: str, strength: float = 10.0) -> None:
        self.name = name
        self._vectors = TfidfVectorizer(max_features=4000)
        self._model = LogisticRegression(C=strength, max_iter=300)
        self._model.fit(self._vectors.fit_transform([row.text for row in train]), [str(row.target) for row in train])
        self.labels = tuple(str(label) for label in self._model.classes_)

    def predict(self, inputs: Sequence[Input]) -> list[Prediction]:
        texts = [item if isinstance(item, str) else item.text for item in inputs]
        rows = self._model.predict_proba(self._vectors.transform(texts))
        best = rows.argmax(axis=1)
        return [
            Prediction(self.labels[column], float(row[column]), dict(zip(self.labels, row.tolist(), strict=True)))
            for row, column in zip(rows, best, strict=True)
        ]


class Names:
    """Finds again what was labelled in train, the longest first."""

    temperature = 1.25

    def __init__(self, train: Sequence[Example]) -> None:
        self._kinds = {row.text[s.start : s.end]: s.label for row in train for s in row.target or ()}  # type: ignore[union-attr]
        self._longest = max(map(len, self._kinds))
        self.labels = tuple(sorted(set(self._kinds.values())))

    def predict(self, inputs: Sequence[Input]) -> list[Prediction]:
        return [self._answer(item if isinstance(item, str) else item.text) for item in inputs]

    def _answer(self, text: str) -> Prediction:
        found: list[Span] = []
        position = 0
        while position < len(text):
            for length in range(self._longest, 0, -1):
                if (words := text[position : position + length]) in self._kinds:
                    found.append(Span(position, position + len(words), self._kinds[words], 0.5 + min(length, 9) / 20))
                    position += length - 1
                    break
            position += 1
        return Prediction(tuple(found), windows=2 if len(text) > 200 else 1)


def read(folder: Path, split: str) -> Split:
    """Read one split of the plain layout."""
    path = folder / f"{split}.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [_example(json.loads(line), number) for number, line in enumerate(lines, 1)]
    return Split(split, rows, path.name)


def _example(row: dict[str, Any], line: int) -> Example:
    if "tokens" not in row:
        return Example(row["text"], row["label"], line=line)
    words, spans, position = [], [], 0
    for token, tag in zip(row["tokens"], row["tags"], strict=True):
        words.append((position, position + len(token)))
        if tag.startswith("B-"):
            spans.append([position, position + len(token), tag[2:]])
        elif tag.startswith("I-"):
            spans[-1][1] = position + len(token)
        position += len(token)
    return Example("".join(row["tokens"]), tuple(Span(*span) for span in spans), words=tuple(words), line=line)


@pytest.fixture(scope="session")
def complaints(shared: Path) -> tuple[Split, Split]:
    """Complaints of bank customers about one of five products: train and test."""
    folder = shared / "data" / "cfpb_complaints_1k"
    return read(folder, "train"), read(folder, "test")


@pytest.fixture(scope="session")
def intents(shared: Path) -> tuple[Split, Split]:
    """Questions to a bank with 77 intents: part of train, and test."""
    folder = shared / "data" / "banking77"
    return read(folder, "train")[::3], read(folder, "test")


@pytest.fixture(scope="session")
def medical(shared: Path) -> tuple[Split, Split]:
    """Chinese medical questions with entities of 11 kinds: train and test."""
    folder = shared / "data" / "zhmed_cMedQANER"
    return read(folder, "train"), read(folder, "test")


@pytest.fixture(scope="session")
def words(complaints: tuple[Split, Split]) -> Words:
    return Words(complaints[0], "words")


@pytest.fixture(scope="session")
def names(medical: tuple[Split, Split]) -> Names:
    return Names(medical[0])


class Fixed:
    """Gives the answers it was made with, whatever it is asked; remembers what it was asked."""

    def __init__(self, labels: Sequence[str], answers: Sequence[Prediction]) -> None:
        self.labels = tuple(labels)
        self.asked: list[Input] = []
        self._answers = list(answers)

    def predict(self, inputs: Sequence[Input]) -> list[Prediction]:
        self.asked = list(inputs)
        return self._answers


@pytest.fixture(scope="session")
def fixed() -> type[Fixed]:
    return Fixed


@pytest.fixture
def task() -> Task:
    return tasks.get("text-classification")


@pytest.fixture
def entities() -> Task:
    return tasks.get("token-classification")
