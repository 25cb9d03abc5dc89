"""Who is calling: an access token, or the cookie of a sign-in together with what only our own pages know."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyCookie, HTTPBearer

from tunery.app.access import SignedOutError
from tunery.app.actions import accounts, tokens
from tunery.app.actions.accounts import Origin, SignedIn
from tunery.app.context import Context
from tunery.app.parts import Parts
from tunery.app.rest.calls import CALL
from tunery.app.rest.frame import same_origin
from tunery.app.rest.problems import Problem
from tunery.app.settings import is_loopback
from tunery.i18n import _, language

CSRF_HEADER = "X-CSRF-Token"
_SAFE = ("GET", "HEAD", "OPTIONS")
_BEARER = HTTPBearer(auto_error=False, description="An access token, made under /tokens.")
_COOKIE = APIKeyCookie(
    name="tunery", auto_error=False, description=f"A sign-in; changes need the header {CSRF_HEADER} too."
)


def parts_of(request: Request) -> Parts:
    """Return the application's parts."""
    parts: Parts = request.app.state.parts
    return parts


def cookie_name(parts: Parts) -> str:
    """Return the cookie's name: cookies know no ports, and two applications on one machine must not share one."""
    return f"tunery_{parts.settings.port}"


def from_cookie(parts: Parts, request: Request) -> Context | None:
    """Return the context of whoever is signed in with a request's cookie; None for nobody. For pages."""
    given = request.cookies.get(cookie_name(parts))
    if not given:
        return None
    try:
        user, _sign_in = accounts.who(parts.workspace, parts.settings, given)
    except SignedOutError:
        return None
    return parts.context(user, language())


def _caller(
    request: Request,
    _bearer: Annotated[object, Depends(_BEARER)],  # both are here for the description of the API
    _cookie: Annotated[object, Depends(_COOKIE)],
) -> Context:
    parts = parts_of(request)
    scheme, _space, given = request.headers.get("authorization", "").partition(" ")
    if scheme:
        user = tokens.who(parts.workspace, given.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise accounts.signed_out()
    else:
        cookie = request.cookies.get(cookie_name(parts), "")
        user, _sign_in = accounts.who(parts.workspace, parts.settings, cookie)
        if request.method not in _SAFE:
            _check_ours(request, parts, cookie)
    context = parts.context(user, language())
    CALL.get().context = context
    return context


def _stranger(request: Request) -> Context:
    if request.method not in _SAFE and not same_origin(request.headers):
        raise _elsewhere()
    return parts_of(request).context(None, language())


def _check_ours(request: Request, parts: Parts, cookie: str) -> None:
    """Refuse what another page makes a browser ask for: it can send the cookie along, but not read the token."""
    expected = accounts.csrf_token(parts.workspace, cookie)
    given = request.headers.get(CSRF_HEADER, "")
    if not same_origin(request.headers) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise _elsewhere()


def _elsewhere() -> Problem:
    return Problem(
        403,
        "not-from-here",
        _("The request does not come from a page of this application."),
        _("Load the page again; programs use an access token."),
    )


def origin_of(request: Request) -> Origin:
    """Return where a request to sign in comes from."""
    address = request.client.host if request.client is not None else ""
    forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip"))
    local = parts_of(request).settings.local and is_loopback(address) and not forwarded
    return Origin(address, request.headers.get("user-agent", ""), local)


def give_cookie(request: Request, response: Response, made: SignedIn) -> None:
    """Give a browser the secret of a sign-in."""
    parts = parts_of(request)
    response.set_cookie(
        cookie_name(parts), made.secret, expires=made.expires, path="/", httponly=True, samesite="lax",
        secure=_secure(request, parts),
    )  # fmt: skip


def take_cookie(request: Request, response: Response) -> None:
    """Have a browser forget its sign-in."""
    parts = parts_of(request)
    response.delete_cookie(
        cookie_name(parts), path="/", httponly=True, samesite="lax", secure=_secure(request, parts)
    )  # fmt: skip


def _secure(request: Request, parts: Parts) -> bool:
    return request.url.scheme == "https" or parts.settings.url.startswith("https:")


Caller = Annotated[Context, Depends(_caller)]
"""The context of whoever is signed in."""
Stranger = Annotated[Context, Depends(_stranger)]
"""The context of nobody, where nobody need be signed in."""
