"""The report as a real browser shows it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tunery import tasks
from tunery.data.dataset import Split
from tunery.evaluation import evaluate
from tunery.types import Example, Prediction

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--virtual-time-budget=2000", "--dump-dom",
)  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


def shown(page: str, folder: Path) -> str:
    """Return the document after the browser has read the page and run what may run."""
    (folder / "report.html").write_text(page, encoding="utf-8")
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", (folder / "report.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def test_the_pages_own_script_runs_and_makes_tables_sortable(
    words: Any, complaints: tuple[Split, Split], tmp_path: Path
) -> None:
    report = evaluate(words, complaints[1], tasks.get("text-classification"))
    assert '<button type="button">' in shown(report.to_html(), tmp_path)


def test_a_script_in_a_text_or_a_label_is_shown_and_never_run(fixed: Any, tmp_path: Path) -> None:
    attack = '<script>document.title = "taken"</script><img src=x onerror="document.title = \'taken\'">'
    rows = [Example(f"{attack} {number}", attack) for number in range(4)]
    predictor = fixed(
        (attack, "a"), [Prediction("a", 0.9), Prediction(attack, 0.8), Prediction("a", 0.7), Prediction("a")]
    )
    document = shown(evaluate(predictor, rows, tasks.get("text-classification")).to_html(), tmp_path)
    assert "<title>taken</title>" not in document
    assert "<img" not in document
    assert "&lt;script&gt;document.title" in document
