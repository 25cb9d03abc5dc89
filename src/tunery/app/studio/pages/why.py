"""Why a model answers as it does: a text with its words coloured by what they speak for."""

from __future__ import annotations

from tunery.app.actions import explanations, models
from tunery.app.explaining import Explained
from tunery.app.studio import measures
from tunery.app.studio.components.cards import card
from tunery.app.studio.components.forms import choice_field, text_field
from tunery.app.studio.components.labels import label_chip
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.components.weighed_text import weighed_text
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.views import weights
from tunery.app.studio.visits import in_background, visit
from tunery.i18n import N_, _


@studio_page("/p/{project}/models/{model}/why", title=N_("Why an answer?"))
async def why(project: str, model: str) -> None:  # noqa: ARG001 - the visit has the project
    """Build the page."""
    measures.dress()
    found = await in_background(models.get, visit().context, model)
    lead = _("Integrated gradients: how much each word moved the answer, up or down. It takes some seconds.")
    heading(_("Why an answer?"), lead, kicker=found.name or found.id[:10])
    with card():
        text = text_field(_("Text"), rows=4)
        with Tag("div", classes="filters"):
            options = {"": _("the answer it gives"), **{label: label for label in found.labels}}
            label = choice_field(_("Why this label?"), options, "")
            label.root.classes("grow")
            go = button(_("Explain"), kind="primary")
        place = Tag("div", **{"aria-live": "polite"})

    async def explain() -> None:
        if not str(text.value or "").strip():
            return
        place.clear()
        with place:
            Tag("p", _("The model is loaded, and asked many times ..."), classes="muted")
        go.props("disabled")
        try:
            explained = await explanations.explain(visit().context, model, str(text.value), label.value or None)
        finally:
            go.props(remove="disabled")
            place.clear()
        with place:
            _show(explained)

    go.on("click", explain)


def _show(found: Explained) -> None:
    with Tag("div", classes="stack"):
        with Tag("div", classes="row"):
            label_chip(found.label, score=found.score)
            with Tag("span", classes="key"):
                for kind, words in (("is-for", _("speaks for it")), ("is-against", _("speaks against it"))):
                    with Tag("span"):
                        Tag("i", classes=kind)
                        Tag("span", words)
        weighed_text(weights.weighed(found.text, found.words))
