"""A text whose words are coloured by what they speak for."""

from __future__ import annotations

from collections.abc import Sequence

from tunery.app.studio.components.markup import Tag
from tunery.app.studio.views.weights import Weighed


def weighed_text(stretches: Sequence[Weighed]) -> Tag:
    """Build a text; the stronger a word speaks for the answer or against it, the stronger its colour."""
    with Tag("p", classes="weighed", dir="auto") as element:
        for stretch in stretches:
            if not stretch.weight:
                Tag("span", stretch.text)
                continue
            kind = "is-for" if stretch.weight > 0 else "is-against"
            Tag("mark", stretch.text, classes=kind, title=f"{stretch.value:+.3f}").style(
                f"--strength: {abs(stretch.weight):.2f}"
            )
    return element
