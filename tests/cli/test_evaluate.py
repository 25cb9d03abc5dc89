"""``tunery evaluate`` and ``tunery compare``: results as text, JSON and a page."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.calls import Tunery


def test_a_report_is_printed_and_written(tunery: Tunery, classifier: Path, intents: Path, tmp_path: Path) -> None:
    page, values = tmp_path / "new" / "report.html", tmp_path / "report.json"
    answer = tunery("evaluate", classifier, "--data", intents, "--html", page, "--json", values)
    assert answer.code == 0
    assert "card_arrival" in answer.out
    assert answer.err.splitlines() == [f"Written: {values}", f"Written: {page}"]
    assert page.read_text().startswith("<!doctype html>")
    report = json.loads(values.read_text())
    assert (report["task"], report["split"], report["rows"]) == ("text-classification", "test", 30)
    assert report["metrics"]["accuracy"] > 0.5


def test_json_for_standard_output_is_all_there_is(tunery: Tunery, tagger: Path, entities: Path) -> None:
    answer = tunery("evaluate", tagger, "--data", entities, "--split", "dev", "--json", "-")
    report = json.loads(answer.out)
    assert (answer.err, report["split"]) == ("", "dev")
    assert {"entity_precision", "entity_recall", "entity_f1"} <= set(report["metrics"])


def test_a_split_that_is_not_there_is_told_with_those_that_are(tunery: Tunery, classifier: Path, intents: Path) -> None:
    answer = tunery("evaluate", classifier, "--data", intents, "--split", "validation")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "Error: The data has no split validation.\n  There are: train, dev, test.\n"


def test_two_models_are_compared(tunery: Tunery, classifier: Path, intents: Path, tmp_path: Path) -> None:
    answer = tunery("compare", classifier, classifier, "--data", intents, "--html", tmp_path / "c.html")
    assert answer.code == 0
    assert "No difference beyond chance" in answer.out
    assert (tmp_path / "c.html").exists()


def test_models_of_two_tasks_are_not_compared(tunery: Tunery, classifier: Path, tagger: Path, intents: Path) -> None:
    answer = tunery("compare", classifier, tagger, "--data", intents)
    assert answer.code == 2
    assert answer.err == (
        f"Error: {classifier} is for text-classification, {tagger} for token-classification: they can't be compared.\n"
        "  Compare two models of the same task.\n"
    )
