"""The labelling page in a real browser, over a real `tunery up`: keys, pointer, crashes, restarts, two people."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, expect, sync_playwright
from sqlalchemy import select
from tests.app.rest.servers import Up, join, set_up

from tunery.store import data_sets, projects, rows
from tunery.store.annotation import answers, queues
from tunery.store.annotation.queues import Kind, NewItem
from tunery.store.tables import Annotation, Member, Row, User
from tunery.store.workspace import Workspace
from tunery.types import Example

_CHROMIUM = shutil.which("chromium")
_TEXTS = [f"text number {number}" for number in range(10)]
_PATIENCE_MS = 30_000

pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with _launch(playwright) as launched:
        yield launched


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Studio]:  # closed before it
    with Studio(tmp_path_factory.mktemp("studio") / "workspace") as running:
        yield running


class Studio:
    """A running application with two annotators, and what its workspace holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.up = Up(folder)
        self._windows: dict[str, BrowserContext] = {}
        with self.up.person() as ada, closing(join(self.up, set_up(ada), "bob@example.com")) as bob:
            self.cookies = {"ada": dict(ada.cookies), "bob": dict(bob.cookies)}
        self.workspace = Workspace.open(folder)
        with self.workspace.writing() as session:
            self.people = {user.email.partition("@")[0]: user.id for user in session.scalars(select(User))}
            self.project = projects.create(session, name="Reviews", user=self.people["ada"]).id
            session.merge(Member(project=self.project, user=self.people["bob"], role="annotator"))
            task = "text-classification"
            self.data_set = data_sets.create(
                session, project=self.project, name="first", task=task, user=self.people["ada"]
            ).id

    def queue(self, texts: Sequence[str], labels: Sequence[str], kind: Kind = "label", *, overlap: int = 1,
              suggestions: Sequence[dict[str, Any] | None] = ()) -> str:  # fmt: skip
        with self.workspace.writing() as session:
            made = queues.create(
                session, project=self.project, data_set=self.data_set, name=f"queue {uuid4().hex[:6]}", labels=labels,
                kind=kind, overlap=overlap, order="given",
            )  # fmt: skip
            names = rows.put(
                self.workspace, session, project=self.project, examples=[Example(text=text) for text in texts]
            )
            given = [*suggestions, *[None] * (len(names) - len(suggestions))]
            items = [NewItem(row, "given", suggestion=one) for row, one in zip(names, given, strict=True)]
            queues.add(session, queue=made.id, items=items)
            return made.id

    def said(self, queue: str) -> list[tuple[str, str | None, str]]:
        """Return text, target and person of all answers that stand."""
        names = {user: name for name, user in self.people.items()}
        with self.workspace.reading() as session:
            return [
                (session.get_one(Row, one.row).text, one.target, names[one.user])
                for one in answers.standing(session, queue=queue)
            ]

    def ever(self, queue: str) -> int:
        """Return how many answers were stored, those taken back included."""
        with self.workspace.reading() as session:
            return len(session.scalars(select(Annotation).where(Annotation.queue == queue)).all())

    def visit(self, context: BrowserContext, queue: str, tail: str = "") -> Page:
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.goto(f"{self.up.url}/p/{self.project}/annotate/{queue}{tail}")
        return page

    @contextmanager
    def signed_in(self, browser: Browser, name: str) -> Iterator[BrowserContext]:
        """Yield somebody's browser window, whose pages are closed in the end; what it has loaded it keeps."""
        if name not in self._windows:
            self._windows[name] = browser.new_context()
            self.let_in(self._windows[name], name)
        yield self._windows[name]
        for page in self._windows[name].pages:
            page.close()

    def let_in(self, context: BrowserContext, name: str) -> None:
        cookies = self.cookies[name].items()
        context.add_cookies([{"name": key, "value": value, "url": self.up.url} for key, value in cookies])

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_about: object) -> None:
        for window in self._windows.values():
            window.close()
        self.workspace.close()
        self.up.__exit__()


def _launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])


def _shows(page: Page, text: str) -> None:
    expect(page.locator(".tl-card > .tl-text").first).to_contain_text(text, timeout=_PATIENCE_MS)


def _saved(page: Page) -> None:
    expect(page.locator(".tl-saved")).to_have_attribute("data-state", "saved", timeout=_PATIENCE_MS)


def _finished(page: Page) -> None:
    expect(page.locator(".tl-rest")).to_contain_text("All done", timeout=_PATIENCE_MS)
    _saved(page)


