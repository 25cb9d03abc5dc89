"""The public page of an endpoint: anybody may try it, and say what they think of an answer.

Nothing but this one endpoint can be seen or asked from here. How often an address may ask is limited.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from nicegui import ui

from tunery.app.actions import endpoints
from tunery.app.actions.endpoints import StoredEndpoint
from tunery.app.asking import Answered
from tunery.app.studio import measures
from tunery.app.studio.components.answers import answer_view
from tunery.app.studio.components.cards import card
from tunery.app.studio.components.forms import choice_field, text_field
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.page import studio_page
from tunery.app.studio.serving import asker
from tunery.app.studio.visits import in_background, visit
from tunery.app.visitors import Visitors
from tunery.errors import ServerError
from tunery.i18n import N_, _

_TASKS = {
    "text-classification": N_("Says which class a text is of."),
    "token-classification": N_("Finds names and other things in a text."),
}
_SHOWN_LABELS = 60
_visitors = Visitors()


@studio_page("/share/{endpoint}", title=N_("Try it"), public=True, plain=True)
async def public_page(endpoint: str) -> None:
    """Build the page."""
    measures.dress()
    stored = await in_background(endpoints.shared, visit().parts.context(None), endpoint)
    _PublicPage(stored).build()


class _PublicPage:
    """The page of a visitor."""

    def __init__(self, stored: StoredEndpoint) -> None:
        self._stored = stored
        self._name = stored.record.name
        self._settings = stored.settings

    def build(self) -> None:
        """Build everything."""
        settings = self._settings
        with Tag("div", classes="share"):
            with Tag("header"):
                Tag("h1", settings.share_title or self._name)
                about = settings.share_about or _(_TASKS.get(self._stored.champion.task, ""))
                Tag("p", about, classes="lead")
            with card():
                self._text = text_field("", rows=4)
                self._text.element.props["aria-label"] = _("Text")
                self._text.element.props["placeholder"] = _("Write or paste a text")
                self._text.element.props["maxlength"] = settings.share_characters
                if settings.share_examples:
                    self._examples()
                with Tag("div", classes="buttons"):
                    button(_("Ask"), kind="primary", symbol="play").on("click", self._ask)
            self._answer = Tag("div")
            self._model_card()
            Tag("p", _("What you write here is sent to this site and may be stored to improve the model. Write nothing "
                       "confidential."), classes="muted small")  # fmt: skip

    def _examples(self) -> None:
        with Tag("div", classes="chips"):
            for example in self._settings.share_examples:
                short = example if len(example) <= 60 else f"{example[:57]}…"
                button(short, title=example).on("click", lambda text=example: self._try(text))

    async def _try(self, text: str) -> None:
        self._text.value = text
        await self._ask()

    async def _ask(self) -> None:
        text = str(self._text.value or "")[: self._settings.share_characters]
        if not text.strip():
            self._text.complain(_("Write a text first."))
            return
        wait = _visitors.take(self._name, _address(), self._settings.share_rate)
        if wait:
            self._text.complain(_("That was often. Ask again in {seconds} s.").format(seconds=math.ceil(wait)))
            return
        self._text.complain("")
        # Whether it is still shared is asked each time, not only when the page was opened.
        await in_background(endpoints.shared, visit().parts.context(None), self._name)
        try:
            answered = await asker(visit()).ask(self._name, text, origin="share")
        except ServerError as error:
            self._text.complain(error.message)
            return
        self._answer.clear()
        with self._answer, card():
            answer_view(text, answered)
            _Verdict(self._stored, answered).build()

    def _model_card(self) -> None:
        model = self._stored.champion
        with Tag("details", classes="fold"):
            Tag("summary", _("About this model"))
            with Tag("dl", classes="facts"):
                for name, value in _facts(model.manifest, model.labels, model.base):
                    Tag("dt", name)
                    Tag("dd", value)


class _Verdict:
    """What a visitor says about an answer: a thumb, or what would have been right."""

    def __init__(self, stored: StoredEndpoint, answered: Answered) -> None:
        self._stored = stored
        self._answered = answered

    def build(self) -> None:
        """Build the question."""
        self._place = Tag("div", classes="stack")
        with self._place, Tag("div", classes="row"):
            Tag("span", _("Is that right?"), classes="muted")
            button(_("Yes"), symbol="check").on("click", self._right)
            button(_("No")).on("click", self._wrong)

    async def _right(self) -> None:
        await self._tell("right")

    def _wrong(self) -> None:
        self._place.clear()
        with self._place, Tag("div", classes="filters"):
            labels = self._labels()
            chosen = None
            if labels:
                options = {"": _("I don't know"), **{label: label for label in labels}}
                chosen = choice_field(_("What would be right?"), options, "")
                chosen.root.classes("grow")
            note = text_field(_("Remark"))
            note.root.classes("grow")

            async def send() -> None:
                target = chosen.value if chosen is not None and chosen.value else None
                await self._tell("corrected" if target else "wrong", target, str(note.value or ""))

            button(_("Send"), kind="primary").on("click", send)

    def _labels(self) -> list[str]:
        """Return what could have been answered instead; nothing where that is more than a label."""
        target = self._answered.prediction.target
        if not isinstance(target, str):
            return []
        return [label for label in self._stored.champion.labels if label != target]

    async def _tell(self, verdict: str, target: str | None = None, note: str = "") -> None:
        try:
            await asker(visit()).tell(
                self._stored.record.name, self._answered.request, verdict, origin="share", target=target,
                note=note[:1000],
            )  # fmt: skip
            words = _("Thank you. It will help to make the model better.")
        except ServerError as error:
            words = error.message
        self._place.clear()
        with self._place:
            Tag("p", words, classes="muted", role="status")


def _facts(manifest: Mapping[str, object], labels: list[str], base: str) -> list[tuple[str, str]]:
    metrics = manifest.get("metrics")
    rows = manifest.get("rows")
    shown = ", ".join(labels[:_SHOWN_LABELS]) + (" …" if len(labels) > _SHOWN_LABELS else "")
    facts = [(_("Labels"), f"{len(labels)}: {shown}"), (_("Base model"), base.partition("@")[0])]
    if isinstance(rows, dict):
        facts.append((_("Learned from"), _("{rows} rows").format(rows=f"{rows.get('train', 0):,}")))
    if isinstance(metrics, dict) and isinstance(metrics.get("accuracy"), float):
        facts.append((_("Right on dev"), f"{metrics['accuracy']:.1%}"))
    return facts


def _address() -> str:
    request = ui.context.client.request
    return request.client.host if request is not None and request.client is not None else ""
