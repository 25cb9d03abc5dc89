"""Base models: what tuning begins with, found, chosen, and ranked on one's own data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from tunery.app.actions import bases, data, jobs
from tunery.app.base_cards import BaseCard
from tunery.app.studio import measures, notices
from tunery.app.studio.components.base_cards import base_card, languages_text
from tunery.app.studio.components.cards import card, empty_state, head_cell, note, scrolled
from tunery.app.studio.components.forms import choice_field, text_field
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.components.progress import progress_line
from tunery.app.studio.components.times import duration
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.views import sizes
from tunery.app.studio.visits import in_background, visit
from tunery.i18n import N_, _
from tunery.store.tables import DataSet, Job, Version


@studio_page("/p/{project}/base-models", title=N_("Base models"))
async def base_models(project: str) -> None:
    """Build the page."""
    measures.dress()
    here = visit()
    task = here.project.task if here.project is not None else None
    cards = bases.suggested(here.context, project, task=task)
    versions = await in_background(data.versions_in, here.context, project)
    heading(
        _("Base models"),
        _("Pretrained models that yours begins with. Choose one to tune, or several to be ranked on your data."),
    )
    await _Chooser(project, cards, versions, may_choose=here.role in ("editor", "owner")).build()


class _Chooser:
    """The cards, the search above them, and the ranking of those that were chosen."""

    def __init__(
        self, project: str, cards: list[BaseCard], versions: list[tuple[DataSet, Version]], *, may_choose: bool
    ) -> None:
        self._project = project
        self._suggested = cards
        self._cards = cards
        self._versions = versions
        self._may_choose = may_choose
        self._chosen: list[str] = []

    async def build(self) -> None:
        """Build everything."""
        with Tag("form", classes="filters", onsubmit="return false"):
            self._words = text_field(_("Search"), hint="")
            self._words.root.classes("grow")
            self._words.element.props["placeholder"] = _("a part of a name, or file:/folder of this machine")
            languages = {"": _("all languages"), "en": _("English"), "zh": _("Chinese")}
            self._reads = choice_field(_("Language"), languages, "")
            button(_("Search"), symbol="search", disabled=not self._may_choose or None).on("click", self._search)
        self._words.element.on("keydown.enter", self._search)
        self._found = Tag("div", classes="stack")
        self._bar = Tag("div")
        self._ranking = Tag("div")
        self._show_cards(())
        self._show_bar()
        context = visit().context
        ranked = await in_background(
            lambda: jobs.page(context, self._project, state="done", kind="rank", limit=1).items
        )
        for latest in ranked:
            self._show_ranking(latest)

    async def _search(self) -> None:
        words, reads = str(self._words.value or "").strip(), self._reads.value or None
        if not words:
            self._cards = [one for one in self._suggested if one.fits(None, reads)]
            self._show_cards(())
            return
        found = await in_background(lambda: bases.search(visit().context, self._project, words, reads=reads))
        self._cards = list(found.cards)
        self._show_cards(found.problems)

    def _show_cards(self, problems: tuple[str, ...]) -> None:
        self._found.clear()
        with self._found:
            for problem in problems:
                note(
                    problem,
                    _("What is known here, and what lies on this machine, can be used all the same."),
                    kind="warn",
                )
            if not self._cards:
                empty_state(_("No base model is called that."), _("Try a shorter part of its name."), icon="search")
            with Tag("div", classes="bases"):
                for one in self._cards:
                    base_card(one, chosen=one.source in self._chosen, choose=self._chooser(one, problems))

    def _chooser(self, card_: BaseCard, problems: tuple[str, ...]) -> Any:
        if not self._may_choose:
            return None

        def choose() -> None:
            if card_.source in self._chosen:
                self._chosen.remove(card_.source)
            else:
                self._chosen.append(card_.source)
            self._show_cards(problems)
            self._show_bar()

        return choose

    def _show_bar(self) -> None:
        self._bar.clear()
        if not self._chosen:
            return
        title = _("{count} chosen").format(count=len(self._chosen))
        with self._bar, card(title, ", ".join(self._chosen)), Tag("div", classes="filters"):
            if len(self._chosen) == 1:
                query = urlencode({"base": self._chosen[0]})
                Tag("a", _("Tune it"), classes="button primary", href=f"/p/{self._project}/tune/new?{query}")
            if self._versions:
                names = {version.id: f"{owner.name} · {version.number}" for owner, version in self._versions}
                self._version = choice_field(_("Data"), names, self._versions[0][1].id)
                button(_("Rank on this data")).on("click", self._rank)
            else:
                Tag("p", _("Upload labelled rows to rank base models on them."), classes="muted")

    async def _rank(self) -> None:
        arguments = {"version": self._version.value, "bases": list(self._chosen)}
        job = await in_background(jobs.start, visit().context, "rank", arguments, project=self._project)
        self._ranking.clear()
        with self._ranking, card(_("Ranking"), _("Nothing is tuned: a sample goes once through each.")):
            progress_line(job.id, on_end=self._ended)

    def _ended(self, job: Job) -> None:
        if job.state == "done":
            self._show_ranking(job)
            notices.tell(_("The base models are ranked."))

    def _show_ranking(self, job: Job) -> None:
        self._ranking.clear()
        ranking = (job.result or {}).get("ranking")
        if not ranking:
            return
        with (
            self._ranking,
            card(
                _("Ranking"),
                _(
                    "By how much of the labels a linear model on the best layer explains, on {rows} rows; in {time}."
                ).format(rows=ranking["rows"], time=duration(ranking["seconds"])),
            ),
        ):
            _ranking_table(self._project, ranking["candidates"])


def _ranking_table(project: str, candidates: list[Mapping[str, Any]]) -> None:
    headings = (_("Base model"), _("Score"), _("Size"), _("Licence"), _("Rows a second"), _("Tuning in full"), "")
    with scrolled(_("Ranking")), Tag("table"):
        with Tag("thead"), Tag("tr"):
            for number, name in enumerate(headings):
                head_cell(name, "number" if number in (1, 4, 5) else "")
        with Tag("tbody"):
            for number, one in enumerate(candidates):
                with Tag("tr", classes="is-strong" if number == 0 and one["error"] is None else ""):
                    _candidate(project, one)


def _candidate(project: str, one: Mapping[str, Any]) -> None:
    with Tag("td"):
        Tag("span", BaseCard(one["base"]).name)
        Tag("p", languages_text(tuple(one["languages"])), classes="muted small")
    if one["error"] is not None:
        Tag("td", one["error"], classes="muted", colspan="6")
        return
    Tag("td", f"{one['score']:.3f}", classes="number")
    Tag("td", sizes.parameters(one["parameters"]))
    Tag("td", one["licence"] or _("not known"))
    Tag("td", f"{one['rows_per_second']:,.0f}", classes="number")
    Tag("td", duration(one["tuning_seconds"]), classes="number")
    with Tag("td", classes="number"):
        query = urlencode({"base": one["base"]})
        button(_("Tune it")).on("click", lambda: ui.navigate.to(f"/p/{project}/tune/new?{query}"))
