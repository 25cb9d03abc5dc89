"""Code that can be copied."""

from __future__ import annotations

from tunery.app.studio.components.markup import Tag, icon_button
from tunery.i18n import _


def code_block(code: str, *, title: str = "") -> Tag:
    """Build code with a button that copies it.

    Args:
        code: The code, shown as text.
        title: What it is, above it.
    """
    with Tag("figure", classes="code") as element:
        with Tag("figcaption"):
            Tag("span", title)
            icon_button("copy", _("Copy"), **{"data-copy": "", "data-done": _("Copied")})
        Tag("pre", code, tabindex="0")
    return element
