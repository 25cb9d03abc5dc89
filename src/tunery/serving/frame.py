"""What happens around every request: its id, the language of refusals, the log, and errors that must not get out."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunery.errors import TuneryError
from tunery.i18n import _, use_language
from tunery.serving.logs import LOGGER
from tunery.serving.problems import Refused
from tunery.serving.server import Server
from tunery.serving.settings import LOOPBACK
from tunery.serving.traces import describe

_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_QUIET = ("/health/live", "/health/ready", "/metrics")


class Frame:
    """The outermost layer of the application.

    Args:
        app: What is inside.
        server: Knows how it was started, and counts.
    """

    def __init__(self, app: ASGIApp, server: Server) -> None:
        self._app = app
        self._server = server
        self._local = server.settings.host in LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        traces = self._server.traces
        if traces is None:
            await self._handle(scope, receive, send, headers)
            return
        with traces.request(scope["method"], scope["path"], headers) as span:
            describe(span, *await self._handle(scope, receive, send, headers))

    async def _handle(
        self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes]
    ) -> tuple[int, dict[str, object]]:
        """Answer a request, count it and log it; return its status and what the log says of it."""
        started = time.monotonic()
        given = headers.get(b"x-request-id", b"")
        request_id = given.decode() if _ID.fullmatch(given) else secrets.token_hex(8)
        about: dict[str, object] = {}
        scope["app"] = self  # The router raises what is refused only where it knows of an application.
        scope["state"] = {**scope.get("state", {}), "request_id": request_id, "about": about, "started": started}
        with use_language("zh" if headers.get(b"accept-language", b"")[:2] == b"zh" else "en"):
            status = await self._answer(scope, receive, send, headers)
        seconds = time.monotonic() - started
        self._server.count(str(about.get("endpoint", "")), status, seconds)
        if scope["path"] not in _QUIET:
            asked = {"request_id": request_id, "method": scope["method"], "path": scope["path"]}
            LOGGER.info("request", extra={**asked, "status": status, "seconds": round(seconds, 4), **about})
        return status, about

    async def _answer(self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes]) -> int:
        """Let the application answer, or say why it doesn't; return the status."""
        request_id: str = scope["state"]["request_id"]
        sent: list[int] = []

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.append(message["status"])
                ends = [(b"connection", b"close")] if self._server.stopping else []
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *ends]
            await send(message)

        try:
            if self._local:
                _check_host(headers)
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            sent.append(499)  # nobody is there to read it
        except Exception as error:  # nothing of how the server works must get out
            refusal = _refusal(error, request_id)
            if sent:
                raise
            await _refuse(refusal, request_id, answer)
        return sent[0] if sent else 499


def _check_host(headers: Mapping[bytes, bytes]) -> None:
    """Refuse names that are not this machine's: a page in a browser could have its own name lead here."""
    host = headers.get(b"host", b"").decode("latin-1")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    if name.strip("[]").lower() not in (*LOOPBACK, ""):
        raise Refused(403, "wrong-host", _("This server answers only for {names}.").format(names=", ".join(LOOPBACK)))


def _refusal(error: Exception, request_id: str) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, HTTPException):
        code = {404: "no-page", 405: "wrong-method"}.get(error.status_code, "refused")
        refusal = Refused(error.status_code, code, _("See /docs for what there is."))
        refusal.more = dict(error.headers or {})
        return refusal
    if isinstance(error, TuneryError):
        return Refused(422, "unusable", str(error))
    LOGGER.error("a request failed", exc_info=error, extra={"request_id": request_id})
    return Refused(500, "failed", _("The server failed. Its log has the reason under this request's id."))


async def _refuse(refusal: Refused, request_id: str, send: Send) -> None:
    body = refusal.body(request_id)
    headers = {**refusal.headers(), "Content-Length": str(len(body))}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