def test_ten_texts_are_labelled_by_keys_alone(studio: Studio, browser: Browser) -> None:
    queue = studio.queue(_TEXTS, ["good", "bad", "neither"])
    with studio.signed_in(browser, "bob") as context:
        page = studio.visit(context, queue)
        for number in range(10):
            _shows(page, f"text number {number}")
            page.keyboard.press("123"[number % 3])
        _finished(page)
    labels = ['"good"', '"bad"', '"neither"']
    assert studio.said(queue) == [(text, labels[number % 3], "bob") for number, text in enumerate(_TEXTS)]


def test_several_labels_are_toggled_and_a_note_is_kept(studio: Studio, browser: Browser) -> None:
    queue = studio.queue(["both", "none"], ["joy", "anger", "Zorn"], "labels")
    with studio.signed_in(browser, "ada") as context:
        page = studio.visit(context, queue)
        _shows(page, "both")
        for key in ("2", "1", "3", "1", "1"):
            page.keyboard.press(key)
        page.keyboard.press("n")
        page.keyboard.type("1 is not a key here")
        page.keyboard.press("Control+Enter")
        page.keyboard.press("Enter")
        _shows(page, "none")
        page.keyboard.press("Enter")
        _finished(page)
    assert studio.said(queue) == [("both", '["Zorn","anger","joy"]', "ada"), ("none", "[]", "ada")]
    with studio.workspace.reading() as session:
        assert answers.standing(session, queue=queue)[0].note == "1 is not a key here"


def test_one_of_many_labels_is_found_by_typing(studio: Studio, browser: Browser) -> None:
    labels = [f"{kind} {number:02d}" for kind in ("card", "transfer", "退款") for number in range(26)]
    queue = studio.queue(_TEXTS[:3], labels, suggestions=[{"target": "card 07", "score": 0.6}])
    with studio.signed_in(browser, "ada") as context:
        page = studio.visit(context, queue)
        _shows(page, "text number 0")
        page.keyboard.press("Enter")
        _shows(page, "text number 1")
        page.keyboard.type("tran")
        expect(page.locator(".tl-label")).to_have_count(26)
        page.keyboard.press("2")
        _shows(page, "text number 2")
        page.keyboard.press("/")
        page.keyboard.insert_text("退款")
        page.keyboard.press("Enter")
        _finished(page)
    assert [target for _text, target, _who in studio.said(queue)] == ['"card 07"', '"transfer 01"', '"退款 00"']


def test_entities_are_marked_by_keys_in_code_points(studio: Studio, browser: Browser) -> None:
    english, chinese = "🎉👩‍👩‍👧 Ada Lovelace met 🙏🏽 Bob", "👍小明在北京大学"
    queue = studio.queue([english, chinese], ["PER", "ORG"], "spans")
    with studio.signed_in(browser, "ada") as context:
        page = studio.visit(context, queue)
        _shows(page, "Lovelace")
        _go_to(page, "Ada")
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("2")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("1")  # one word within an entity: its label is changed
        page.keyboard.press("End")
        page.keyboard.press("2")
        page.keyboard.press("Delete")
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        _shows(page, "小明")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("1")
        page.keyboard.press("End")
        for _word in range(3):
            page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("2")
        page.keyboard.press("Enter")
        _finished(page)
    first, second = (targets_of(target) for _text, target, _who in studio.said(queue))
    assert [(english[start:end], label) for start, end, label in first] == [("Ada Lovelace", "PER"), ("Bob", "PER")]
    assert [(chinese[start:end], label) for start, end, label in second] == [("小明", "PER"), ("北京大学", "ORG")]


def test_entities_are_marked_with_the_pointer_and_never_overlap(studio: Studio, browser: Browser) -> None:
    text = "😀 Ada met Bob Smith in 北京 😀"
    queue = studio.queue([text], ["PER", "LOC"], "spans")
    with studio.signed_in(browser, "ada") as context:
        page = studio.visit(context, queue)
        _shows(page, "Smith")
        _drag(page, "met", "Smith")
        page.locator(".tl-label", has_text="PER").click()
        _drag(page, "Smith", "Bob")
        page.keyboard.press("1")
        _drag(page, "北", "京")
        page.keyboard.press("2")
        _word(page, "Ada").click()
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        _finished(page)
    ((_text, target, _who),) = studio.said(queue)
    assert [(text[start:end], label) for start, end, label in targets_of(target)] == [
        ("Ada", "PER"),
        ("Bob Smith", "PER"),
        ("北京", "LOC"),
    ]


