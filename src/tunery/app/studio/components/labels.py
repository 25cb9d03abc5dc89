"""Labels in colours that stay the same, and texts with what is marked in them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tunery.app.studio.components.markup import Tag

_HUES = 12
_SHORT = 280


def hue(label: str) -> int:
    """Return the number of a label's colour, 0 to 11: always the same for the same label."""
    return hashlib.blake2b(label.encode("utf-8", "surrogatepass"), digest_size=2).digest()[0] % _HUES


def label_chip(label: str, *, score: float | None = None) -> Tag:
    """Build a label.

    Args:
        label: Its name.
        score: How sure somebody is of it, 0 to 1.
    """
    with Tag("span", classes=f"chip hue-{hue(label)}") as element:
        Tag("span", label, classes="chip-name")
        if score is not None:
            Tag("span", f"{score:.2f}", classes="chip-score")
    return element


def text_cell(text: str, spans: Sequence[tuple[int, int, str]] = (), *, limit: int | None = _SHORT) -> Tag:
    """Build a text as text, with its entities marked.

    Args:
        text: The text.
        spans: ``(start, end, label)`` in characters; what overlaps an earlier one is left away.
        limit: How many characters are shown; None for all.
    """
    shown = text if limit is None or len(text) <= limit else text[:limit]
    with Tag("span", classes="text", dir="auto") as element:
        at = 0
        for start, end, label in sorted(spans):
            if start < at or end > len(shown):
                continue
            if start > at:
                Tag("span", shown[at:start])
            with Tag("mark", classes=f"hue-{hue(label)}"):
                Tag("span", shown[start:end])
                Tag("small", label)
            at = end
        Tag("span", shown[at:] + ("…" if len(shown) < len(text) else ""))
    return element
