"""Photographs the studio's pages, in English and Chinese, light and dark.

    python scripts/picture_studio.py --data FOLDER --base SOURCE --out FOLDER

Starts a real ``tunery up`` over a temporary workspace, fills it with a few labels of the data (for text
classification), a model tuned from the base model, a report, an endpoint and a queue, and opens the pages in Chromium.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import TimeoutError as TooSlow

import tunery
from tunery.app.datasets import to_store
from tunery.store import data_sets, feedback, requests
from tunery.store.identifiers import new as new_id
from tunery.store.requests import Verdict
from tunery.store.workspace import Workspace
from tunery.types import Example

PASSWORD = "only for pictures"  # noqa: S105 - of nobody
LABELS, ROWS, ASKED = 12, 60, 24
WINDOW, PHONE = (1280, 800), (390, 844)
MOST_BYTES = 120_000
PATIENCE = 300.0
"""Seconds; a machine may be slow."""
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}


@dataclass(frozen=True)
class Filled:
    """What the workspace holds.

    Attributes:
        project: The project that pictures are of; the others are names and ids within it.
        asked: A text for the playground and the public page.
        other: The report of a second model...
        other_run: ... and its run.
        job: One that has ended.
        search: A run that searched settings.
    """

    project: str
    data_set: str
    run: str
    report: str
    queue: str
    endpoint: str
    asked: str
    model: str
    other: str
    other_run: str
    search: str
    job: str


@dataclass(frozen=True)
class Shot:
    """A page to photograph: its name, its address, what has to be there, and what is done to it before.

    Those that aren't ``shown`` in the documentation are taken only when all are wanted, to be looked at.
    """

    name: str
    path: str
    ready: str = "main h1"
    prepare: Callable[[Page], None] | None = None
    signed_in: bool = True
    phone: bool = False
    shown: bool = True


def main() -> None:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="data for text classification, with splits")
    parser.add_argument("--base", required=True, help="the base model that is tuned")
    parser.add_argument("--out", type=Path, default=Path("pictures"), help="where the pictures go")
    parser.add_argument("--only", nargs="*", default=[], help="names of pages, for example home report")
    parser.add_argument("--looks", nargs="*", default=[f"{a}-{b}" for a, b in product(LANGUAGES, ("light", "dark"))])
    parser.add_argument(
        "--all", action="store_true", help="every page, and not only those that the documentation shows"
    )
    parser.add_argument("--whole", action="store_true", help="whole pages, and not only what fits a window")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        _running(Path(folder) / "workspace") as url,
        httpx.Client(base_url=f"{url}/api/v1", timeout=60, trust_env=False) as person,
    ):
        filled = _Filling(person, Path(folder), given.data, given.base).fill()
        shots = [
            one for one in _shots(filled)
            if (one.name in given.only if given.only else one.shown or given.all)
        ]  # fmt: skip
        _photograph(url, dict(person.cookies), shots, given.looks, given.out, whole=given.whole)


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    words = [sys.executable, "-m", "tunery", "up", "--workspace", str(folder), "--port", "0", "--endpoints-port", "0"]
    environment = {**os.environ, "TUNERY_LANG": "en", "TUNERY_PROGRESS": "0"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            url = process.stdout.readline().strip() if process.stdout is not None else ""
            if not url:
                raise SystemExit("tunery up did not start")
            yield url
        finally:
            process.terminate()


class _Filling:
    """Puts something presentable into an empty workspace, as a person would."""

    def __init__(self, person: httpx.Client, folder: Path, data: str, base: str) -> None:
        self._person = person
        self._folder = folder
        self._data = data
        self._base = base

    def fill(self) -> Filled:
        account = {"email": "ada@example.com", "name": "Ada", "password": PASSWORD}
        self._person.headers["X-CSRF-Token"] = self._post("/set-up", account)["csrf"]
        project = self._post("/projects", {"name": "Customer support", "task": "text-classification"})["id"]
        rows = self._rows()
        with Workspace.open(self._folder / "workspace") as workspace:
            data_set, version = self._store(workspace, project, rows)
            run, model, report = self._tuned(project, version, "first probe")
            queue = self._queue(data_set, model)
            self._endpoint(workspace, project, model, rows["test"])
            other_run, _model, other = self._tuned(project, version, "second probe", max_length=16)
            search = self._searched(project, version)
        job = self._get(f"/projects/{project}/jobs")["items"][0]["id"]
        return Filled(
            project, data_set, run, report, queue, "intents", rows["test"][0].text, model, other, other_run, search, job
        )  # fmt: skip

    def _tuned(self, project: str, version: str, name: str, **more: object) -> tuple[str, str, str]:
        """Return the run, the model and the report of a linear probe."""
        recipe = {"base": self._base, "strategy": "probe", **more}
        self._done(self._post(f"/projects/{project}/runs", {"version": version, "recipe": recipe, "name": name}))
        run, model = (self._get(f"/projects/{project}/{kind}")["items"][0]["id"] for kind in ("runs", "models"))
        measure = {"kind": "evaluate", "arguments": {"model": model, "version": version}}
        self._done(self._post(f"/projects/{project}/jobs", measure))
        return run, model, self._get(f"/projects/{project}/reports")["items"][0]["id"]

    def _searched(self, project: str, version: str) -> str:
        recipe = {"base": self._base, "strategy": "head", "epochs": 2}
        arguments = {"version": version, "recipe": recipe, "trials": 3, "name": "searched"}
        self._done(self._post(f"/projects/{project}/jobs", {"kind": "search", "arguments": arguments}))
        return str(self._get(f"/projects/{project}/runs")["items"][0]["id"])

    def _rows(self) -> dict[str, list[Example]]:
        found = tunery.load_data(self._data, "text-classification")
        often = [label for label, _count in Counter(str(one.target) for one in found["train"]).most_common(LABELS)]
        rows = {}
        for split in ("train", "dev", "test"):
            rows[split] = [
                one for label in often for one in [row for row in found[split] if row.target == label][:ROWS]
            ]
        return rows

    def _store(self, workspace: Workspace, project: str, rows: dict[str, list[Example]]) -> tuple[str, str]:
        folder = self._folder / "data"
        folder.mkdir()
        for split, examples in rows.items():
            with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([("text", "label"), *((one.text, one.target) for one in examples)])
        data = tunery.load_data(folder, "text-classification")
        with workspace.writing() as session:
            made = data_sets.create(session, project=project, name="questions", task="text-classification", user=None)
            version, _new = to_store(
                workspace, session, data, data_set=made.id, origin="upload", user=None, source="questions.csv"
            )
            return made.id, version.id

    def _queue(self, data_set: str, model: str) -> str:
        settings = {
            "name": "What the model is least sure of", "origin": "labelled", "order": "uncertain", "split": "test",
            "model": model, "limit": 60,
            "guidelines": "Choose what the customer wants to be done, not what they complain about.",
        }  # fmt: skip
        made = self._post(f"/data-sets/{data_set}/queues", settings)
        if made["job"]:
            self._done({"id": made["job"]})
        for task in self._post(f"/queues/{made['queue']}/next", {"count": 9})["tasks"]:
            target = (task["suggestion"] or {}).get("target") or task["given"]
            answer = {"id": new_id(), "target": target, "seconds": 3.0}
            self._post(f"/items/{task['item']}/annotations", answer)
        return str(made["queue"])

    def _endpoint(self, workspace: Workspace, project: str, model: str, rows: list[Example]) -> None:
        base = f"/projects/{project}/endpoints"
        self._post(base, {"name": "intents", "model": model, "reason": "the first one"})
        step = max(len(rows) // ASKED, 1)
        for one in rows[::step][:ASKED]:
            self._ask(f"{base}/intents/predictions", one.text)
        share = {
            "share": True, "share_title": "What does this customer want?",
            "share_about": "Write a question to a bank. The model says what it is about.",
            "share_examples": [one.text for one in rows[:: max(len(rows) // 3, 1)][:3]],
        }  # fmt: skip
        self._person.patch(f"{base}/intents", json={"settings": share}).raise_for_status()
        self._judge(workspace, f"{base}/intents/requests")

    def _ask(self, path: str, text: str) -> None:
        """Ask, until the server has loaded the model."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self._person.post(path, json={"inputs": [text]}).is_success:
                return
            time.sleep(0.5)
        raise SystemExit("the endpoint does not answer")

    def _judge(self, workspace: Workspace, path: str) -> None:
        """Say of some answers whether they were right, as soon as they are stored."""
        end = time.monotonic() + PATIENCE
        while len(kept := self._get(path)["items"]) < ASKED // 2 and time.monotonic() < end:
            time.sleep(0.5)
        with workspace.writing() as session:
            for number, one in enumerate(kept[:8]):
                verdict: Verdict = "wrong" if number == 3 else "right"
                feedback.give(session, requests.get(session, one["id"]), verdict=verdict, origin="api")

    def _done(self, job: dict[str, Any]) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self._get(f"/jobs/{job['id']}")
            if found["state"] == "done":
                return
            if found["ended"]:
                raise SystemExit(f"{found['kind']} {found['state']}: {found['error']}")
            time.sleep(0.5)
        raise SystemExit("a job does not end")

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._person.post(path, json=body)
        if not answer.is_success:
            raise SystemExit(f"{path}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    def _get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self._person.get(path).raise_for_status().json()
        return found


def _shots(filled: Filled) -> list[Shot]:
    base = f"/p/{filled.project}"

    def ask_publicly(page: Page) -> None:
        page.locator(".share textarea").fill(filled.asked)
        page.locator(".share .button.primary").click()
        page.locator(".answer").first.wait_for(timeout=20_000)

    def ask_playground(page: Page) -> None:
        field = page.locator("textarea").first
        field.fill(filled.asked)
        page.locator(".card", has=field).locator(".button.primary").first.click()
        page.locator(".answer").first.wait_for(timeout=20_000)

    def explain(page: Page) -> None:
        page.locator("main textarea").first.fill(filled.asked)
        page.locator("main .button.primary").first.click()
        page.locator(".weighed mark").first.wait_for(timeout=60_000)

    def show_trials(page: Page) -> None:
        page.locator(".card", has=page.locator(".scroll.tall")).evaluate("card => card.scrollIntoView()")
        page.evaluate("scrollBy(0, -76)")  # the bar stands over the top

    return [
        Shot("sign-in", "/sign-in", ready="main h1, h1", signed_in=False),
        Shot("home", base, phone=True),
        Shot("first-steps", f"{base}/start"),
        Shot("data", f"{base}/data/{filled.data_set}"),
        Shot("queues", f"{base}/annotate"),
        Shot("labelling", f"{base}/annotate/{filled.queue}", ready=".tl-card > .tl-text", phone=True),
        Shot("base-models", f"{base}/base-models"),
        Shot("tune", f"{base}/tune/new"),
        Shot("run", f"{base}/tune/runs/{filled.run}"),
        Shot("report", f"{base}/reports/{filled.report}"),
        Shot("comparison", f"{base}/reports/compare?first={filled.other}&second={filled.report}"),
        Shot("why", f"{base}/models/{filled.model}/why", prepare=explain),
        Shot("trials", f"{base}/tune/runs/{filled.search}", ready=".scroll.tall", prepare=show_trials),
        Shot("endpoint", f"{base}/endpoints/{filled.endpoint}", prepare=ask_playground),
        Shot(
            "public", f"/share/{filled.endpoint}", ready=".share h1", prepare=ask_publicly, signed_in=False, phone=True
        ),
        Shot("settings", f"{base}/settings"),
        *(Shot(name, path, shown=False) for name, path in _others(base, filled).items()),
    ]


def _others(base: str, filled: Filled) -> dict[str, str]:
    """Return the addresses of the pages that the documentation doesn't show."""
    return {
        "account": "/account",
        "all-jobs": "/jobs",
        "data-sets": f"{base}/data",
        "endpoints": f"{base}/endpoints",
        "import": f"{base}/data/import",
        "job": f"/jobs/{filled.job}",
        "jobs": f"{base}/jobs",
        "new-project": "/new",
        "new-queue": f"{base}/annotate/new",
        "projects": "/",
        "reports": f"{base}/reports",
        "results": f"{base}/annotate/{filled.queue}/results",
        "rows": f"{base}/reports/{filled.report}/rows?only=wrong",
        "runs": f"{base}/tune",
        "runs-compared": f"{base}/tune/compare?runs={filled.run},{filled.other_run}",
        "settle": f"{base}/annotate/{filled.queue}/settle",
        "share": f"{base}/share",
        "workspace": "/settings",
    }


def _photograph(
    url: str, cookies: dict[str, str], shots: list[Shot], looks: list[str], out: Path, *, whole: bool
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for look, signed_in, phone in product(looks, (True, False), (False, True)):
            wanted = [one for one in shots if one.signed_in == signed_in and (one.phone or not phone)]
            context = _window(browser, url, look, cookies if signed_in else {}, PHONE if phone else WINDOW)
            for shot in wanted:
                name = f"{shot.name}-{look}{'-phone' if phone else ''}.png"
                (out / name).write_bytes(_small(_take(context, url, shot, whole=whole)))
            context.close()
        browser.close()


def _window(browser: Browser, url: str, look: str, cookies: dict[str, str], size: tuple[int, int]) -> BrowserContext:
    language, theme = look.split("-")
    context = browser.new_context(
        locale=LANGUAGES[language],
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": size[0], "height": size[1]},
    )
    wishes = {**cookies, "tunery_language": language, "tunery_theme": theme}
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in wishes.items()])
    context.set_default_timeout(60_000)
    return context


def _take(context: BrowserContext, url: str, shot: Shot, *, whole: bool) -> bytes:
    page = context.new_page()
    page.goto(url + shot.path)
    page.locator(shot.ready).first.wait_for()
    page.wait_for_timeout(500)
    if shot.prepare is not None:
        try:
            shot.prepare(page)
        except TooSlow:
            print(f"{shot.name} is not as it should be", file=sys.stderr)
    page.wait_for_timeout(500)  # for what moves to come to rest
    picture = page.screenshot(full_page=whole, animations="disabled")
    page.close()
    return picture


def _small(picture: bytes) -> bytes:
    """Return it with as many colours as fit its size."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in (256, 128, 64, 32):
        file = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        if file.tell() <= MOST_BYTES:
            break
    return file.getvalue()


if __name__ == "__main__":
    main()
