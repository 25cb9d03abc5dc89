"""Surfaces: cards, numbers, and what stands where there is nothing yet."""

from __future__ import annotations

from collections.abc import Callable

from tunery.app.studio.components.markup import Tag, icon, link


def card(title: str = "", lead: str = "", *, classes: str = "", actions: Callable[[], None] | None = None) -> Tag:
    """Build a section; what is built within ``with`` is in it.

    Args:
        title: Its heading.
        lead: A sentence below the heading.
        classes: Further ones.
        actions: Builds buttons beside the heading.
    """
    with Tag("section", classes=f"card {classes}".strip()) as element:
        if title or actions:
            with Tag("div", classes="card-head"):
                with Tag("div"):
                    if title:
                        Tag("h2", title)
                    if lead:
                        Tag("p", lead, classes="muted")
                if actions is not None:
                    with Tag("div", classes="card-actions"):
                        actions()
    return element


def scrolled(label: str, *, tall: bool = False) -> Tag:
    """Build the place of a table that may be wider than its card; the keyboard reaches it, and scrolls it.

    Args:
        label: What the table shows.
        tall: Whether it is cut at some height, too.
    """
    classes = "scroll tall" if tall else "scroll"
    return Tag("div", classes=classes, tabindex="0", role="region", **{"aria-label": label})


def head_cell(title: str, classes: str = "") -> Tag:
    """Build the head of a column; one without a title is no heading, which would be read out as one."""
    return Tag("th", title, classes=classes, scope="col") if title else Tag("td", classes=classes)


def stats() -> Tag:
    """Build the row that `stat` stands in."""
    return Tag("dl", classes="stats")


def stat(name: str, value: str, note: str = "") -> None:
    """Build a number with its name.

    Args:
        name: What it counts.
        value: The number, written.
        note: Small, below.
    """
    with Tag("div", classes="stat"):
        Tag("dt", name)
        with Tag("dd"):
            Tag("span", value)
            if note:
                Tag("small", note)


def empty_state(
    title: str,
    hint: str = "",
    *,
    icon: str = "info",
    link: tuple[str, str] | None = None,
    action: Callable[[], None] | None = None,
) -> None:
    """Build what stands where there is nothing: why, and what to do.

    Args:
        title: What there is none of.
        hint: What to do about it.
        icon: A picture.
        link: Text and address of the way on.
        action: Builds a button instead.
    """
    with Tag("div", classes="empty"):
        _icon(icon)
        Tag("p", title, classes="empty-title")
        if hint:
            Tag("p", hint, classes="muted")
        if link is not None:
            _link(link[0], link[1], classes="button")
        if action is not None:
            action()


def note(text: str, hint: str = "", *, kind: str = "info") -> None:
    """Build a message that belongs to the page.

    Args:
        text: What is so.
        hint: What to do.
        kind: ``info``, ``ok``, ``warn`` or ``danger``.
    """
    with Tag("div", classes=f"note note-{kind}", role="note"):
        _icon("warn" if kind in ("warn", "danger") else "check" if kind == "ok" else "info")
        with Tag("div"):
            Tag("p", text)
            if hint:
                Tag("p", hint, classes="note-hint")


_icon = icon
_link = link
