"""What more labels would bring: growing shares of train, a curve through their scores, and what it foretells."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tuning.test_fit import banking, diseases

import tunery
from tunery.data.dataset import Dataset
from tunery.errors import DataError, ModelError, SettingError
from tunery.i18n import use_language
from tunery.tuning import learning_curves
from tunery.types import Example

SETTINGS: dict[str, object] = {"strategy": "probe", "points": 4}


@pytest.fixture(scope="module")
def data(shared: Path) -> Dataset:
    return banking(shared, train=120, dev=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("curve") / "found"


@pytest.fixture(scope="module")
def found(data: Dataset, tiny_base: str, folder: Path) -> tunery.LearningCurve:
    return tunery.learning_curve(data, tiny_base, output=folder, **SETTINGS)


def test_every_size_is_half_of_the_next_and_few_rows_are_drawn_more_often(found: tunery.LearningCurve) -> None:
    assert found.sizes == [15, 30, 60, 120]
    assert [len(found.scores(rows)) for rows in found.sizes] == [3, 3, 2, 1]
    assert all(run.seconds > 0 and run.strategy == "probe" for run in found.runs)


def test_all_rows_give_the_score_that_tuning_gives(
    found: tunery.LearningCurve, data: Dataset, tiny_base: str, tmp_path: Path
) -> None:
    model = tunery.tune(data, tiny_base, strategy="probe", output=tmp_path / "model")
    # The rows are in another order, and the linear model is fitted to a tolerance.
    assert found.scores(120)[0] == pytest.approx(model.manifest.metrics["macro_f1"], abs=0.03)


def test_it_says_what_twice_as_many_would_bring_and_how_well_it_foretold(
    found: tunery.LearningCurve, data: Dataset
) -> None:
    assert (found.twice.rows, found.dev_rows, found.metric) == (240, len(data["dev"]), "macro_f1")
    assert found.twice.low <= found.twice.score <= found.twice.high
    assert found.foretold is not None
    assert found.foretold.rows == 120
    text = str(found)
    assert "Twice as many labels (240 rows) would bring about +0.0" in text
    assert f"{found.scores(120)[0]:.3f} was found." in text
    assert "rows of train" in found._repr_html_()
    with use_language("zh"):
        assert "240" in str(found)
        assert "Twice" not in str(found)


def test_the_folder_holds_the_curve_and_its_picture(found: tunery.LearningCurve, folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["learning-curve.json", "learning-curve.png"]
    assert tunery.LearningCurve.load(folder) == found
    assert (folder / "learning-curve.png").read_bytes().startswith(b"\x89PNG")


def test_a_curve_that_is_there_is_not_made_again(
    found: tunery.LearningCurve, data: Dataset, tiny_base: str, folder: Path
) -> None:
    with pytest.raises(ModelError, match="holds a learning curve already"):
        tunery.learning_curve(data, tiny_base, output=folder, **SETTINGS)
    assert tunery.learning_curve(data, tiny_base, output=folder, resume=True, **SETTINGS) == found


@pytest.mark.long
def test_entities_have_a_curve_too(shared: Path, tiny_chinese_base: str) -> None:
    rows = diseases(shared)
    curve = tunery.learning_curve(rows, tiny_chinese_base, points=3, strategy="probe")
    assert curve.metric == "entity_f1"
    assert curve.sizes[-1] == len(rows["train"])
    assert curve.foretold is None  # two sizes are too few to foretell a third


def test_too_few_rows_or_points_are_refused(data: Dataset, tiny_base: str) -> None:
    few = Dataset({"train": data["train"][:20], "dev": data["dev"]}, data.schema)
    with pytest.raises(DataError, match="20 labelled rows; a learning curve takes at least 32 here"):
        tunery.learning_curve(few, tiny_base, strategy="probe")
    with pytest.raises(SettingError, match="points: must be at least 3"):
        tunery.learning_curve(data, tiny_base, points=2)


@pytest.mark.long
def test_killed_it_goes_on_with_the_run_that_was_under_way(
    found: tunery.LearningCurve, shared: Path, data: Dataset, tiny_base: str, tmp_path: Path
) -> None:
    output = tmp_path / "curve"
    code = textwrap.dedent(
        f"""
        from pathlib import Path
        from tests.tuning.test_fit import banking
        from tests.tuning.test_learning_curve import SETTINGS
        import tunery
        data = banking(Path({str(shared)!r}), train=120, dev=60)
        tunery.learning_curve(data, {tiny_base!r}, output={str(output)!r}, **SETTINGS)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "OMP_NUM_THREADS": "1"})
    kept = output / learning_curves.WORK / "runs.json"
    while not kept.is_file() or kept.read_text(encoding="utf-8").count("score") < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with pytest.raises(ModelError, match="interrupted"):
        tunery.learning_curve(data, tiny_base, output=output, **SETTINGS)
    again = tunery.learning_curve(data, tiny_base, output=output, resume=True, **SETTINGS)
    assert [(run.rows, run.draw, run.score) for run in again.runs] == [
        (run.rows, run.draw, pytest.approx(run.score, abs=0.03)) for run in found.runs
    ]
    assert again.runs[:2] != found.runs[:2]  # they were not taken from elsewhere: their times differ


@given(st.lists(st.sampled_from("aaaaaaabbbc"), min_size=8, max_size=200), st.integers(0, 99))
def test_every_beginning_of_the_order_has_each_label_in_its_share(labels: list[str], seed: int) -> None:
    rows = [Example(f"text {number}", label) for number, label in enumerate(labels)]
    numbers = learning_curves.order(rows, seed)
    assert sorted(numbers) == list(range(len(rows)))
    whole = Counter(labels)
    assert set(labels) == {labels[number] for number in numbers[: len(whole)]}
    half = Counter(labels[number] for number in numbers[: len(rows) // 2])
    assert all(abs(half[label] - count / 2) <= 1 + len(whole) for label, count in whole.items())
