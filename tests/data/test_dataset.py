"""A data set: splits by name, one fingerprint for equal content, and a face in a notebook."""

from __future__ import annotations

from tunery.data.dataset import Dataset, Schema, Split
from tunery.types import Example, Span


def dataset(*examples: Example, source: str = "file:a") -> Dataset:
    return Dataset({"test": Split("test", examples[:1]), "train": Split("train", examples)}, Schema("spans"), source)


ROW = Example("Rome!", (Span(0, 4, "LOC"),), words=((0, 4), (4, 5)), line=3)


def test_splits_come_in_their_usual_order_and_slices_stay_splits() -> None:
    data = dataset(ROW, ROW, ROW)
    assert list(data) == ["train", "test"]
    assert data["train"][1:].name == "train"
    assert len(data["train"][1:]) == 2
    assert data.labels == ("LOC",)


def test_the_fingerprint_is_that_of_the_content_wherever_it_stood() -> None:
    elsewhere = Example("Rome!", (Span(0, 4, "LOC", score=0.5),), words=((0, 4), (4, 5)), line=99)
    assert dataset(ROW).fingerprint == dataset(elsewhere, source="hf:b").fingerprint
    assert dataset(ROW).fingerprint != dataset(ROW, ROW).fingerprint
    assert dataset(ROW).fingerprint != dataset(Example("Rome!", (Span(0, 4, "PER"),), words=ROW.words)).fingerprint


def test_a_notebook_shows_rows_and_labels_and_runs_no_script_in_them() -> None:
    page = dataset(Example("x", (Span(0, 1, "<script>alert(1)</script>"),)))._repr_html_()
    assert "1 rows" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