def test_a_suggestion_is_accepted_or_mended(studio: Studio, browser: Browser) -> None:
    suggestion = {"target": [[0, 3, "PER"]], "score": 0.5}
    queue = studio.queue(["Ada sang", "Bob ran"], ["PER", "LOC"], "spans", suggestions=[suggestion, suggestion])
    with studio.signed_in(browser, "ada") as context:
        page = studio.visit(context, queue)
        _shows(page, "Ada")
        expect(page.locator(".entity.suggested")).to_have_count(1)
        page.keyboard.press("Enter")
        _shows(page, "Bob")
        page.keyboard.press("2")
        page.keyboard.press("Enter")
        _finished(page)
    with studio.workspace.reading() as session:
        said = answers.standing(session, queue=queue)
    assert [(one.target, one.accepted) for one in said] == [('[[0,3,"PER"]]', True), ('[[0,3,"LOC"]]', False)]


def test_edits_and_answers_are_taken_back_one_by_one(studio: Studio, browser: Browser) -> None:
    queue = studio.queue(_TEXTS[:3], ["good", "bad"])
    with studio.signed_in(browser, "ada") as context:
        page = studio.visit(context, queue)
        for number, key in enumerate("1s2"):
            _shows(page, f"text number {number}")
            page.keyboard.press(key)
        expect(page.locator(".tl-rest")).to_contain_text("Nothing left for you", timeout=_PATIENCE_MS)
        for number, key in ((2, "u"), (1, "Control+z"), (0, "u")):
            page.keyboard.press(key)
            _shows(page, f"text number {number}")
        page.keyboard.press("u")
        expect(page.locator(".tl-notice")).to_contain_text("nothing to undo")
        _saved(page)
        assert studio.said(queue) == []
        page.reload()
        for number, key in enumerate("222"):
            _shows(page, f"text number {number}")
            page.keyboard.press(key)
        _finished(page)
        page.reload()
        expect(page.locator(".tl-rest")).to_contain_text("All done", timeout=_PATIENCE_MS)
        expect(page.locator(".tl-rest button", has_text="Undo")).to_be_visible(timeout=_PATIENCE_MS)
        page.keyboard.press("u")  # what was said before the page was opened
        _shows(page, "text number 2")
        _saved(page)
    assert [text for text, _target, _who in studio.said(queue)] == _TEXTS[:2]


def test_a_browser_that_dies_loses_nothing(studio: Studio, playwright: Playwright, tmp_path: Path) -> None:
    queue = studio.queue([*_TEXTS[:4], "Ada sang"], ["good", "bad", "PER"], "labels")

    def start() -> BrowserContext:
        return playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=_CHROMIUM, args=["--no-sandbox"]
        )

    context = start()
    studio.let_in(context, "bob")
    page = studio.visit(context, queue)
    _shows(page, "text number 0")
    page.route("**/annotations", lambda route: route.abort())  # the connection is gone before the end
    for number in range(2):
        _shows(page, f"text number {number}")
        page.keyboard.press("2")
        page.keyboard.press("Enter")
    _shows(page, "text number 2")
    page.keyboard.press("1")
    expect(page.locator(".tl-saved")).to_contain_text("2 not yet saved")
    assert studio.said(queue) == []
    _kill(page)
    context = start()
    studio.let_in(context, "bob")
    page = studio.visit(context, queue)
    _shows(page, "text number 2")
    expect(page.locator(".tl-label[aria-pressed=true]")).to_have_text("1good")
    page.keyboard.press("Enter")
    _shows(page, "text number 3")
    _saved(page)
    context.close()
    assert studio.said(queue) == [
        ("text number 0", '["bad"]', "bob"),
        ("text number 1", '["bad"]', "bob"),
        ("text number 2", '["good"]', "bob"),
    ]


@pytest.mark.long
def test_what_is_said_while_the_server_is_away_is_delivered_once(browser: Browser, tmp_path: Path) -> None:
    with Studio(tmp_path / "workspace") as studio:
        queue = studio.queue(_TEXTS, ["good", "bad"])
        with studio.signed_in(browser, "ada") as context:
            page = studio.visit(context, queue)
            _shows(page, "text number 0")
            port = studio.up.url.rpartition(":")[2]
            studio.up.stop(signal.SIGKILL)
            studio.up.__exit__()
            for number in range(3):
                _shows(page, f"text number {number}")
                page.keyboard.press("1")
            page.keyboard.press("u")
            _shows(page, "text number 2")
            page.keyboard.press("2")
            expect(page.locator(".tl-saved")).to_contain_text("5 not yet saved")
            studio.up = Up(studio.folder, "--port", port)
            _saved(page)
            _shows(page, "text number 3")
        assert [target for _text, target, _who in studio.said(queue)] == ['"good"', '"good"', '"bad"']
        assert studio.ever(queue) == 4


