"""Elements of HTML: text is always text, never markup."""

from __future__ import annotations

from typing import Any

from nicegui.elements.mixins.text_element import TextElement

from tunery.app.studio import theme


class Tag(TextElement):
    """An element of HTML. Used within ``with``, what is built there is in it.

    Args:
        tag: For example ``p``.
        text: What is in it, as text.
        classes: Separated by spaces.
        attributes: Its attributes; None leaves one away.
    """

    def __init__(self, tag: str, text: str = "", *, classes: str = "", **attributes: Any) -> None:
        super().__init__(tag=tag, text=text)
        if classes:
            self.classes(classes)
        for name, value in attributes.items():
            if value is not None:
                self._props[name] = value


def icon(name: str, *, classes: str = "") -> Tag:
    """Build a picture of ``static/icons.svg``; it says nothing that words beside it don't."""
    with Tag("svg", classes=f"icon {classes}".strip(), **{"aria-hidden": "true", "focusable": "false"}) as element:
        Tag("use", href=f"{theme.address('icons.svg')}#{name}")
    return element


def link(text: str, target: str, *, classes: str = "link", **attributes: Any) -> Tag:
    """Build a link within the studio."""
    return Tag("a", text, classes=classes, href=target, **attributes)


def button(text: str, *, kind: str = "", symbol: str = "", **attributes: Any) -> Tag:
    """Build a button; give it its handler with ``.on("click", ...)``.

    Args:
        text: What it does, translated.
        kind: ``primary``, ``danger``, ``quiet`` or nothing.
        symbol: An icon before the text.
        attributes: Further ones.
    """
    with Tag("button", classes=f"button {kind}".strip(), type="button", **attributes) as element:
        if symbol:
            icon(symbol)
        Tag("span", text)
    return element


def button_link(text: str, target: str, *, kind: str = "", symbol: str = "") -> Tag:
    """Build a link that looks like a button."""
    with Tag("a", classes=f"button {kind}".strip(), href=target) as element:
        if symbol:
            icon(symbol)
        Tag("span", text)
    return element


def icon_button(symbol: str, title: str, *, classes: str = "", **attributes: Any) -> Tag:
    """Build a button that shows only an icon; ``title`` is what it does."""
    with Tag(
        "button",
        classes=f"button quiet {classes}".strip(),
        type="button",
        title=title,
        **{"aria-label": title},
        **attributes,
    ) as element:
        icon(symbol)
    return element
