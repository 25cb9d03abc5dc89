"""Files are known for what they are by the usual names."""

# ruff: noqa: E501 - lists of names

from __future__ import annotations

from pathlib import Path

import pytest

from tunery.data import folders
from tunery.data.findings import Findings
from tunery.errors import DataError


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("train", "train.csv training.txt eng.train ds.train.csv train-00000-of-00003.parquet TRAIN.TSV trainset.json 训练集.csv a_train_1.txt"),
        ("dev", "dev.csv devel.tsv valid.txt val.jsonl.gz validation.csv testa.txt eng.testa development.csv 验证集.xlsx eval.json"),
        ("test", "test.csv testb.txt eng.testb test-00000-of-00001.parquet testing.csv 测试集.csv my.test.tsv"),
        (None, "data.csv contest.csv latest.csv trainer.txt devices.csv train_dev.tsv traintest.csv"),
    ],
)  # fmt: skip
def test_names_of_splits(split: str | None, names: str) -> None:
    assert {name: folders.split_named(name) for name in names.split()} == dict.fromkeys(names.split(), split)


def found(folder: Path, *names: str, findings: Findings | None = None) -> dict[str, str | None]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("text,label\na,x\n", encoding="utf-8")
    files = folders.find(folder, "data", findings or Findings())
    return {str(file.path.relative_to(folder)): file.split for file in files}


def test_what_is_no_data_is_left_alone(tmp_path: Path) -> None:
    names = (
        "train.csv",
        "README.md",
        "LICENSE",
        "labels.txt",
        "metadata",
        "dataset_infos.json",
        ".hidden.csv",
        "test.py",
    )
    assert found(tmp_path, *names) == {"train.csv": "train"}


def test_files_beside_named_ones_are_left_alone_and_it_is_said(tmp_path: Path) -> None:
    findings = Findings()
    assert found(tmp_path, "train.tsv", "devel.tsv", "train_dev.tsv", "extra.tsv", findings=findings) == {
        "devel.tsv": "dev",
        "train.tsv": "train",
    }
    assert [str(problem) for problem in findings.problems()] == [
        "data: Left alone, because other files are named for a split: extra.tsv, train_dev.tsv."
    ]


def test_files_of_one_split_are_put_together_and_it_is_said(tmp_path: Path) -> None:
    for name in ("train.csv", "dev.csv", "valid.csv"):
        (tmp_path / name).write_text("text,label\na,x\n")
    findings = Findings()
    assert [found.split for found in folders.find(tmp_path, "d", findings)] == ["dev", "train", "dev"]
    assert [problem.message for problem in findings.problems()] == [
        "Several files were put together as dev: dev.csv, valid.csv."
    ]


def test_folders_named_for_splits(tmp_path: Path) -> None:
    assert found(tmp_path, "train/part-0.csv", "train/part-1.csv", "test/all.csv") == {
        "train/part-0.csv": "train",
        "train/part-1.csv": "train",
        "test/all.csv": "test",
    }


def test_a_single_file_is_everything(tmp_path: Path) -> None:
    assert found(tmp_path, "reviews.csv", "README.md") == {"reviews.csv": None}


def test_files_without_suffix_are_known_by_their_split(tmp_path: Path) -> None:
    assert found(tmp_path, "eng.train", "eng.testa", "eng.testb") == {
        "eng.train": "train",
        "eng.testa": "dev",
        "eng.testb": "test",
    }


def test_what_lies_deeper_is_not_taken_as_well(tmp_path: Path) -> None:
    assert found(tmp_path, "train.csv", "old/train.csv") == {"train.csv": "train"}


@pytest.mark.parametrize(
    "names", [("train.csv", "train.jsonl"), ("train.csv", "train.csv.gz"), ("a/train.csv", "b/train.csv")]
)
def test_the_same_split_twice_is_refused(names: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data: There is more than one train: .* Keep one of them, or give the folder"):
        found(tmp_path, *names)
