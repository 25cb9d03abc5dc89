"""``tunery search``: the options of ``tune``, a table, and the folder of the best model."""

from __future__ import annotations

from pathlib import Path

from tests.cli.calls import Tunery


def test_it_prints_what_was_tried_and_where_the_best_model_is(
    tunery: Tunery, intents: Path, tiny_base: str, tmp_path: Path
) -> None:
    output = tmp_path / "found"
    answer = tunery(
        "search", "--data", intents, "--task", "text-classification", "--base", tiny_base, "--strategy", "head",
        "--max-steps", "4", "--trials", "2", "--output", output,
    )  # fmt: skip
    assert answer.code == 0
    assert "the defaults" in answer.out
    assert answer.out.endswith(f"{output / 'model'}\n")
    assert f"tunery evaluate {output / 'model'} --data {intents}" in answer.err
    assert (output / "model" / "tunery.json").is_file()


def test_a_wrong_call_is_explained(tunery: Tunery, intents: Path) -> None:
    call = ("search", "--data", intents, "--task", "text-classification", "--base", "file:base")
    assert "No folder for the result is named." in tunery(*call).err
    answer = tunery(*call, "--output", "out", "--learning-rate", "fast")
    assert (answer.code, "learning_rate: must be a number (found 'fast')" in answer.err) == (2, True)
