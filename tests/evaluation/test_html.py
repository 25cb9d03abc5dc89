from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from html.parser import HTMLParser
from typing import Any

import pytest

from tunery.data.dataset import Split
from tunery.evaluation import Comparison, Report, compare, evaluate
from tunery.evaluation.html import breakable
from tunery.i18n import use_language
from tunery.tasks import Task
from tunery.types import Example, Prediction, Span

ATTACK = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
VOID = {"meta", "br", "wbr", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """What a browser would make of a page: its elements, and whether they are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


@pytest.fixture(scope="module")
def report(words: Any, complaints: tuple[Split, Split]) -> Report:
    from tunery import tasks

    return evaluate(words, complaints[1], tasks.get("text-classification"), baselines={"probe": words})


@pytest.fixture(scope="module")
def comparison(names: Any, medical: tuple[Split, Split]) -> Comparison:
    from tunery import tasks

    class Short:
        labels = names.labels

        def predict(self, inputs: list[Any]) -> list[Prediction]:
            return [Prediction(tuple(s for s in p.spans if s.end - s.start < 3)) for p in names.predict(inputs)]

    return compare(names, Short(), medical[1], tasks.get("token-classification"), names=("long", "short"))


def attacked(fixed: Any, task: Task) -> tuple[Report, Comparison]:
    rows = [Example(f"{ATTACK} {number}", ATTACK, id=ATTACK) for number in range(3)]
    predictor = fixed((ATTACK, "a"), [Prediction("a", 0.9), Prediction(ATTACK, 0.8), Prediction("a", 0.7)])
    predictor.name = ATTACK
    other = fixed(("a",), [Prediction(ATTACK), Prediction("a"), Prediction("a")])
    return evaluate(predictor, rows, task), compare(predictor, other, rows, task, names=(ATTACK, "b"))


def test_pages_are_well_formed_in_both_languages(report: Report, comparison: Comparison) -> None:
    for language, tag in (("en", "en"), ("zh", "zh-CN")):
        with use_language(language):
            for page in (Page(report.to_html()), Page(comparison.to_html())):
                assert page.open == []
                assert ("html", {"lang": tag}) in page.tags


def test_a_page_asks_for_nothing_outside_itself(report: Report, comparison: Comparison) -> None:
    for page in (Page(report.to_html()), Page(comparison.to_html())):
        for tag, attributes in page.tags:
            assert tag not in ("link", "iframe", "img", "object", "base")
            assert not {"src", "href", "style", "onclick", "onload"} & set(attributes), (tag, attributes)
        assert not re.search(r"@import|url\(", "".join(page.texts["style"]))


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(report: Report) -> None:
    page = Page(report.to_html())
    (policy,) = (a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        (text,) = page.texts[tag]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_what_comes_from_data_is_shown_and_never_run(fixed: Any, task: Task) -> None:
    for item in attacked(fixed, task):
        for page in (item.to_html(), item._repr_html_()):
            parsed = Page(page)
            assert sum(tag == "script" for tag, _ in parsed.tags) <= 1
            assert not any(tag == "img" or "onerror" in attributes for tag, attributes in parsed.tags)
            assert "alert(1)" in "".join(text for texts in parsed.texts.values() for text in texts)


def test_control_characters_are_shown_and_not_sent(fixed: Any, task: Task) -> None:
    rows = [Example("a\x1b[31mred \u202eevil\ud800", "x"), Example("b", "y")]
    report = evaluate(fixed(("x", "y"), [Prediction("y", 0.9), Prediction("y", 0.8)]), rows, task)
    for shown in (str(report), report.to_html()):
        shown.encode("utf-8")
        assert "\x1b" not in shown
        assert r"a\u001b[31mred \u202eevil\ud800" in shown


def test_the_page_has_every_part_of_a_report(report: Report) -> None:
    page = report.to_html()
    for heading in (
        "Before and after",
        "By label",
        "What is mixed up",
        "How far to trust its confidence",
        "The wrong answers it was surest of",
        "Long texts",
    ):
        assert f"<h2>{heading}</h2>" in page
    assert f"{report.metrics['macro_f1']:.3f}" in page
    assert page.count("<li>") == len(report.errors)


def test_the_confusion_map_has_a_cell_for_each_pair_that_occurs(report: Report) -> None:
    assert report.confusion is not None
    cells = sum(count > 0 for row in report.confusion.counts for count in row)
    assert len(re.findall(r'<g class="(?:right|wrong)">', report.to_html())) == cells


def test_spans_are_marked_in_the_text_where_they_are_wrong(fixed: Any, entities: Task) -> None:
    rows = [Example("Paris met Lyon.", (Span(0, 5, "PER"), Span(10, 14, "LOC")))]
    answer = Prediction((Span(0, 5, "LOC", 0.9), Span(10, 14, "LOC", 0.8)))
    page = evaluate(fixed(("LOC", "PER"), [answer]), rows, entities).to_html()
    assert '<mark class="good">Paris<small>PER</small></mark> met <mark>Lyon<small>LOC</small></mark>.' in page
    assert '<mark class="bad">Paris<small>LOC</small></mark> met <mark>Lyon<small>LOC</small></mark>.' in page


def test_long_names_go_on_in_the_next_line_where_a_word_ends() -> None:
    assert breakable("not_updated/a-b.") == "not_<wbr>updated/<wbr>a-<wbr>b."
    assert breakable("<b>_<i>") == "&lt;b&gt;_&lt;i&gt;"


def test_a_report_without_probabilities_or_confusion_has_a_page_too(fixed: Any, task: Task) -> None:
    rows = [Example("x", ("a", "b")), Example("y", ())]
    page = evaluate(fixed(("a", "b"), [Prediction(("a",)), Prediction(())]), rows, task).to_html()
    assert "The predictor gave no probabilities" in page
    assert "What is mixed up" not in page
    assert Page(page).open == []


def test_a_report_without_errors_says_so(fixed: Any, task: Task) -> None:
    page = evaluate(fixed(("a",), [Prediction("a", 0.9)]), [Example("x", "a")], task).to_html()
    assert "There are no errors on these rows." in page


def test_notebooks_show_the_verdict_and_the_table(report: Report, comparison: Comparison) -> None:
    shown = report._repr_html_()
    assert Page(shown).open == []
    assert "<script" not in shown
    assert all(f"<td>{label}</td>" in shown for label in report.per_label)
    assert escape(comparison.verdict) in comparison._repr_html_()


def test_the_comparison_page_shows_where_they_differ(comparison: Comparison) -> None:
    page = comparison.to_html()
    assert escape(comparison.verdict) in page
    assert page.count("<li>") == len(comparison.first_right) + len(comparison.second_right)
    assert "only long is right" in page
