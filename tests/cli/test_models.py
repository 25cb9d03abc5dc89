"""``tunery models``: a table on standard output, the same as JSON, and an exit code."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.calls import Tunery


def test_base_models_are_ranked(tunery: Tunery, intents: Path, tiny_base: str, tmp_path: Path) -> None:
    file = tmp_path / "ranking.json"
    answer = tunery("models", "rank", "--data", intents, "--task", "text-classification", "--json", file, tiny_base)
    assert answer.code == 0
    assert f"Nearest to the task: {tiny_base}." in answer.out.replace("\n", "")
    assert json.loads(file.read_text(encoding="utf-8"))["best"] == tiny_base


def test_where_none_can_be_used_the_exit_code_says_so(tunery: Tunery, intents: Path) -> None:
    answer = tunery("models", "rank", "--data", intents, "--task", "text-classification", "file:/nowhere")
    assert answer.code == 1
    assert "file:/nowhere: There is no file or folder" in answer.out
    assert answer.err.startswith("Error: None of the base models can be used.\n  The reason for each stands above")
