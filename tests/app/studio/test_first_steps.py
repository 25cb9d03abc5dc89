"""A newcomer's way from a file to a served answer, in a real browser and without a terminal."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from tests.app.rest.servers import PASSWORD, Up

import tunery

_CHROMIUM = shutil.which("chromium")
_PATIENCE_MS = 240_000
_INTENTS = ("card_arrival", "exchange_rate", "lost_or_stolen_card")

pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium is installed")


@pytest.mark.long
def test_from_a_file_to_an_answer(shared: Path, tmp_path: Path) -> None:
    file = _file(shared, tmp_path / "questions.csv")
    with Up(tmp_path / "workspace", "--niceness", "0") as up, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(locale="en-GB")
        context.set_default_timeout(_PATIENCE_MS)
        expect.set_options(timeout=_PATIENCE_MS)
        try:
            _journey(context.new_page(), up.url, file)
        finally:
            expect.set_options(timeout=5_000)
            context.close()
            browser.close()


def _journey(page: Page, url: str, file: Path) -> None:
    page.goto(url)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("link", name="Begin").click()
    page.get_by_label("Name").fill("Bank")
    page.get_by_role("button", name="Make the project").click()
    page.wait_for_url(re.compile("/start$"))

    page.set_input_files("input[type=file]", str(file))
    expect(page.get_by_text("Is this what you meant?")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()

    expect(page.get_by_role("heading", name="A first model")).to_be_visible()
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


def _file(shared: Path, path: Path) -> Path:
    found = tunery.load_data(shared / "data" / "banking77", "text-classification")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        for label in _INTENTS:
            rows = [one for one in found["train"] if one.target == label][:60]
            writer.writerows((one.text, label) for one in rows)
    return path
