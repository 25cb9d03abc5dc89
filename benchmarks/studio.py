"""How long the studio's pages take with much in a project, against the same pages with little in it.

    python benchmarks/studio.py --rows 100000 --runs 1000 --rounds 5

Everything is real: `tunery up` as a process of its own, Chromium, and pages that are loaded anew each time, the full
project and the small one in turns. A page is ready when its heading and, where it has a table, a row of it can be seen.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery import tasks
from tunery.evaluation import evaluate
from tunery.evaluation.recorded import RecordedAnswers
from tunery.evaluation.report import Report
from tunery.store import data_sets, projects, reports, runs, versions
from tunery.store.reports import Answer
from tunery.store.rows import to_example
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Model, Row, VersionRow
from tunery.store.versions import Given
from tunery.store.workspace import Workspace
from tunery.types import Example, Prediction

EMAIL, PASSWORD = "bench@example.com", "a sentence for measuring"
PAGES = {
    "home": ("/p/{project}", "h1"),
    "data": ("/p/{project}/data", "h1"),
    "version": ("/p/{project}/data/{data_set}", "tbody tr"),
    "annotate": ("/p/{project}/annotate", "h1"),
    "tune": ("/p/{project}/tune", "tbody tr"),
    "tune: the form": ("/p/{project}/tune/new", "h1"),
    "run": ("/p/{project}/tune/runs/{run}", ".card"),
    "reports": ("/p/{project}/reports", "tbody tr"),
    "report": ("/p/{project}/reports/{report}", "tbody tr"),
    "rows of a report": ("/p/{project}/reports/{report}/rows", "tbody tr"),
    "labelling": ("/p/{project}/annotate/{queue}", ".tl-card > .tl-text"),
    "endpoints": ("/p/{project}/endpoints", "h1"),
    "jobs": ("/p/{project}/jobs", "h1"),
    "settings": ("/p/{project}/settings", "h1"),
}
SMALL = 10
"""Rows and runs of the small project."""
WORDS = ("card", "payment", "lost", "refund", "where", "transfer", "why", "limit", "balance", "late", "fee", "cash")
LABELS = [f"intent_{number}" for number in range(77)]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _application(Path(folder)) as url:
        client, user = _account(url)
        with Workspace.open(WorkspaceSettings(workspace=Path(folder), database=None, blobs=None)) as workspace:
            start = time.perf_counter()
            full = _fill(workspace, user, "full", arguments.rows, arguments.runs)
            print(f"stored {arguments.rows:,} rows and {arguments.runs:,} runs in {time.perf_counter() - start:.1f} s")
            small = _fill(workspace, user, "small", SMALL, SMALL)
        for project in (full, small):
            project["queue"] = _queue(client, project["data_set"])
        _measure(url, full, small, arguments.rounds)


def _measure(url: str, full: dict[str, str], small: dict[str, str], rounds: int) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{url}/sign-in")
        page.get_by_label("E-mail").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{url}/")
        print(f"{'page':16}{'full, ms':>10}{'worst':>8}{'small, ms':>11}{'ratio':>7}")
        for name, (path, sign) in PAGES.items():
            seen: dict[str, list[float]] = {"full": [], "small": []}
            for _round in range(rounds):
                seen["full"].append(_ready(page, url + path.format(**full), sign))
                seen["small"].append(_ready(page, url + path.format(**small), sign))
            middle = {which: statistics.median(times) for which, times in seen.items()}
            print(
                f"{name:16}{middle['full']:10.0f}{max(seen['full']):8.0f}{middle['small']:11.0f}"
                f"{middle['full'] / middle['small']:7.2f}"
            )
        browser.close()


def _ready(page: Page, address: str, sign: str) -> float:
    """Return the milliseconds until a page shows what it is for."""
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator("h1").first.wait_for()
    page.locator(sign).first.wait_for()
    return (time.perf_counter() - start) * 1000


def _fill(workspace: Workspace, user: str, name: str, rows: int, many: int) -> dict[str, str]:
    with workspace.writing() as session:
        project = projects.create(session, name=name, user=user, task="text-classification")
        owner = data_sets.create(session, project=project.id, name="questions", task="text-classification", user=user)
        version, _new = versions.create(
            workspace, session, data_set=owner.id, rows=_rows(rows), fingerprint="of a benchmark",
            schema={"target": "label"}, origin="upload", user=user,
        )  # fmt: skip
        report, answers = _measured(session, version.id)
        for number in range(many):
            # Only the last report has its answers: a thousand times all of them would take an hour to store.
            behind = answers if number == many - 1 else []
            last = _run(session, project.id, version.id, user, number, (report, behind))
    return {"project": project.id, "data_set": owner.id, **last}


def _queue(client: httpx.Client, data_set: str) -> str:
    """Have all rows of a data set looked at again, and return the queue."""
    made = client.post(f"/data-sets/{data_set}/queues", json={"name": "check", "origin": "labelled"})
    made.raise_for_status()
    return str(made.json()["queue"])


def _measured(session: Session, version: str) -> tuple[Report, list[Answer]]:
    """Return a report on a test split, and the answers that it counts: four of five are right."""
    places = session.execute(
        select(VersionRow, Row).join(Row, Row.id == VersionRow.row).where(VersionRow.version == version)
        .where(VersionRow.split == "test").order_by(VersionRow.position)
    ).all()  # fmt: skip
    task = tasks.get("text-classification")
    examples = [to_example(row, place.target) for place, row in places]
    said = [str(one.target) if number % 5 else LABELS[0] for number, one in enumerate(examples)]
    predictions = [Prediction(label, 0.9, {label: 0.9}) for label in said]
    recorded = RecordedAnswers(LABELS, {one.text: answer for one, answer in zip(examples, predictions, strict=True)})
    answers = [
        Answer(place.position, row.id, one.target, label, one.target == label, 0.9, {label: 0.9})
        for (place, row), one, label in zip(places, examples, said, strict=True)
    ]
    return evaluate(recorded, examples, task, resamples=50), answers


def _run(
    session: Session, project: str, version: str, user: str, number: int, measured: tuple[Report, list[Answer]]
) -> dict[str, str]:
    """Store a run with its model and its report."""
    recipe = {"base": "hf:base@1", "strategy": {"name": "full"}, "seed": number}
    run = runs.create(session, project=project, version=version, recipe=recipe, user=user, name=f"run {number}")
    runs.change(session, run.id, state="done", metrics={"accuracy": 0.9 + number / 20_000})
    model = Model(
        id=run.id, project=project, run=run.id, name=f"model {number}", task="text-classification",
        labels=list(LABELS), size=0, created=run.created,
    )  # fmt: skip
    session.add(model)
    session.flush()
    report, answers = measured
    made = reports.create(
        session, project=project, model=model.id, version=version, split="test", user=user,
        summary=report.to_dict(), answers=answers,
    )  # fmt: skip
    return {"run": run.id, "report": made.id}


def _rows(count: int) -> Iterator[Given]:
    chance = random.Random(7)
    for number in range(count):
        text = f"{number}: {' '.join(chance.choices(WORDS, k=12))}?"
        yield ("train", "train", "train", "dev", "test")[number % 5], Example(text, chance.choice(LABELS)), None


def _account(url: str) -> tuple[httpx.Client, str]:
    client = httpx.Client(base_url=f"{url}/api/v1", timeout=300, trust_env=False)
    answer = client.post("/set-up", json={"email": EMAIL, "name": "Bench", "password": PASSWORD})
    answer.raise_for_status()
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return client, str(answer.json()["user"]["id"])


@contextmanager
def _application(folder: Path) -> Iterator[str]:
    words = ["up", "--workspace", str(folder), "--port", "0", "--endpoints-port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tunery", *words], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TUNERY_LANG": "en"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


if __name__ == "__main__":
    main()
