"""Ranking base models: the nearer comes first, a broken one costs nothing, and every figure has its place."""

from __future__ import annotations

import gzip
import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.tuning.test_fit import banking, diseases, emotions

import tunery
from tunery.data.dataset import Dataset, Split
from tunery.errors import DataError, SettingError
from tunery.i18n import use_language
from tunery.types import Example


@pytest.fixture(scope="module")
def ranking(shared: Path, tiny_base: str, tiny_chinese_base: str) -> tunery.Ranking:
    chinese = [Example(text, label) for text, label in _chinese_rows(shared)]
    data = Dataset({"train": Split("train", chinese)}, banking(shared, 4, 4).schema, "file:cMedTC")
    return tunery.rank(data, [tiny_base, "file:/nowhere", tiny_chinese_base])


def _chinese_rows(shared: Path) -> list[tuple[str, str]]:
    with gzip.open(shared / "data/zhmed_cMedTC/train.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(next(file)) for _ in range(150)]
    return [(row["text"], row["label"]) for row in rows]


def test_for_chinese_a_chinese_base_comes_first_and_a_missing_one_last(
    ranking: tunery.Ranking, tiny_base: str, tiny_chinese_base: str
) -> None:
    assert [one.base for one in ranking.candidates] == [tiny_chinese_base, tiny_base, "file:/nowhere"]
    assert ranking.best is not None
    assert ranking.best.base == tiny_chinese_base
    assert "/nowhere" in str(ranking.candidates[2].error)
    assert ranking.candidates[2].score is None


def test_speed_size_and_time_are_measured(ranking: tunery.Ranking) -> None:
    for one in ranking.candidates[:2]:
        assert one.parameters is not None
        assert 10e6 < one.parameters < 40e6
        assert min(one.tokens_per_second or 0, one.rows_per_second or 0, one.tuning_seconds or 0) > 0


def test_text_terminal_and_notebook_tell_the_same(ranking: tunery.Ranking, tiny_chinese_base: str) -> None:
    text = str(ranking)
    assert f"Nearest to the task: {tiny_chinese_base}. Its score is" in text
    assert "file:/nowhere: There is no file or folder" in text
    console = Console(width=120, record=True, file=StringIO())
    console.print(ranking)
    assert "Nearest to the task" in console.export_text()
    assert "Nearest to the task" in ranking._repr_html_()
    with use_language("zh"):
        assert "最接近" in str(ranking)
    assert json.loads(json.dumps(ranking.to_dict()))["best"] == tiny_chinese_base


def test_entities_and_several_labels_are_ranked_too(shared: Path, tiny_base: str, tiny_chinese_base: str) -> None:
    whole = diseases(shared)
    few = Dataset({"train": whole["train"][:12]}, whole.schema)
    entities = tunery.rank(few, [tiny_chinese_base])
    assert entities.task == "token-classification"
    assert entities.best is not None
    several = tunery.rank(emotions(shared), [tiny_base])
    assert several.best is not None
    assert several.best.score is not None


def test_licence_and_languages_come_from_the_card(shared: Path, tiny_base: str, tmp_path: Path) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    for file in Path(tiny_base.removeprefix("file:")).iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "README.md").write_text("---\nlicense: mit\nlanguage: [en, no]\n---\n# A base\n", encoding="utf-8")
    found = tunery.rank(banking(shared, 40, 4), [f"file:{folder}"]).best
    assert found is not None
    assert (found.licence, found.languages) == ("mit", ("en", "no"))


def test_without_base_models_or_labels_the_reason_is_told(shared: Path, tiny_base: str) -> None:
    data = banking(shared, 4, 4)
    with pytest.raises(SettingError, match=r"No base model is named\. Name those to compare"):
        tunery.rank(data, [])
    unlabelled = Dataset({"train": Split("train", [Example("a")])}, data.schema)
    with pytest.raises(DataError, match="No row of train has a label"):
        tunery.rank(unlabelled, [tiny_base])
