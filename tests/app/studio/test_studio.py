"""The studio in a real browser over a real `tunery up`: who is let in, in which language, and what becomes of texts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import delete
from tests.app.rest.servers import PASSWORD, Up, set_up

from tunery import i18n
from tunery.store.tables import SignIn
from tunery.store.workspace import Workspace

_CHROMIUM = shutil.which("chromium")
_PATIENCE_MS = 30_000
_EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
_SLOW_LINE = """
let made = false, slow = true;
Object.defineProperty(window, "did_handshake", { get: () => made && !slow, set: (value) => { made = value; } });
window.connect = () => { slow = false; };
"""
"""Keeps from a page that it has its connection."""

_TYPE_AND_PRESS = """async (press) => {
  const field = document.querySelector("main input"), button = document.querySelector("main button.primary");
  field.value = `Slow line, ${press}`;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  for (const from = performance.now(); performance.now() - from < 5;);
  if (press === "click") button.click();
  else field.dispatchEvent(new KeyboardEvent("keydown", { key: press, bubbles: true, cancelable: true }));
  setTimeout(window.connect, 7);
}"""
"""Types and presses; the connection is there when the press is sent again, and before the typing is."""

pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 860})
    made.set_default_timeout(_PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def project(up: Up) -> str:
    with up.person() as ada:
        answer = ada.post("/session", json={"email": "ada@example.com", "password": PASSWORD})
        ada.headers["X-CSRF-Token"] = answer.json()["csrf"]
        made = ada.post("/projects", json={"name": _EVIL[:90]})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])


def _sign_in(page: Page, url: str, target: str = "/") -> None:
    page.goto(f"{url}{target}")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}{target}")
    expect(page.locator("h1")).to_be_visible(timeout=_PATIENCE_MS)


def test_the_first_account_is_made_in_the_browser_and_signs_in(tmp_path: Path, context: BrowserContext) -> None:
    with Up(tmp_path / "workspace") as up:
        page = context.new_page()
        page.goto(up.url)
        page.wait_for_url(f"{up.url}/set-up")
        page.get_by_label("Your name").fill("Ada")
        page.get_by_label("E-mail").fill("ada@example.com")
        page.get_by_label("Password").fill("short")
        page.get_by_role("button", name="Make the account").click()
        expect(page.get_by_role("alert")).not_to_be_empty(timeout=_PATIENCE_MS)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Make the account").click()
        expect(page.locator("h1")).to_have_text("Welcome", timeout=_PATIENCE_MS)
        expect(page.get_by_role("link", name="Begin")).to_be_visible()


def test_signing_in_leads_back_and_never_elsewhere(up: Up, project: str, context: BrowserContext) -> None:
    page = context.new_page()
    _sign_in(page, up.url, f"/p/{project}/data")
    page.goto(f"{up.url}/sign-in?next=//example.com/")
    assert page.url == f"{up.url}/"


def test_wrong_passwords_are_refused_in_words(up: Up, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{up.url}/sign-in")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("don't belong together", timeout=_PATIENCE_MS)


def test_what_users_named_is_text_everywhere(up: Up, project: str, context: BrowserContext) -> None:
    page = context.new_page()
    _sign_in(page, up.url)
    for path in ("/", f"/p/{project}", f"/p/{project}/data", f"/p/{project}/settings"):
        page.goto(up.url + path)
        expect(page.locator("h1")).to_be_visible(timeout=_PATIENCE_MS)
        assert "owned" not in page.title().split("·")[0]
        assert page.locator("img[src=x]").count() == 0
    page.locator(".switch-button").click()
    expect(page.get_by_role("menuitem", name=_EVIL[:40])).to_be_visible()


def test_a_dropped_file_with_markup_is_shown_as_text(
    up: Up, project: str, context: BrowserContext, tmp_path: Path
) -> None:
    rows = "".join(f'"{_text(number)}",{"<i>a</i>" if number % 2 else "b"}\n' for number in range(60))
    file = tmp_path / "<b>odd<i>.csv"
    file.write_text("text,label\n" + rows, encoding="utf-8")
    page = context.new_page()
    _sign_in(page, up.url, f"/p/{project}/data/import")
    page.set_input_files("input[type=file]", str(file))
    expect(page.get_by_text("Is this what you meant?")).to_be_visible(timeout=_PATIENCE_MS)
    expect(page.get_by_role("cell", name="<b>text</b>", exact=False).first).to_be_visible()
    expect(page.locator(".chip-name", has_text="<i>a</i>").first).to_be_visible()
    expect(page.get_by_role("img", name="Lengths in characters")).to_be_visible()
    expect(page.locator(".stat", has_text="Duplicates")).to_contain_text("0")
    assert page.locator("td b, td i, main script").count() == 0
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_enabled()


def test_every_word_changes_with_the_language(up: Up, project: str, context: BrowserContext) -> None:
    page = context.new_page()
    _sign_in(page, up.url)
    try:
        page.locator("button[aria-label^=Language]").click()
        page.get_by_role("menuitemradio", name="中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN", timeout=_PATIENCE_MS)
        for path in ("/", "/new", "/account", f"/p/{project}/data", f"/p/{project}/settings"):
            page.goto(up.url + path)
            expect(page.locator("h1")).to_be_visible(timeout=_PATIENCE_MS)
            words = page.locator("h1, h2, nav a, th, button, .field-name, .lead, .muted").all_inner_texts()
            with i18n.use_language("zh"):
                untranslated = [word for word in words if _is_english(word)]
            assert untranslated == [], path
    finally:
        with up.person() as ada:
            _back_to_english(ada)


@pytest.mark.parametrize("press", ["click", "Enter"])
def test_what_was_typed_arrives_before_the_press_that_followed_it(
    up: Up, project: str, context: BrowserContext, press: str
) -> None:
    page = context.new_page()
    _sign_in(page, up.url)
    page.add_init_script(_SLOW_LINE)
    page.goto(f"{up.url}/new")
    expect(page.get_by_role("button", name="Make the project")).to_be_visible(timeout=_PATIENCE_MS)
    page.evaluate(_TYPE_AND_PRESS, press)
    page.wait_for_url(f"{up.url}/p/*/start")


def test_the_theme_holds_on_every_page(up: Up, context: BrowserContext) -> None:
    page = context.new_page()
    _sign_in(page, up.url)
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark", timeout=_PATIENCE_MS)
    page.goto(f"{up.url}/account")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"


def test_nothing_is_loaded_from_elsewhere(up: Up, context: BrowserContext) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    _sign_in(page, up.url)
    assert [url for url in asked if not url.startswith((up.url, "data:", up.url.replace("http", "ws")))] == []


def test_an_open_page_goes_to_the_sign_in_when_that_has_ended(up: Up, project: str, context: BrowserContext) -> None:
    page = context.new_page()
    _sign_in(page, up.url, f"/p/{project}/settings")
    with Workspace.open(up.folder) as workspace, workspace.writing() as session:
        session.execute(delete(SignIn))
    page.wait_for_url(re.compile(r"/sign-in\?next="), timeout=_PATIENCE_MS)
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{up.url}/p/{project}/settings")


def test_missing_pages_and_projects_say_so(up: Up, context: BrowserContext) -> None:
    page = context.new_page()
    _sign_in(page, up.url)
    for path in ("/nothing", "/p/nothing/data"):
        answer = page.goto(up.url + path)
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_text("There is nothing here.")).to_be_visible(timeout=_PATIENCE_MS)


def test_the_keyboard_reaches_content_and_pages(up: Up, project: str, context: BrowserContext) -> None:
    page = context.new_page()
    _sign_in(page, up.url, f"/p/{project}")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url(f"{up.url}/p/{project}/data")
    expect(page.locator("h1")).to_be_visible(timeout=_PATIENCE_MS)
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible(timeout=_PATIENCE_MS)


def test_settings_that_can_not_be_had_are_said_so_and_others_are_kept(
    up: Up, project: str, context: BrowserContext
) -> None:
    page = context.new_page()
    _sign_in(page, up.url, f"/p/{project}/settings")
    page.get_by_role("switch", name="Redact with Presidio too").click()
    page.get_by_label("Models of spaCy").fill("zz_none_web_sm")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("python -m spacy download zz_none_web_sm")).to_be_visible(timeout=_PATIENCE_MS)
    page.get_by_label("Models of spaCy").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible(timeout=_PATIENCE_MS)
    page.reload()
    expect(page.get_by_role("switch", name="Redact with Presidio too")).to_be_checked(timeout=_PATIENCE_MS)


def test_a_backup_is_made_and_then_by_the_clock(up: Up, browser: Browser) -> None:
    context = browser.new_context(locale="en-US", timezone_id="Asia/Shanghai")
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    _sign_in(page, up.url, "/settings")
    page.get_by_role("button", name="Back up now").click()
    made = page.get_by_text(re.compile(r"backups/.*\.zip"))
    made.wait_for()
    assert Path(str(made.text_content())).is_file()

    page.get_by_role("button", name="Do it again and again").click()
    page.get_by_label("How often").click()
    page.get_by_role("option", name="Every week").click()
    page.get_by_label("At what time").fill("half past")
    page.get_by_role("dialog").get_by_role("button", name="Do it again and again").click()
    expect(page.get_by_role("alert").filter(has_text="Write hours and minutes")).to_be_visible()
    page.get_by_label("At what time").fill("3:30")
    page.get_by_role("dialog").get_by_role("button", name="Do it again and again").click()
    expect(page.get_by_text("every Monday at 03:30 (Asia/Shanghai)")).to_be_visible()

    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("switched off")).to_be_visible()
    page.goto(f"{up.url}/jobs")
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text(re.compile("next in \\d+"))).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("every Monday at 03:30")).to_have_count(0)
    context.close()


def test_narrow_screens_get_a_drawer_and_no_sideways_scrolling(up: Up, project: str, browser: Browser) -> None:
    context = browser.new_context(locale="en-US", viewport={"width": 390, "height": 800})
    page = context.new_page()
    _sign_in(page, up.url, f"/p/{project}/settings")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.get_by_role("link", name="Endpoints")).to_be_hidden()
    page.get_by_role("button", name="Navigation").click()
    expect(page.get_by_role("link", name="Endpoints")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Endpoints")).to_be_hidden()
    context.close()


def test_two_people_read_their_own_languages_at_once(up: Up, browser: Browser) -> None:
    pages: list[Page] = []
    for locale in ("en-US", "zh-CN"):
        page = browser.new_context(locale=locale).new_page()
        page.goto(f"{up.url}/sign-in")
        pages.append(page)
    expect(pages[0].locator("h1")).to_have_text("Sign in", timeout=_PATIENCE_MS)
    assert pages[1].evaluate("document.documentElement.lang") == "zh-CN"
    assert pages[0].evaluate("document.documentElement.lang") == "en-US"
    for page in pages:
        page.context.close()


@pytest.mark.long
def test_a_page_comes_back_when_the_server_was_started_anew(tmp_path: Path, context: BrowserContext) -> None:
    with Up(tmp_path / "workspace") as up:
        with up.person() as ada:
            set_up(ada)
        port = up.url.rpartition(":")[2]
        page = context.new_page()
        _sign_in(page, up.url, "/account")
        page.evaluate("window.before = true")
    with Up(tmp_path / "workspace", "--port", port):
        page.wait_for_function("window.before === undefined && document.querySelector('h1')", timeout=_PATIENCE_MS)
        expect(page.locator("h1")).to_have_text("Account")


def _text(number: int) -> str:
    """Return a text that is not nearly the same as the others."""
    words = [
        "river",
        "stone",
        "market",
        "bicycle",
        "winter",
        "doctor",
        "guitar",
        "lemon",
        "harbour",
        "engine",
        "forest",
    ]
    chosen = " ".join(words[(number * step + step) % len(words)] for step in (1, 7, number + 1))
    return f"<b>text</b> {chosen} {number * 37} {_EVIL[:30]}"


def _is_english(text: str) -> bool:
    text = text.strip()
    known = ("English", "Tunery", _EVIL[:90], "Ada", "ada@example.com")
    return bool(re.search(r"[A-Za-z]{4,}", text)) and not re.search(r"[一-鿿]", text) and text not in known


def _back_to_english(person: httpx.Client) -> None:
    answer = person.post("/session", json={"email": "ada@example.com", "password": PASSWORD})
    person.headers["X-CSRF-Token"] = answer.json()["csrf"]
    assert person.patch("/session/user", json={"language": "en"}).status_code == 200
