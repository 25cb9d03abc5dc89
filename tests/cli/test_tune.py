"""``tunery tune``: options and recipe say the same, and what was there is kept."""

from __future__ import annotations

from pathlib import Path

import yaml
from tests.cli.calls import Tunery


def test_the_folder_is_the_result_and_the_rest_are_words(
    tunery: Tunery, classifier: Path, intents: Path, tmp_path: Path
) -> None:
    output = tmp_path / "again"
    answer = tunery("tune", "--data", intents, "--recipe", classifier / "recipe.yaml", "--output", output)
    assert (answer.code, answer.out) == (0, f"{output}\n")
    assert "dev macro_f1: " in answer.err
    assert f"tunery evaluate {output} --data {intents}" in answer.err


def test_an_option_changes_a_single_value_of_the_recipe(
    tunery: Tunery, classifier: Path, intents: Path, tmp_path: Path
) -> None:
    tunery("tune", "--data", intents, "--recipe", classifier / "recipe.yaml", "--output", tmp_path / "m", "--seed", "7")
    before, after = (yaml.safe_load((folder / "recipe.yaml").read_text()) for folder in (classifier, tmp_path / "m"))
    assert after == {**before, "seed": 7}


def test_a_model_is_not_overwritten(tunery: Tunery, classifier: Path, intents: Path) -> None:
    before = (classifier / "tunery.json").read_bytes()
    answer = tunery("tune", "--data", intents, "--recipe", classifier / "recipe.yaml", "--output", classifier)
    assert answer.code == 1
    assert answer.err.startswith(f"Error: {classifier} holds a model already.\n  Give --output another name")
    assert (classifier / "tunery.json").read_bytes() == before
