"""Tokenised examples on disk: what is written is what is read, and it takes hardly any memory."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from tunery import tasks
from tunery.models.base import load_base
from tunery.models.model import Answerer
from tunery.tuning.encoded import encode
from tunery.types import Example


@pytest.fixture(scope="module")
def examples(shared: Path) -> list[Example]:
    with gzip.open(shared / "data" / "banking77" / "train.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(next(file)) for _ in range(60)]
    return [Example(row["text"] * (20 if number == 7 else 1), row["label"]) for number, row in enumerate(rows)]


def answerer(base: str, name: str, labels: list[str], **settings: object) -> Answerer:
    task = tasks.get(name, **settings)
    loaded = load_base(base, task, labels)
    return Answerer(loaded.network, loaded.tokenizer, task, labels, 40)


@pytest.mark.parametrize("several", [False, True])
def test_what_is_written_is_what_is_read(
    several: bool, examples: list[Example], tiny_base: str, tmp_path: Path
) -> None:
    labels = sorted({str(example.target) for example in examples})
    some = [Example(e.text, (str(e.target),)) for e in examples] if several else examples
    asked = answerer(tiny_base, "text-classification", labels, multi_label=several)
    found = encode(asked, some, tmp_path / "train.arrow", labelled=True)
    expected = asked.task.encode(some, asked.encoder, labels)
    assert len(found) == len(expected) > len(some)  # one text is read in windows
    assert found.lengths.tolist() == [len(window) for window in expected]
    assert found.rows.tolist() == [window.row for window in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.row == theirs.row
        assert np.array_equal(ours.input_ids, theirs.input_ids)
        assert np.array_equal(ours.labels, theirs.labels)
        assert ours.labels.dtype == theirs.labels.dtype
        assert ours.weight == pytest.approx(theirs.weight)
    assert len(found[2:5]) == 3
    assert np.array_equal(found[-1].input_ids, expected[-1].input_ids)
    with pytest.raises(IndexError):
        found[len(found)]


def test_nothing_is_learned_from_rows_without_a_label(examples: list[Example], tiny_base: str, tmp_path: Path) -> None:
    labels = sorted({str(example.target) for example in examples})
    some = [Example(e.text, None if number % 2 else e.target) for number, e in enumerate(examples)]
    asked = answerer(tiny_base, "text-classification", labels, multi_label=False)
    assert set(encode(asked, some, tmp_path / "a.arrow", labelled=True).rows.tolist()) == set(range(0, 60, 2))
    assert set(encode(asked, some, tmp_path / "b.arrow", labelled=False).rows.tolist()) == set(range(60))
    assert len(encode(asked, [], tmp_path / "c.arrow", labelled=True)) == 0


_MANY = """
    import resource, sys
    from pathlib import Path
    from tunery import tasks
    from tunery.models.base import load_base
    from tunery.models.model import Answerer
    from tunery.tuning.encoded import encode
    from tunery.types import Example

    base, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    task = tasks.get("text-classification", multi_label=False)
    loaded = load_base(base, task, ["a", "b"])
    asked = Answerer(loaded.network, loaded.tokenizer, task, ["a", "b"], 128)

    class Generated(list):
        def __len__(self): return count
        def __getitem__(self, part):
            return list(self.rows(*part.indices(count)))
        def __iter__(self):
            return self.rows(0, count, 1)
        def rows(self, *numbers):
            return (Example(f"my card {n} has not arrived", "ab"[n % 2]) for n in range(*numbers))

    encode(asked, Generated()[0:2000], folder / "warm.arrow", labelled=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = encode(asked, Generated(), folder / "many.arrow", labelled=True)
    assert len(found) == count
    assert int(found[count - 1].labels[0]) == (count - 1) % 2
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_many_examples_take_hardly_any_memory(tiny_base: str, tmp_path: Path) -> None:
    code = textwrap.dedent(_MANY)
    call = [sys.executable, "-c", code, tiny_base, str(tmp_path), "100000"]
    grown = int(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
    assert grown < 40_000  # kilobytes; as objects they would take more than ten times that
