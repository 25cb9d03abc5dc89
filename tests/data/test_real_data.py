"""Published data sets, as their authors give them and in one plain layout, read as the same examples."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tunery.data.dataset import Dataset, Schema
from tunery.data.loading import load, read_examples
from tunery.data.settings import DataSettings
from tunery.errors import DataError
from tunery.types import Example

LABEL, SPANS, PAIR = Schema("label"), Schema("spans"), Schema("label", pair=True)


def codes(data: Dataset) -> dict[str, str]:
    return {problem.code: problem.message for problem in data.notes}


def unquoted(text: str) -> str:
    """Undo the quoting of a table; the plain layout kept it as part of the texts."""
    return text[1:-1].replace('""', '"') if text.startswith('"') and text.endswith('"') and len(text) > 1 else text


def content(examples: list[Example]) -> set[tuple[object, ...]]:
    return {(example.text.strip(), example.target, example.words) for example in examples}


@pytest.mark.parametrize(
    ("name", "schema", "file", "split"),
    [
        ("bc5cdr_ner", SPANS, "test.tsv", "test"),
        ("zhmed_cMedQANER", SPANS, "dev.txt", "dev"),
        ("zhmed_cMedQANER", SPANS, "test.txt", "test"),
        ("banking77", LABEL, "test.csv", "test"),
        ("goemotions", LABEL, "dev.tsv", "dev"),
        ("goemotions", LABEL, "test.tsv", "test"),
        ("zhmed_cMedTC", LABEL, "test.txt", "test"),
        ("zhmed_cMedTC", LABEL, "dev.txt", "dev"),
    ],
)
def test_a_file_as_published_gives_the_examples_of_the_plain_one(
    name: str, schema: Schema, file: str, split: str, shared: Path
) -> None:
    published = read_examples(shared / "data" / "raw" / name / file, schema)
    plain = read_examples(shared / "data" / name / f"{split}.jsonl.gz", schema)
    if name == "goemotions":
        plain = [replace(example, text=unquoted(example.text)) for example in plain]
    # The plain ones leave out rows that occur in another split too.
    assert content(plain) <= content(published)
    assert len(plain) >= 0.98 * len(published)


def test_intents_in_one_json_document_are_put_together_by_split(shared: Path) -> None:
    data = load(shared / "data" / "raw" / "clinc150", LABEL)
    assert {name: len(split) for name, split in data.items()} == {"train": 15100, "dev": 3100, "test": 5500}
    assert codes(data)["splits-merged"].endswith(
        "train = train + oos_train; dev = oos_val + val; test = oos_test + test."
    )
    plain = load(shared / "data" / "clinc150", LABEL)
    assert content(list(plain["train"])) <= content(list(data["train"]))
    assert [example.text for example in data["test"]] == [example.text for example in plain["test"]]


def test_the_gold_column_is_found_among_predictions_of_hosted_models(shared: Path) -> None:
    data = load(shared / "data" / "raw" / "cfpb_complaints_1k", LABEL)
    assert sum(map(len, data.values())) == 1000
    assert len(data.labels) == 5
    assert codes(data)["columns"] == "Columns taken: text = narrative, label = product, id = id."


def test_numbers_become_the_names_in_labels_txt(shared: Path) -> None:
    rows = read_examples(shared / "data" / "raw" / "goemotions" / "dev.tsv", LABEL)
    assert rows[0].target == ("neutral",)
    assert rows[1].target == ("approval", "neutral")


def test_bilou_tags_and_hashes_as_tokens_are_read(shared: Path) -> None:
    data = load(shared / "data" / "raw" / "idrisi_greece_wildfires_2018", SPANS)
    assert codes(data)["tag-scheme"] == (
        "Tags follow BILOU (B-CITY, B-CNTY, B-CTRY, B-DIST, ...); they were read with 0 invalid transitions mended."
    )
    rows = read_examples(shared / "data" / "raw" / "idrisi_greece_wildfires_2018" / "dev.txt", SPANS)
    assert sum(example.text[start:end] == "#" for example in rows for start, end in example.words or ()) > 50
    spans = Counter(span.label for example in rows for span in example.target or ())  # type: ignore[union-attr]
    assert spans["CTRY"] > 10


def test_underscores_in_tags_and_blank_tokens_are_read_and_said(shared: Path) -> None:
    data = load(shared / "data" / "raw" / "zhmed_cMedQANER", SPANS)
    assert "disease" in data.labels
    assert len(data.labels) == 11
    assert codes(data)["white-space-tokens"].startswith("Tokens of nothing but white space were left out.")
    example = data["train"][0]
    assert example.text.startswith("便秘两个多月不清楚，")
    assert [example.text[span.start : span.end] for span in example.target or ()] == ["便秘", "便秘"]  # type: ignore[union-attr]


def test_a_span_that_was_cut_off_with_its_text_is_mended_and_said(shared: Path) -> None:
    data = load(shared / "data" / "idrisi_location_ner", SPANS)
    warning = next(problem for problem in data.notes if problem.code == "span-cut-off")
    assert warning.line == 5415
    assert data["train"][0].timestamp == "2016-04-17T05:06:32+00:00"
    assert data["train"][0].id == "721565484492197888"


def test_the_same_rows_hold_labels_where_labels_are_asked_for(shared: Path) -> None:
    data = load(shared / "data" / "idrisi_location_ner", LABEL)
    assert len(data.labels) == 7


@pytest.mark.parametrize(("name", "labels"), [("zhmed_cMedQQ", 2), ("pubmedqa", 3), ("sciEntsBank", 3)])
def test_pairs_are_read(name: str, labels: int, shared: Path) -> None:
    data = load(shared / "data" / name, PAIR)
    assert len(data.labels) == labels
    assert all(example.text_pair is not None for example in data["dev"])


@pytest.mark.parametrize(
    ("name", "schema", "words"),
    [
        ("goodbooks10k_books", LABEL, r"No column holds labels; columns: text, score, ratings\."),
        ("cmrc2018_dev_trial", LABEL, r"No column holds labels; columns: id, context, question, answers\."),
        ("sciEntsBank", LABEL, r"can't be told which column is the text \(text_a, text_b\)"),
        ("bc5cdr_ner", LABEL, "holds tokens with tags, not texts with labels.*--task token-classification"),
        ("banking77", SPANS, "neither tokens with tags nor text with spans.*--task text-classification"),
        ("raw/bc5cdr_ner", LABEL, "holds tokens with tags, not texts with labels"),
        ("raw", LABEL, "There is more than one train: banking77/train.csv, "),
    ],
)
def test_data_of_another_task_is_refused_with_what_it_holds(
    name: str, schema: Schema, words: str, shared: Path
) -> None:
    with pytest.raises(DataError, match=words):
        load(shared / "data" / name, schema)


def test_a_format_that_is_told_wins(shared: Path) -> None:
    rows = read_examples(shared / "data" / "raw" / "bc5cdr_ner" / "test.tsv", SPANS, DataSettings(format="conll"))
    assert len(rows) == 4797