def test_two_people_at_once_never_get_the_same_text(studio: Studio, browser: Browser) -> None:
    queue = studio.queue(_TEXTS, ["good", "bad"])
    with studio.signed_in(browser, "ada") as first, studio.signed_in(browser, "bob") as second:
        pages = [studio.visit(first, queue), studio.visit(second, queue)]
        for page in pages:
            expect(page.locator(".tl-work")).to_be_visible(timeout=_PATIENCE_MS)
        for _round in range(5):
            for page, key in zip(pages, "12", strict=True):
                expect(page.locator(".tl-work")).to_be_visible()
                page.keyboard.press(key)
        for page in pages:
            _finished(page)
    said = studio.said(queue)
    assert [text for text, _target, _who in said] == _TEXTS
    assert {(target, who) for _text, target, who in said} == {('"good"', "ada"), ('"bad"', "bob")}
    assert studio.ever(queue) == 10


def test_markup_in_texts_and_labels_is_text(studio: Studio, browser: Browser) -> None:
    evil = "<script>window.evil = 1</script><img src=x onerror='window.evil = 1'>"
    for kind in ("label", "spans"):
        queue = studio.queue([f"{evil} {kind}"], [evil, "b"], kind)  # type: ignore[arg-type]  # both are kinds
        with studio.signed_in(browser, "ada") as context:
            page = studio.visit(context, queue)
            _shows(page, f"{evil} {kind}")
            expect(page.locator(".tl-label").first).to_contain_text(evil)
            page.keyboard.press("1")
            page.keyboard.press("Enter")
            _finished(page)
            page.keyboard.press("h")
            expect(page.locator(".tl-past")).to_contain_text(evil)
            assert page.evaluate("window.evil") is None
            assert page.locator("tunery-labelling img").count() == 0


def test_an_answer_that_is_refused_is_kept_and_said(studio: Studio, browser: Browser) -> None:
    queue = studio.queue(_TEXTS[:2], ["good", "bad"])
    with studio.signed_in(browser, "ada") as context:
        page = studio.visit(context, queue)
        _shows(page, "text number 0")
        with studio.workspace.writing() as session:
            queues.get(session, queue).labels = ["bad"]
        page.keyboard.press("1")
        expect(page.locator(".tl-saved")).to_contain_text("1 refused")
        page.locator(".tl-saved").click()
        expect(page.locator(".tl-refused")).to_contain_text("'good' is not a label of this queue")
        page.keyboard.press("Escape")
        page.keyboard.press("u")
        _shows(page, "text number 0")
        page.keyboard.press("2")
        _shows(page, "text number 1")
        _saved(page)
    assert studio.said(queue) == [("text number 0", '"bad"', "ada")]


def test_different_answers_are_settled_side_by_side(studio: Studio, browser: Browser) -> None:
    queue = studio.queue(["Ada sang"], ["PER", "LOC"], "spans", overlap=2)
    for name, keys in (("ada", ["1"]), ("bob", ["Shift+ArrowRight", "2"])):
        with studio.signed_in(browser, name) as context:
            page = studio.visit(context, queue)
            _shows(page, "Ada sang")
            for key in (*keys, "Enter"):
                page.keyboard.press(key)
            expect(page.locator(".tl-rest")).to_be_visible()
            _saved(page)
    with studio.signed_in(browser, "ada") as context:
        page = studio.visit(context, queue, "/settle")
        expect(page.locator(".tl-answer")).to_have_count(2, timeout=_PATIENCE_MS)
        page.keyboard.press("Alt+2")
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        expect(page.locator(".tl-rest")).to_contain_text("Nothing to settle", timeout=_PATIENCE_MS)
        _saved(page)
    with studio.workspace.reading() as session:
        (decision,) = [one for one in answers.standing(session, queue=queue) if one.adjudication]
    assert decision.target == '[[0,8,"PER"]]'
    with studio.signed_in(browser, "bob") as context:
        page = studio.visit(context, queue, "/settle")
        expect(page.locator("#content")).to_contain_text("This needs the role editor")


def targets_of(target: str | None) -> list[tuple[int, int, str]]:
    return [tuple(one) for one in json.loads(target or "[]")]


def _word(page: Page, text: str) -> Any:
    return page.locator(".tl-card > .tl-text .piece[data-word]", has_text=text).first


def _go_to(page: Page, word: str) -> None:
    for _step in range(20):
        if page.locator(".piece.cursor").first.inner_text() == word:
            return
        page.keyboard.press("ArrowRight")
    pytest.fail(f"no word {word}")


def _drag(page: Page, first: str, last: str) -> None:
    start, end = (_word(page, text).bounding_box() for text in (first, last))
    assert start is not None
    assert end is not None
    # From the middle of one word to the middle of the other: what is selected is whole words.
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=5)
    page.mouse.up()


def _kill(page: Page) -> None:
    """End the browser as a power cut does."""
    with pytest.raises(Error):
        page.context.new_cdp_session(page).send("Browser.crash")
