"""Base models as cards."""

from __future__ import annotations

from collections.abc import Callable

from tunery.app.base_cards import BaseCard
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.views import sizes
from tunery.i18n import N_, _

_LANGUAGES = {"en": N_("English"), "zh": N_("Chinese"), "multilingual": N_("many languages")}
_PLACES = {"hf": "Hugging Face", "modelscope": "ModelScope", "pypi": "PyPI", "file": N_("this machine")}
_FIT = {"text-classification": N_("classes"), "token-classification": N_("entities")}


def base_card(card: BaseCard, *, chosen: bool, choose: Callable[[], object] | None) -> Tag:
    """Build a card.

    Args:
        card: The base model.
        chosen: Whether it is.
        choose: What a click on its button does; None where the reader may not choose.
    """
    with Tag("article", classes=f"base{' is-chosen' if chosen else ''}") as element:
        with Tag("div", classes="base-head"):
            Tag("h2", card.name, title=card.source)
            Tag("span", _(_PLACES.get(card.scheme, card.scheme)), classes="muted")
        if card.about:
            Tag("p", _(card.about), classes="base-about")
        with Tag("dl", classes="base-facts"):
            for name, value in _facts(card):
                with Tag("div"):
                    Tag("dt", name)
                    Tag("dd", value)
        with Tag("div", classes="base-foot"):
            Tag("code", card.source, title=card.source)
            if choose is not None:
                _choice(chosen, choose)
    return element


def languages_text(languages: tuple[str, ...]) -> str:
    """Return the languages of a base model in words."""
    return ", ".join(_(_LANGUAGES.get(one, one)) for one in languages)


def _choice(chosen: bool, choose: Callable[[], object]) -> None:
    pressed = {"aria-pressed": "true" if chosen else "false"}
    button(_("Chosen") if chosen else _("Choose"), symbol="check" if chosen else "", **pressed).on("click", choose)


def _facts(card: BaseCard) -> list[tuple[str, str]]:
    facts = [
        (_("Size"), _size(card)),
        (_("Languages"), languages_text(card.languages)),
        (_("Licence"), card.licence or _("not known")),
        (_("Longest text"), _("{count} tokens").format(count=f"{card.limit:,}") if card.limit else ""),
        (_("Good for"), ", ".join(_(_FIT.get(task, task)) for task in card.tasks)),
        (_("Downloads"), f"{card.downloads:,}" if card.downloads else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _size(card: BaseCard) -> str:
    if card.parameters:
        return sizes.parameters(card.parameters)
    return sizes.of_bytes(card.folder) if card.folder else ""
