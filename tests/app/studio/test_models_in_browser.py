"""From the form that tunes to a served answer, in a real browser over a real `tunery up` with a real tiny model."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as TooSlow
from tests.app.rest.servers import Up, set_up

import tunery
from tunery.app.datasets import to_store
from tunery.store import data_sets, projects
from tunery.store.workspace import Workspace

_CHROMIUM = shutil.which("chromium")
_SCRIPT = "<script>document.title='taken'</script>"
_INTENTS = {"card_arrival": "card_arrival", "exchange_rate": "exchange_rate", "lost_or_stolen_card": _SCRIPT}
"""Labels of the data that are used, and what they are called here."""
_PATIENCE_MS = 120_000

pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium is installed")


@dataclass
class Studio:
    """A running application, a person in a browser, and a project with data."""

    up: Up
    page: Page
    project: str
    base: str

    def go(self, path: str) -> Page:
        """Open a page of the project."""
        self.page.goto(f"{self.up.url}/p/{self.project}{path}")
        expect(self.page.locator("main h1")).to_be_visible()
        return self.page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def studio(
    browser: Browser, shared: Path, tiny_base: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("models")
    with (
        Up(folder / "workspace", "--niceness", "0") as up,
        up.person() as ada,
        Workspace.open(folder / "workspace") as workspace,
    ):
        set_up(ada)
        project = _project(workspace, _files(shared, folder / "data"))
        context = browser.new_context(locale="en-GB")
        context.set_default_timeout(_PATIENCE_MS)
        context.add_cookies(
            [{"name": name, "value": value, "url": up.url} for name, value in dict(ada.cookies).items()]
        )
        expect.set_options(timeout=_PATIENCE_MS)
        yield Studio(up, context.new_page(), project, tiny_base)
        expect.set_options(timeout=5_000)
        context.close()


def _files(shared: Path, folder: Path) -> Path:
    """Write a few rows of three intents, one of them with a script for its name and one text with a script in it."""
    folder.mkdir()
    found = tunery.load_data(shared / "data" / "banking77", "text-classification")
    for split, count in (("train", 20), ("dev", 12), ("test", 12)):
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("text", "label"))
            for label, name in _INTENTS.items():
                rows = [one for one in found[split] if one.target == label][:count]
                writer.writerows((one.text, name) for one in rows)
            if split == "test":
                writer.writerow((f"{_SCRIPT} my rate", "card_arrival"))
    return folder


def _project(workspace: Workspace, folder: Path) -> str:
    data = tunery.load_data(folder, "text-classification")
    with workspace.writing() as session:
        project = projects.create(session, name="Bank", user=None).id
        data_set = data_sets.create(session, project=project, name="intents", task="text-classification", user=None).id
        to_store(workspace, session, data, data_set=data_set, origin="upload", user=None)
    return project


@pytest.fixture(scope="module")
def report(studio: Studio) -> str:
    """The address of the report of a model that was tuned from the form."""
    return _measured(studio, "first")


@pytest.fixture(scope="module")
def second(studio: Studio, report: str) -> str:
    """The address of the report of another such model."""
    return _measured(studio, "second")


@pytest.fixture
def telephone(studio: Studio) -> Iterator[Page]:
    """The person's page, as narrow as on a telephone."""
    studio.page.set_viewport_size({"width": 390, "height": 844})
    yield studio.page
    studio.page.set_viewport_size({"width": 1280, "height": 720})


@pytest.fixture(scope="module")
def endpoint(studio: Studio, report: str) -> str:
    """The name of an endpoint with that model."""
    page = studio.go(report)
    page.get_by_role("link", name="Put into service").click()
    page.get_by_label("Name", exact=True).fill("intents")
    page.get_by_role("button", name="Put into service").click()
    page.wait_for_url("**/endpoints/intents")
    return "intents"


