"""Who looks at a page, in which language, and from where: one `Visit` for each open page.

A page is built once and then lives on: clicks come over its socket, timers tick. `visit` finds the visit in all of
these, so that whatever is done there is done by the page's user and said in the page's language. Whether the user is
still signed in is asked each time that something is done (`Visit.context`), not only when the page was opened.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar, get_args

from nicegui.slot import Slot
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from tunery import i18n
from tunery.app.access import Role
from tunery.app.actions import accounts
from tunery.app.context import Context
from tunery.app.parts import Parts
from tunery.app.rest.callers import cookie_name
from tunery.app.studio import identity
from tunery.store.tables import Project, User

if TYPE_CHECKING:
    from collections.abc import Callable

Theme = Literal["system", "light", "dark"]

LANGUAGE_COOKIE = "tunery_language"
THEME_COOKIE = "tunery_theme"
_STORED = "tunery_visit"
_P = ParamSpec("_P")
_T = TypeVar("_T")

_building: ContextVar[Visit | None] = ContextVar("tunery_visit", default=None)


@dataclass
class Visit:
    """An open page.

    Attributes:
        parts: The application.
        secret: What the browser's sign-in cookie holds; None where nobody is signed in.
        user: Who was signed in when the page was opened.
        language: What the person reads.
        theme: What the person wants to see.
        path: The page's own address, with its query.
        project: The project that the page is about.
        role: What the user is in it.
    """

    parts: Parts
    secret: str | None
    user: User | None
    language: str
    theme: Theme
    path: str
    project: Project | None = None
    role: Role | None = None

    @property
    def context(self) -> Context:
        """What actions are given: the user as it is now.

        Raises:
            SignedOutError: The sign-in has ended since the page was opened.
        """
        return self._context(identity.user_of(self.parts, self.secret))

    @property
    def watching(self) -> Context:
        """The same for timers: a page that is only open does not keep the sign-in alive.

        Raises:
            SignedOutError: The sign-in has ended since the page was opened.
        """
        return self._context(identity.seen(self.parts, self.secret))

    def _context(self, user: User | None) -> Context:
        if user is None:
            raise accounts.signed_out()
        return self.parts.context(user, self.language)


def visit() -> Visit:
    """Return the visit that is going on: while a page is built, in its events and in its timers.

    Raises:
        RuntimeError: No page is being built or used.
    """
    found = _here() or _building.get()
    if found is None:
        raise RuntimeError("there is no visit outside a page of the studio")
    return found


def remember(found: Visit) -> None:
    """Keep a visit with its page, for what happens there later."""
    from nicegui import ui

    ui.context.client.storage[_STORED] = found


def language_here() -> str | None:
    """Return the language of the page whose event or timer is running; see `tunery.i18n.ask_place`."""
    found = _here()
    return found.language if found is not None else None


async def in_background(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run what takes long in a thread, in the visit and its language, while the page goes on."""
    found = visit()

    def speak() -> _T:
        _building.set(found)
        with i18n.use_language(found.language):
            return function(*args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(None, copy_context().run, speak)


def _here() -> Visit | None:
    # NiceGUI keeps, for each task, the elements that it is within; their client holds the visit. Threads have no task.
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    for slot in reversed(Slot.stacks.get(id(task), [])):
        try:
            return slot.parent.client.storage.get(_STORED)
        except RuntimeError:  # the element is gone
            continue
    return None


class Receptionist:
    """ASGI middleware: finds out who asks for a page, and speaks their language while it is built."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request. Sockets and uploads belong to open pages, which know their language themselves."""
        if scope["type"] != "http" or scope["path"].startswith(("/_nicegui", "/_studio")):
            with i18n.use_language(None):
                await self._app(scope, receive, send)
            return
        found = await asyncio.get_running_loop().run_in_executor(None, _receive, HTTPConnection(scope))
        token = _building.set(found)
        try:
            with i18n.use_language(found.language):
                await self._app(scope, receive, send)
        finally:
            _building.reset(token)


def _receive(request: HTTPConnection) -> Visit:
    parts: Parts = request.app.state.parts
    secret = request.cookies.get(cookie_name(parts))
    user = identity.user_of(parts, secret)
    wishes = user.preferences if user is not None else {}
    query = request.url.query
    return Visit(
        parts=parts,
        secret=secret,
        user=user,
        language=_language(wishes.get("language") or request.cookies.get(LANGUAGE_COOKIE), request),
        theme=_theme(wishes.get("theme") or request.cookies.get(THEME_COOKIE)),
        path=request.url.path + (f"?{query}" if query else ""),
    )


def _language(wish: object, request: HTTPConnection) -> str:
    if wish in i18n.LANGUAGES:
        return str(wish)
    for part in request.headers.get("accept-language", "").lower().split(","):
        for name in i18n.LANGUAGES:
            if part.strip().startswith(name):
                return name
    return "en"


def _theme(wish: object) -> Theme:
    return wish if wish in get_args(Theme) else "system"  # type: ignore[return-value]  # just looked at
