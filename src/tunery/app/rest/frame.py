"""What surrounds every request: its id, its language, its limits, the names it may be addressed to, safe headers."""

from __future__ import annotations

import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunery.app.rest import problems
from tunery.app.rest.calls import CALL, Call
from tunery.app.rest.problems import LOGGER, Problem
from tunery.app.settings import AppSettings
from tunery.i18n import _, use_language

API = "/api/"
UPLOADS = "/api/v1/uploads"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_PAGES = "frame-ancestors 'none'; object-src 'none'; base-uri 'self'; form-action 'self'"
_NOTHING = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class Frame:
    """The outermost layer of the application.

    Args:
        app: What is inside.
        settings: How it listens and what it lets in; asked for at each request, because the port may come late.
    """

    def __init__(self, app: ASGIApp, settings: AppSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        target = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        call = Call(
            given if _ID.fullmatch(given) else secrets.token_hex(8), scope.get("method", ""), target, headers
        )  # fmt: skip
        token = CALL.set(call)
        try:
            with use_language(headers.get("accept-language", "en")):
                await (self._socket if scope["type"] == "websocket" else self._request)(scope, receive, send, call)
        finally:
            CALL.reset(token)

    async def _socket(self, scope: Scope, receive: Receive, send: Send, call: Call) -> None:
        # A page elsewhere may open a socket without asking; its cookies would come with it.
        if self._knows(call.headers) and same_origin(call.headers):
            await self._app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 1008})

    async def _request(self, scope: Scope, receive: Receive, send: Send, call: Call) -> None:
        started = time.monotonic()
        sent: list[int] = []
        secure = scope.get("scheme") == "https"

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.append(message["status"])
                _add_headers(MutableHeaders(scope=message), call, scope["path"].startswith(API), secure)
            await send(message)

        try:
            if not self._knows(call.headers):
                raise _wrong_host()
            limit = self._limit(scope["path"])
            _check_length(call.headers, limit)
            await self._app(scope, _counted(receive, call, limit), answer)
        except ClientDisconnect:
            pass  # nobody is there to read an answer
        except Exception as error:  # nothing of how the application works may get out
            problem = problems.of(error)
            if sent:
                raise
            await problem.response()(scope, receive, answer)
        if scope["path"].startswith(API):
            self._log(scope, call, sent[0] if sent else 499, started)

    def _knows(self, headers: Headers) -> bool:
        return _host(headers.get("host", "")) in self._settings.hosts

    def _limit(self, path: str) -> int:
        # Pages take uploads, too.
        large = path.startswith(UPLOADS) or not path.startswith(API)
        return self._settings.max_upload if large else self._settings.max_body

    def _log(self, scope: Scope, call: Call, status: int, started: float) -> None:
        about = {
            "request_id": call.request_id,
            "method": call.method,
            "path": scope["path"],
            "status": status,
            "seconds": round(time.monotonic() - started, 4),
            "user": call.context.user_id if call.context is not None else None,
        }
        LOGGER.info("request", extra=about)


def same_origin(headers: Headers) -> bool:
    """Say whether a request comes from one of our own pages, or from a program; browsers say where from."""
    origin = headers.get("origin")
    if origin is not None:
        return origin.partition("://")[2].lower() == headers.get("host", "").lower()
    return headers.get("sec-fetch-site", "none") in ("same-origin", "none")


def _add_headers(headers: MutableHeaders, call: Call, api: bool, secure: bool) -> None:
    headers["X-Request-ID"] = call.request_id
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", _NOTHING if api else _PAGES)
    if api:
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("Vary", "Accept-Language, Authorization, Cookie")
    if secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def _host(value: str) -> str:
    """Return the name in a Host header, without its port."""
    value = value.strip().lower()
    if value.startswith("["):
        name, closed, _port = value[1:].partition("]")
        return name if closed else ""
    return value.partition(":")[0].rstrip(".")


def _wrong_host() -> Problem:
    # A page elsewhere could have its own name lead to this machine.
    return Problem(
        403,
        "wrong-host",
        _("This server does not answer for the name that it was asked under."),
        _("Name it with --address or --trusted-hosts when tunery up is started."),
    )


def _check_length(headers: Headers, limit: int) -> None:
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)


def _counted(receive: Receive, call: Call, limit: int) -> Receive:
    """Return ``receive``, which ends where a body is larger than it may be, whatever its length was said to be."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        if message["type"] == "http.request":
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            call.body.update(part)
        return message

    return counted


def _too_large(limit: int) -> Problem:
    return Problem(
        413, "too-large", _("The request is larger than {n} bytes.").format(n=limit),
        _("Send less at a time, or start tunery up with a larger limit."), headers={"Connection": "close"},
    )  # fmt: skip
