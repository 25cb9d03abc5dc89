"""`studio_page`: a page of the studio, for whom it is, and what becomes of it when something is wrong."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from nicegui import Client, ui

from tunery import i18n
from tunery.app import access
from tunery.app.access import AccessError, Role
from tunery.app.studio import notices, shell, visits
from tunery.app.studio.components.cards import empty_state
from tunery.app.studio.visits import Visit
from tunery.errors import TuneryError
from tunery.i18n import _
from tunery.store.failures import NotFoundError
from tunery.store.tables import Project

Builder = Callable[..., Awaitable[Response | None] | Response | None]
_BUILD_SECONDS = 30.0
_QUASAR = {"en": "en-US", "zh": "zh-CN"}
"""What NiceGUI calls our languages: for the words of its own elements and the page's ``lang``."""
_DARK = {"light": False, "dark": True, "system": None}


class _Page(ui.page):
    # Language and theme are a page's own in NiceGUI; here they are a person's.

    def resolve_language(self) -> Any:
        return _QUASAR[i18n.language()]

    def resolve_dark(self) -> bool | None:
        return _DARK[visits.visit().theme]


def studio_page(
    path: str, *, title: str, role: Role = "viewer", public: bool = False, plain: bool = False, wide: bool = False
) -> Callable[[Builder], Builder]:
    """Make a page of the function below.

    The function builds the content; it may be asynchronous, and may return a response instead. Its parameters are those
    of the address. Where the address has a ``{project}``, `Visit.project` and `Visit.role` are there when it runs, and
    whoever may not see the project is told so.

    Args:
        path: Its address, for example ``/p/{project}/data``.
        title: Its name, marked with `N_`.
        role: What one must be in the project.
        public: Whether it is for people who aren't signed in.
        plain: Whether it stands alone, without navigation.
        wide: Whether it uses the whole width.
    """

    def decorate(build: Builder) -> Builder:
        async def page(**arguments: Any) -> Response | None:
            here = visits.visit()
            if here.user is None and not public:
                return RedirectResponse(notices.sign_in_address(here.path), 303)
            visits.remember(here)
            problem = _find_project(here, arguments.get("project"), role)
            with shell.frame(here, _(title), plain=plain, wide=wide) as content:
                try:
                    if problem is not None:
                        raise problem
                    result = build(**arguments)
                    return await result if inspect.isawaitable(result) else result
                except Exception as error:  # noqa: BLE001 - a page that fails says so, in the person's language
                    content.clear()
                    with content:
                        _problem(error)
            return None

        page.__signature__ = inspect.signature(build, eval_str=True)  # type: ignore[attr-defined]  # FastAPI reads it
        page.__doc__ = build.__doc__
        page.__name__ = build.__name__
        _Page(path, response_timeout=_BUILD_SECONDS)(page)
        return build

    return decorate


async def missing(request: Request, _error: Exception) -> Response:
    """Answer an address that nothing is at."""
    here = visits.visit()
    with Client(_Page(""), request=request) as client:
        visits.remember(here)
        with shell.frame(here, _("Not found"), plain=here.user is None):
            _not_there()
    return client.build_response(request, 404)


def _find_project(here: Visit, project: str | None, role: Role) -> Exception | None:
    if project is None:
        return None
    context = here.context
    try:
        with here.parts.workspace.reading() as session:
            access.require(session, context, project, "viewer")
            here.role = access.role_in(session, context, project)
            here.project = session.get(Project, project)
        # An error within that transaction would take the project's values away.
        with here.parts.workspace.reading() as session:
            access.require(session, context, project, role)
    except TuneryError as error:
        return error
    return None


def _problem(error: Exception) -> None:
    client = ui.context.client
    if isinstance(error, NotFoundError):
        client.status_code = 404
        _not_there()
        return
    client.status_code = 403 if isinstance(error, AccessError) else 500
    message, hint = notices.words_for(error)
    empty_state(message, hint, icon="warn", link=(_("To the start"), "/"))


def _not_there() -> None:
    empty_state(
        _("There is nothing here."),
        _("It may have been deleted, or the address is wrong, or it is of a project that you are not in."),
        icon="search",
        link=(_("To the start"), "/"),
    )