def _tune(studio: Studio, name: str) -> None:
    page = studio.go("/tune/new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Base model", exact=True).fill(studio.base)
    page.get_by_role("button", name="Linear probe").click()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/tune/runs/*")
    expect(page.get_by_role("button", name="Measure on test")).to_be_visible()


def _measured(studio: Studio, name: str) -> str:
    """Tune a model and measure it; return the address of its report within the project."""
    _tune(studio, name)
    studio.page.get_by_role("button", name="Measure on test").click()
    studio.page.wait_for_url("**/reports/*")
    return studio.page.url.removeprefix(f"{studio.up.url}/p/{studio.project}")


def _ask(page: Page, text: str) -> None:
    # A model that was deployed a moment ago answers when the server has loaded it.
    for _attempt in range(60):
        page.get_by_label("Text", exact=True).fill(text)
        page.get_by_role("button", name="Ask", exact=True).click()
        with suppress(TooSlow):
            page.locator(".answer-label").wait_for(timeout=3000)
            return
    raise AssertionError("no answer came")


def test_choosing_a_strategy_shows_its_own_settings(studio: Studio) -> None:
    page = studio.go("/tune/new")

    expect(page.get_by_label("Rank", exact=True)).to_have_count(0)
    page.get_by_role("button", name="LoRA").click()

    expect(page.get_by_label("Rank", exact=True)).to_be_visible()


@pytest.mark.long
def test_the_plan_says_time_and_memory_before_anything_begins(studio: Studio) -> None:
    page = studio.go("/tune/new")
    page.get_by_label("Base model", exact=True).fill(studio.base)

    page.get_by_role("button", name="Show the plan").click()

    expect(page.get_by_text("Expected time").first).to_be_visible()
    expect(page.locator(".stat", has_text="Memory")).to_contain_text(re.compile("[MG]B"))


def test_a_report_shows_scores_with_their_intervals(studio: Studio, report: str) -> None:
    page = studio.go(report)

    expect(page.locator(".big-score")).to_contain_text("37 rows of test")
    expect(page.locator(".big-score")).to_contain_text("95% interval")
    expect(page.get_by_text("Linear probe on the frozen base")).to_be_visible()


def test_a_cell_of_the_confusion_matrix_lists_its_rows(studio: Studio, report: str) -> None:
    page = studio.go(report)
    cell = page.locator(".confusion-cell.is-right").first
    count = int(cell.inner_text())

    cell.click()
    page.wait_for_url("**/rows?*")

    expect(page.locator("tbody tr")).to_have_count(count)


def test_a_script_in_a_label_or_a_text_is_shown_as_text(studio: Studio, report: str) -> None:
    page = studio.go(report)
    expect(page.get_by_text(_SCRIPT).first).to_be_visible()

    studio.go(f"{report}/rows")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text(f"{_SCRIPT} my rate")).to_be_visible()

    assert page.title() != "taken"


def test_an_endpoint_answers_in_the_playground_and_keeps_what_it_was_asked(studio: Studio, endpoint: str) -> None:
    page = studio.go(f"/endpoints/{endpoint}")

    _ask(page, "When will my card arrive?")

    expect(page.locator(".answer-label")).to_have_text("card_arrival")
    expect(page.locator(".answer .tag").last).to_have_text(re.compile("^first · [0-9a-f]{10}$"))


def test_a_second_model_is_promoted_and_rolled_back(studio: Studio, endpoint: str, second: str) -> None:
    page = studio.go(f"/endpoints/{endpoint}")
    champion = page.locator(".role.is-champion .role-model")
    expect(champion).to_have_text("first")
    expect(page.get_by_role("button", name="Roll back")).to_have_count(0)  # nothing came before

    page.get_by_role("button", name="Put beside it").click()
    page.get_by_role("button", name="Promote").click()
    page.locator(".dialog").get_by_role("button", name="Promote").click()
    expect(champion).to_have_text("second")

    page.get_by_role("button", name="Roll back").click()
    page.locator(".dialog").get_by_role("button", name="Roll back").click()
    expect(champion).to_have_text("first")
    expect(page.locator(".timeline")).to_contain_text("rolled back to first")


def test_a_key_is_shown_once(studio: Studio, endpoint: str) -> None:
    page = studio.go(f"/endpoints/{endpoint}")
    page.get_by_label("Name", exact=True).fill("shop")
    page.get_by_role("button", name="Make a key").click()

    shown = page.locator(".code", has_text="shop").locator("pre")
    expect(shown).to_be_visible()
    secret = shown.inner_text()
    studio.go(f"/endpoints/{endpoint}")

    expect(page.get_by_text("shop", exact=True)).to_be_visible()
    assert secret not in page.content()


def test_nobody_reaches_a_public_page_that_is_not_shared(studio: Studio, endpoint: str, browser: Browser) -> None:
    stranger = browser.new_page()
    answer = stranger.goto(f"{studio.up.url}/share/{endpoint}")

    assert answer is not None
    assert answer.status == 404
    stranger.close()


def test_what_a_stranger_says_on_the_public_page_arrives(studio: Studio, endpoint: str, browser: Browser) -> None:
    page = studio.go(f"/share?endpoint={endpoint}")
    page.get_by_role("switch").first.click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    stranger = browser.new_context(locale="zh-CN").new_page()
    stranger.set_default_timeout(_PATIENCE_MS)
    stranger.goto(f"{studio.up.url}/share/{endpoint}")

    stranger.locator("textarea").fill("what is your exchange rate")
    stranger.locator(".share .button.primary").click()
    stranger.locator(".answer + .stack .button").first.click()
    expect(stranger.locator(".share [role=status]").last).to_be_visible()

    page = studio.go(f"/endpoints/{endpoint}")
    row = page.locator("tbody tr", has_text="what is your exchange rate")
    expect(row).to_contain_text("share")
    expect(row).to_contain_text("right")
    stranger.context.close()


def test_two_reports_are_compared_with_the_interval_of_their_difference(studio: Studio, second: str) -> None:
    page = studio.go(second)
    page.get_by_role("link", name="Compare with another").click()
    page.wait_for_url("**/reports/compare?*")

    row = page.get_by_role("row", name=re.compile("^Macro F1"))
    expect(row).to_contain_text(re.compile(r"[+-]?\d+\.\d to [+-]?\d+\.\d"))
    expect(page.get_by_role("columnheader", name="95% interval").first).to_be_visible()
    expect(page.get_by_role("heading", name="Who is right")).to_be_visible()


