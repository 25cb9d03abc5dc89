"""The menus of the bar: language, theme, and the user's own."""

from __future__ import annotations

from nicegui import ui
from sqlalchemy import select

from tunery.app.actions import accounts
from tunery.app.studio.components.markup import Tag, icon, link
from tunery.app.studio.visits import LANGUAGE_COOKIE, THEME_COOKIE, Visit
from tunery.i18n import N_, _
from tunery.store.tables import Member, Project

LANGUAGES = {"en": "English", "zh": "中文"}
"""Each in itself: who looks for it may not read the other."""
THEMES = {
    "system": (N_("As the system"), "screen"),
    "light": (N_("Light"), "sun"),
    "dark": (N_("Dark"), "moon"),
}


def projects(here: Visit) -> list[Project]:
    """Return the projects that the user is in, or all for an administrator, by name."""
    if here.user is None:
        return []
    query = select(Project).where(Project.archived.is_(None)).order_by(Project.name)
    if not here.user.admin:
        query = query.join(Member, Member.project == Project.id).where(Member.user == here.user.id)
    with here.parts.workspace.reading() as session:
        return list(session.scalars(query))


def language_menu(here: Visit) -> None:
    """Build the choice of the language."""
    with _menu_button(LANGUAGES[here.language], _("Language"), "language"):
        for name, title in LANGUAGES.items():
            _choice(
                title, name == here.language, lambda name=name: _prefer(here, "language", name, LANGUAGE_COOKIE), name
            )


def theme_menu(here: Visit) -> None:
    """Build the choice of the theme."""
    with _menu_button("", _("Theme"), THEMES[here.theme][1]):
        for name, (title, _icon) in THEMES.items():
            _choice(_(title), name == here.theme, lambda name=name: _prefer(here, "theme", name, THEME_COOKIE))


def user_menu(here: Visit) -> None:
    """Build the user's own menu."""
    user = here.user
    if user is None:
        return
    with _menu_button("", _("Your account: {name}").format(name=user.name), "user"):
        with Tag("div", classes="menu-who"):
            Tag("strong", user.name)
            Tag("span", user.email)
        link(_("Account"), "/account", classes="menu-item", role="menuitem")
        Tag("button", _("Keyboard shortcuts"), classes="menu-item", type="button", role="menuitem", **{"data-help": ""})
        Tag("button", _("Sign out"), classes="menu-item", type="button", role="menuitem", **{"data-sign-out": ""})


class _menu_button(Tag):  # noqa: N801 - used like a function, within `with`
    def __init__(self, text: str, title: str, symbol: str) -> None:
        super().__init__(
            "button",
            classes="button quiet",
            type="button",
            title=title,
            **{"aria-haspopup": "menu", "aria-label": f"{title}: {text}" if text else title},
        )
        with self:
            icon(symbol)
            if text:
                Tag("span", text, classes="button-text")
            with ui.menu().classes("menu").props("no-focus"):
                self._items = Tag("div", role="menu")

    def __enter__(self) -> Tag:  # type: ignore[override]  # what stands in the block goes into the menu
        return self._items.__enter__() if hasattr(self, "_items") else super().__enter__()

    def __exit__(self, *about: object) -> None:
        if hasattr(self, "_items"):
            self._items.__exit__(*about)
        else:
            super().__exit__(*about)


def _choice(title: str, chosen: bool, act: object, language: str | None = None) -> None:
    attributes = {"lang": language} if language else {}
    with Tag(
        "button",
        classes="menu-item",
        type="button",
        role="menuitemradio",
        **{"aria-checked": str(chosen).lower()},
        **attributes,
    ) as item:
        Tag("span", title)
        if chosen:
            icon("check")
    item.on("click", lambda _event: act())  # type: ignore[operator]


def _prefer(here: Visit, name: str, value: str, cookie: str) -> None:
    # The cookie is for pages before the sign-in; the page is loaded anew so that every word on it changes.
    if here.user is not None:
        accounts.change_own(here.context, **{name: value})
    ui.run_javascript(
        f'document.cookie = "{cookie}={value}; path=/; max-age=31536000; samesite=lax"; location.reload()'
    )
