"""A newcomer's ways from a file to a served answer, in a real browser and without a terminal."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from tests.app.rest.servers import PASSWORD, Up

import tunery

_CHROMIUM = shutil.which("chromium")
_PATIENCE_MS = 120_000
_INTENTS = ("card_arrival", "exchange_rate", "lost_or_stolen_card")

pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium is installed")


@pytest.mark.long
def test_from_a_file_to_an_answer(shared: Path, tmp_path: Path) -> None:
    file = _file(tmp_path / "questions.csv", _questions(shared), with_labels=True)
    with _newcomer(tmp_path / "workspace") as page:
        page.set_input_files("input[type=file]", str(file))
        expect(page.get_by_text("Is this what you meant?")).to_be_visible()
        page.get_by_role("button", name="Import", exact=True).click()

        expect(page.get_by_role("heading", name="A first model")).to_be_visible()
        _tune_and_ask(page)


@pytest.mark.long
def test_from_texts_that_nobody_had_labelled_to_an_answer(shared: Path, tmp_path: Path) -> None:
    questions = {text: label for text, label in _questions(shared).items() if label in _INTENTS[:2]}
    file = _file(tmp_path / "questions.csv", questions, with_labels=False)
    with _newcomer(tmp_path / "workspace") as page:
        page.set_input_files("input[type=file]", str(file))
        page.get_by_role("button", name="Import them to label them here").click()
        page.get_by_role("button", name="Import", exact=True).click()

        page.get_by_role("link", name="Label them").click()
        page.get_by_label("Labels").fill("\n".join(_INTENTS[:2]))
        page.get_by_role("button", name="Make the queue").click()
        page.get_by_role("link", name="Label texts").click()
        _label(page, questions)

        page.goto(page.url.split("?")[0] + "/results")
        page.get_by_role("button", name="Make a version").click()
        expect(page.get_by_role("heading", name="How often each label occurs")).to_be_visible()
        page.goto(page.url.split("/data/")[0] + "/start")
        expect(page.get_by_role("heading", name="A first model")).to_be_visible()
        _tune_and_ask(page)


@contextmanager
def _newcomer(workspace: Path) -> Iterator[Page]:
    """Yield a page on which somebody has made an account and a project, and is asked for data."""
    with Up(workspace, "--niceness", "0") as up, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(locale="en-GB")
        context.set_default_timeout(_PATIENCE_MS)
        expect.set_options(timeout=_PATIENCE_MS)
        try:
            page = context.new_page()
            _begin(page, up.url)
            yield page
        finally:
            expect.set_options(timeout=5_000)
            context.close()
            browser.close()


def _begin(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("link", name="Begin").click()
    page.get_by_label("Name").fill("Bank")
    page.get_by_role("button", name="Make the project").click()
    page.wait_for_url(re.compile("/start$"))


def _label(page: Page, answers: dict[str, str]) -> None:
    """Answer one text after the other, by keys alone."""
    text = page.locator(".tl-card > .tl-text").first
    before = ""
    for _number in answers:
        expect(text).not_to_have_text(before)
        before = text.inner_text()
        page.keyboard.press(str(_INTENTS.index(answers[before]) + 1))
    expect(page.locator(".tl-rest")).to_contain_text("All done")
    expect(page.locator(".tl-saved")).to_have_attribute("data-state", "saved")


def _tune_and_ask(page: Page) -> None:
    page.get_by_role("combobox", name="Base model").click()
    page.get_by_role("option", name=re.compile("pypi")).first.click()
    page.get_by_role("button", name="Tune", exact=True).click()

    expect(page.get_by_role("heading", name="The model has learned")).to_be_visible()
    expect(page.get_by_text("Of 100 such answers")).to_be_visible()
    page.get_by_role("button", name="Deploy", exact=True).click()

    page.get_by_role("link", name="Try it").click()
    page.wait_for_url(re.compile("/endpoints/[^/]+$"))
    page.get_by_role("textbox").first.fill("When does my new card arrive?")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("main").get_by_text("card_arrival").first).to_be_visible()


def _questions(shared: Path) -> dict[str, str]:
    found = tunery.load_data(shared / "data" / "banking77", "text-classification")
    chosen = {label: [one.text for one in found["train"] if one.target == label][:60] for label in _INTENTS}
    return {text: label for label, texts in chosen.items() for text in texts}


def _file(path: Path, questions: dict[str, str], *, with_labels: bool) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label") if with_labels else ("text",))
        writer.writerows((text, label) if with_labels else (text,) for text, label in questions.items())
    return path