def test_words_that_speak_for_an_answer_are_marked(studio: Studio, report: str) -> None:
    page = studio.go(report)
    page.get_by_role("link", name="Why an answer?").click()
    page.wait_for_url("**/why")
    text = "When will my card arrive?"

    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Explain").click()

    expect(page.locator(".weighed mark.is-for").first).to_be_visible()
    assert page.locator(".weighed").inner_text() == text


def test_runs_that_are_ticked_stand_side_by_side(studio: Studio, second: str) -> None:
    page = studio.go("/tune")
    for name in ("first", "second"):
        page.get_by_role("checkbox", name=f"Compare {name}").click()
    page.get_by_role("button", name="Compare those that are ticked").click()
    page.wait_for_url("**/tune/compare?*")

    expect(page.get_by_role("columnheader")).to_have_text(["first", "second"])
    expect(page.get_by_role("row", name=re.compile("^dev Macro F1"))).to_contain_text(re.compile(r"\d\.\d{3}"))


@pytest.mark.long
def test_base_models_that_are_chosen_are_ranked_in_a_table(studio: Studio) -> None:
    page = studio.go("/base-models")
    page.get_by_label("Search", exact=True).fill(studio.base)
    page.get_by_role("button", name="Search").click()
    page.locator(".base", has_text=studio.base).get_by_role("button", name="Choose").click()
    page.get_by_role("button", name="Rank on this data").click()

    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(re.compile(r"\d\.\d{3}"))
    expect(row.get_by_role("button", name="Tune it")).to_be_visible()


@pytest.mark.long
def test_the_trials_of_a_search_are_listed_with_their_settings(studio: Studio) -> None:
    page = studio.go("/tune/new")
    page.get_by_label("Name", exact=True).fill("searched")
    page.get_by_label("Base model", exact=True).fill(studio.base)
    page.get_by_role("button", name=re.compile("^Head")).click()
    page.get_by_label("Trials", exact=True).fill("2")
    page.get_by_role("button", name="Search settings instead").click()
    page.wait_for_url("**/tune/runs/*")

    trials = page.get_by_role("region", name="Trials").locator("tbody tr")
    expect(trials).to_have_count(2)
    expect(trials.first).to_contain_text("the defaults")
    expect(trials.first).to_contain_text(re.compile(r"0\.\d{4}"))


@pytest.mark.long
def test_a_model_is_exported_and_taken_along(studio: Studio, report: str) -> None:
    page = studio.go("/tune")
    page.get_by_role("link", name="first", exact=True).click()
    page.wait_for_url("**/tune/runs/*")
    page.get_by_role("button", name="Export for serving").click()

    expect(page.get_by_role("region", name="What was measured")).to_contain_text("onnx")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the export").click()
    assert download.value.suggested_filename.endswith(".zip")


def test_the_audit_log_says_in_words_what_was_done(studio: Studio, endpoint: str) -> None:
    page = studio.go("/settings")

    expect(page.get_by_role("cell", name="put a model into service").first).to_be_visible()
    expect(page.get_by_text("endpoint.deploy", exact=True)).to_have_count(0)


def test_nothing_is_wider_than_a_telephone(studio: Studio, second: str, endpoint: str, telephone: Page) -> None:
    studio.go(second)
    compared = telephone.get_by_role("link", name="Compare with another").get_attribute("href")
    assert compared is not None
    _ask(studio.go(f"/endpoints/{endpoint}"), "When will my card arrive?")
    assert telephone.evaluate("document.documentElement.scrollWidth") <= 390

    for path in (compared.partition(studio.project)[2], second, "/tune", "/base-models"):
        studio.go(path)
        assert telephone.evaluate("document.documentElement.scrollWidth") <= 390, path
    studio.go("/jobs").get_by_role("link", name="Tune").first.click()
    expect(telephone.locator("pre.log")).not_to_be_empty()
    assert telephone.evaluate("document.documentElement.scrollWidth") <= 390, "the log of a job"


def test_deleting_a_text_names_the_models_that_learned_from_it(studio: Studio, second: str) -> None:
    page = studio.go("/data")
    page.get_by_role("link", name="intents").first.click()
    row = page.locator("tbody tr").first
    text = row.locator("td").first.inner_text()
    trash = row.get_by_role("button", name="Delete this text everywhere")

    trash.press("Enter")
    dialog = page.get_by_role("dialog", name="Delete this text everywhere?")
    expect(dialog).to_contain_text("first")
    expect(dialog).to_contain_text("second")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(trash).to_be_focused()

    trash.click()
    dialog.get_by_role("button", name="Delete").click()
    expect(row.locator("td").first).to_have_text("deleted")
    expect(page.get_by_text(text, exact=True)).to_have_count(0)
