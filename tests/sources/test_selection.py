"""Which files are taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.errors import SourceError
from tunery.sources.selection import Kind, folders, of_kind, select

_PARTS = st.sampled_from(
    ["model", "README", "README.md", "tokenizer", "onnx", "data", "train", ".git", "config", "a b", "vocab"]
)
_SUFFIXES = st.sampled_from(
    [
        ".safetensors",
        ".gguf",
        ".json",
        ".py",
        ".bin",
        ".pt",
        ".pkl",
        ".so",
        ".sh",
        ".ipynb",
        ".csv",
        ".txt",
        ".csv.gz",
        "",
    ]
)
_NAMES = st.builds(lambda parts, suffix: "/".join(parts) + suffix, st.lists(_PARTS, min_size=1, max_size=3), _SUFFIXES)


@given(_NAMES, st.sampled_from(["model", "data"]))
def test_neither_code_nor_a_pickle_is_ever_taken(name: str, kind: Kind) -> None:
    if of_kind([name], kind).takes(name):
        assert not name.endswith((".py", ".bin", ".pt", ".pkl", ".so", ".sh", ".ipynb"))
        assert not any(part.startswith(".") for part in name.split("/"))


@pytest.mark.parametrize(
    "name",
    ["config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json", "tokenizer.json", "vocab.txt",
     "merges.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "chat_template.jinja",
     "1_Pooling/config.json", "README.md", "LICENSE"],
)  # fmt: skip
def test_what_a_model_needs_is_taken(name: str) -> None:
    assert of_kind(["model.safetensors"], "model").takes(name)


@pytest.mark.parametrize(
    "name",
    ["consolidated.safetensors", "original/consolidated.00.safetensors", "checkpoint-500/model.safetensors",
     "onnx/config.json", "model.gguf", "flax_model.msgpack", "rust_model.ot", "pytorch_model.bin.index.json",
     "requirements.txt", "trainer.model"],
)  # fmt: skip
def test_what_a_model_does_not_need_stays_there(name: str) -> None:
    assert not of_kind(["model.safetensors"], "model").takes(name)


@pytest.mark.parametrize(
    "name",
    ["train.csv", "TRAIN.CSV", "data/train.jsonl.gz", "eng.testb", "dev.conll", "x.parquet", "x.arrow", "x.xlsx",
     "dataset_info.json", "README.md", "训练.tsv"],
)  # fmt: skip
def test_data_is_taken(name: str) -> None:
    assert of_kind([name], "data").takes(name)


def test_gguf_is_taken_where_there_are_no_safetensors() -> None:
    assert of_kind(["small.gguf", "config.json"], "model").takes("small.gguf")


def test_a_path_confines_the_selection_even_with_signs_of_patterns_in_it() -> None:
    names = ["[x]/model.safetensors", "[x]/config.json", "x/config.json", "config.json"]

    taken = select(names, "model", "hf:a/b/[x]", "[x]")

    assert [name for name in names if taken.takes(name)] == names[:2]


def test_a_path_that_is_not_there_lists_the_nearest_first() -> None:
    names = ["pkg/zh/train.txt", "pkg/conll/en/train.txt", "pkg/code.py"]

    with pytest.raises(SourceError) as caught:
        select(names, "data", "pypi:pkg/pkg/conl/en", "pkg/conl/en")
    assert str(caught.value) == (
        "pypi:pkg/pkg/conl/en does not exist: there is no file or folder pkg/conl/en. "
        "Data files are in: pkg/conll/en, pkg/zh."
    )


def test_a_source_with_nothing_of_the_kind_says_what_it_has() -> None:
    with pytest.raises(SourceError) as caught:
        select([f"{n}.png" for n in range(10)], "data", "hf:a/b")
    assert str(caught.value).startswith(
        "hf:a/b holds no data files; it has: 0.png, 1.png, 2.png, 3.png, 4.png, 5.png, 6.png, 7.png and 2 more. "
        "Data files end in: .csv, .tsv"
    )
    with pytest.raises(SourceError, match="is not a data file"):
        select(["x.png"], "data", "hf:a/b/x.png", "x.png")
    with pytest.raises(SourceError, match="Nothing there holds a model"):
        select(["x.png"], "model", "hf:a/b/y", "y")


def test_folders_with_models_are_found() -> None:
    assert folders(["model.safetensors", "a/b/x.gguf", "c/x.bin"], "model") == [".", "a/b"]
