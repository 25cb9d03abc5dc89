"""What stands around every page: navigation, the bar on top, and the place for the content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import ui
from nicegui.element import Element

from tunery.app.access import ROLE_NAMES
from tunery.app.studio import choices, keyboard, running, theme
from tunery.app.studio.components.markup import Tag, icon, icon_button, link
from tunery.app.studio.visits import Visit
from tunery.i18n import N_, _


@dataclass(frozen=True)
class Place:
    """An entry of the navigation.

    Attributes:
        path: Its address within a project.
        title: To be translated.
        icon: A name of ``static/icons.svg``.
        key: The letter that leads there, after ``g``.
    """

    path: str
    title: str
    icon: str
    key: str


PLACES = (
    Place("", N_("Home"), "home", "h"),
    Place("/data", N_("Data"), "data", "d"),
    Place("/annotate", N_("Annotate"), "annotate", "a"),
    Place("/base-models", N_("Base models"), "base", "b"),
    Place("/tune", N_("Tune"), "tune", "t"),
    Place("/reports", N_("Report"), "report", "r"),
    Place("/endpoints", N_("Endpoints"), "endpoint", "e"),
    Place("/share", N_("Share"), "share", "s"),
    Place("/settings", N_("Settings"), "settings", "x"),
)
"""The pages of a project, in the order of the work."""

_GENERAL = (Place("/", N_("Home"), "home", "h"), Place("/settings", N_("Settings"), "settings", "x"))
"""Outside a project."""


@contextmanager
def frame(here: Visit, title: str, *, plain: bool = False, wide: bool = False) -> Iterator[Element]:
    """Build what stands around a page; within the block its content is built.

    Args:
        here: The visit.
        title: The page's name, translated.
        plain: Only the content, in the middle.
        wide: Let the content use the whole width.
    """
    theme.dress(here.theme)
    outer = ui.context.client.content.parent_slot
    if outer is not None:
        outer.parent.props["role"] = "none"  # NiceGUI's page is a <main> around everything; ours is within it
    ui.page_title(f"{title} · {here.project.name} · Tunery" if here.project else f"{title} · Tunery")
    if plain or here.user is None:
        with Tag("div", classes="plain"):
            with Tag("header", classes="plain-top"):
                _brand("/")
                choices.language_menu(here)
                choices.theme_menu(here)
            with Tag("main", classes="plain-main", id="content", tabindex="-1") as content:
                yield content
        return
    with Tag("div", classes="shell"):
        Tag("a", _("Skip to the content"), classes="skip", href="#content")
        with Tag("aside", classes="side", id="side"):
            _brand("/")
            _project_switch(here)
            _navigation(here)
        Tag("div", classes="side-shade", **{"data-close-side": ""})
        with Tag("div", classes="stage"):
            _bar(here)
            with Tag("main", classes="content wide" if wide else "content", id="content", tabindex="-1") as content:
                yield content
    keyboard.help_dialog(_places(here))


def heading(title: str, lead: str = "", *, kicker: str = "", actions: Callable[[], None] | None = None) -> None:
    """Build the head of a page: what it is, in a sentence what it is for, and what one can do here.

    Args:
        title: The page's name, or that of the thing it shows.
        lead: One sentence.
        kicker: What kind of thing it is, above the title.
        actions: Builds the buttons.
    """
    with Tag("header", classes="head"):
        with Tag("div", classes="head-words"):
            if kicker:
                Tag("p", kicker, classes="kicker")
            Tag("h1", title)
            if lead:
                Tag("p", lead, classes="lead")
        if actions is not None:
            with Tag("div", classes="head-actions"):
                actions()


def _places(here: Visit) -> list[tuple[Place, str]]:
    if here.project is None:
        return [(place, place.path) for place in _GENERAL]
    base = f"/p/{here.project.id}"
    return [(place, base + place.path) for place in PLACES]


def _brand(target: str) -> None:
    with link("", target, classes="brand", **{"aria-label": "Tunery"}):
        Tag("img", src=theme.address("favicon.svg"), alt="", width="22", height="22")
        Tag("span", "Tunery")


def _project_switch(here: Visit) -> None:
    projects = choices.projects(here)
    with (
        Tag("div", classes="switch"),
        Tag("button", classes="switch-button", type="button", **{"aria-haspopup": "menu"}),
    ):
        with Tag("span", classes="switch-words"):
            Tag("span", _("Project"), classes="switch-kind")
            Tag("span", here.project.name if here.project else _("All projects"), classes="switch-name")
        icon("down")
        with ui.menu().classes("menu").props("fit no-focus"), Tag("div", role="menu"):
            link(_("All projects"), "/", classes="menu-item", role="menuitem")
            for project in projects:
                link(project.name, f"/p/{project.id}", classes="menu-item", role="menuitem")
            with link("", "/new", classes="menu-item menu-new", role="menuitem"):
                icon("plus")
                Tag("span", _("New project"))


def _navigation(here: Visit) -> None:
    path = here.path.partition("?")[0].rstrip("/")
    places = _places(here)
    root = places[0][1].rstrip("/")
    with Tag("nav", classes="nav", **{"aria-label": _("Pages")}):
        for place, target in places:
            target = target.rstrip("/")
            current = path == target if target == root else path == target or path.startswith(target + "/")
            attributes = {"aria-current": "page"} if current else {}
            with link("", target or "/", classes="nav-item", **{"data-go": place.key}, **attributes):
                icon(place.icon)
                Tag("span", _(place.title))
    if here.project is not None and here.role is not None:
        Tag("p", _("You are {role} here.").format(role=_(ROLE_NAMES[here.role])), classes="side-note")


def _bar(here: Visit) -> None:
    with Tag("header", classes="bar"):
        icon_button("menu", _("Navigation"), classes="bar-menu", **{"data-open-side": "", "aria-controls": "side"})
        if here.project is not None:
            link(here.project.name, f"/p/{here.project.id}", classes="bar-project")
        Tag("span", classes="bar-space")
        running.indicator(here)
        choices.language_menu(here)
        choices.theme_menu(here)
        choices.user_menu(here)
