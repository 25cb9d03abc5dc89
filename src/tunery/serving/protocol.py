"""HTTP on one connection: uvicorn's parser, within limits of size and time that it doesn't have itself.

What never becomes a request is refused here, in the same form as everything else.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from tunery.i18n import _
from tunery.serving.logs import LOGGER
from tunery.serving.problems import Refused

_MOST_HEAD = 64 * 1024
"""Bytes of a head, of what follows a body in chunks, and of anything else that isn't content."""

_OF_BODIES = (b"content-length", b"transfer-encoding")


class Protocol(HttpToolsProtocol):
    """One connection.

    Args:
        patience: Seconds within which the head of a request must arrive, and the rest of one that was answered early.
        arguments: What uvicorn gives.
    """

    def __init__(self, *arguments: Any, patience: float, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None
        self._fruitless = 0  # bytes since anything came of them
        self._between = True  # whether a request may begin
        self._deaf = False
        self._running: RequestResponseCycle | None = None

    # -- the connection --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Wait as long for the first request as for any further one."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of timers, also where the connection broke."""
        self._set_timer(None)
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        if self._running is not None:
            self._running.disconnected = True  # Uvicorn tells only the last of several requests.
            self._running.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Read on, unless the connection is lost to reason."""
        if self._deaf:
            return
        if self._between and self._timer is None:
            self._set_timer(self._patience)
        self._fruitless += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing else is spoken here: it is answered as if it had not asked. The parser reads on no further.
            self._deaf, self.cycle.keep_alive = True, False
        except httptools.HttpParserError:
            self._refuse(400, "not-http", _("This is not an HTTP request that can be read."))
            return
        if self._fruitless > _MOST_HEAD:
            detail = _("The head of the request is larger than {n} bytes.").format(n=_MOST_HEAD)
            self._refuse(431, "head-too-large", detail)

    # -- the parser ------------------------------------------------------------------------------------------------

    def on_headers_complete(self) -> None:
        """Start a request."""
        self._fruitless, self._between = 0, False
        self._set_timer(None)
        if self.parser.should_upgrade() and any(name in _OF_BODIES for name, _value in self.headers):
            raise ValueError("what follows would be read as another request, not as the body")
        super().on_headers_complete()
        if not any(cycle is self.cycle for cycle, _app in self.pipeline):
            self._running = self.cycle

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._fruitless = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Be ready for another request."""
        self._fruitless, self._between = 0, True
        self._set_timer(None)
        super().on_message_complete()
        if self.cycle.response_complete and self.timeout_keep_alive_task is None:
            # It was answered early, and what arrived since has stopped the clock.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    # -- requests --------------------------------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """Don't wait for ever for the rest of a request that has its answer already."""
        following = self.pipeline[-1][0] if self.pipeline else self._running
        super().on_response_complete()
        self._running = following
        if not self._between and not self.transport.is_closing():
            self._set_timer(self._patience)

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._too_slow)

    def _too_slow(self) -> None:
        self._timer = None
        if self._running is not None and not self._running.response_complete:
            self._set_timer(self._patience)  # Another request is being answered, and nothing is read meanwhile.
        elif self._between:
            detail = _("The head of the request did not arrive within {n:g} seconds.").format(n=self._patience)
            self._refuse(408, "slow-head", detail)
        else:
            self.transport.close()

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Say what is wrong where nothing else is being said, and end the connection."""
        self._deaf = True
        self._set_timer(None)
        running = self._running
        if running is not None and not running.response_complete:
            if running is not self.cycle or not running.more_body:
                running.keep_alive = False  # The fault is in what follows: this one still gets its answer.
                return
            running.disconnected = True
            running.message_event.set()
            if running.response_started:
                self.transport.close()
                return
        request_id = secrets.token_hex(8)
        LOGGER.info("refused", extra={"request_id": request_id, "status": status, "code": code})
        self.transport.write(_response(Refused(status, code, detail), request_id))
        self.transport.close()


def _response(refusal: Refused, request_id: str) -> bytes:
    body = refusal.body(request_id)
    headers = {
        **refusal.headers(), "Content-Length": str(len(body)), "Connection": "close", "X-Request-Id": request_id,
    }  # fmt: skip
    lines = b"".join(f"{name.lower()}: {value}\r\n".encode() for name, value in headers.items())
    return STATUS_LINE[refusal.status] + lines + b"\r\n" + body
