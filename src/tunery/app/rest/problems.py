"""What the API refuses, and how it says so (RFC 9457, problem details)."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import Request
from starlette.responses import Response

from tunery.app.access import AccessError, SignedOutError
from tunery.app.actions.accounts import TooManyAttemptsError
from tunery.app.rest.calls import CALL
from tunery.errors import DataError, MissingExtraError, ServerError, TuneryError
from tunery.i18n import _
from tunery.serving import problems
from tunery.settings import reason
from tunery.store.failures import ConflictError, NoRoomError, NotFoundError, StoreError, is_no_room, no_room

LOGGER = logging.getLogger("tunery.app")
MEDIA_TYPE = problems.MEDIA_TYPE
_MOST_FAULTS = 20
_AGAIN = 2
"""Seconds after which it is worth asking a database again that was away."""
_AGAIN_WHEN_FULL = 60
"""The same of a disk that was full: somebody has to make room."""


class Problem(HTTPException):
    """A request that is refused.

    Args:
        status: The HTTP status.
        code: A stable name for machines, for example ``not-found``.
        detail: What is wrong, in the caller's language.
        hint: What to do about it.
        headers: Further headers.
        more: Further members, for example ``fields``.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        hint: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.code = code
        self.hint = hint
        self.more = dict(more or {})

    def response(self) -> Response:
        """Return the answer."""
        call = CALL.get(None)
        values: dict[str, object] = {
            "type": f"urn:tunery:{self.code}",
            "title": _title(self.status_code),
            "status": self.status_code,
            "code": self.code,
            "detail": self.detail,
            "hint": self.hint,
            "request_id": call.request_id if call is not None else "",
            **self.more,
        }
        content = json.dumps(values, ensure_ascii=False).encode(errors="backslashreplace")
        asks = {"WWW-Authenticate": "Bearer"} if self.status_code == 401 else {}
        return Response(content, self.status_code, {**asks, **(self.headers or {})}, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let an application answer every error as a problem."""
    for kind in (TuneryError, RequestValidationError, StarletteHTTPException):
        app.add_exception_handler(kind, _handle)


def of(error: Exception) -> Problem:
    """Return the problem for an error."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return _invalid(error.errors())
    if isinstance(error, StarletteHTTPException):
        return _plain(error)
    if isinstance(error, TuneryError):
        return _refused(error)
    if isinstance(error, OSError) and is_no_room(error):
        return _refused(no_room(_("The workspace"), error))
    LOGGER.error("a request failed", exc_info=error, extra={"request_id": CALL.get().request_id})
    return Problem(
        500, "failed", _("The server failed."), _("Its log has the reason under this request's id.")
    )  # fmt: skip


async def _handle(request: Request, error: Exception) -> Response:
    del request
    return of(error).response()


def _refused(error: TuneryError) -> Problem:
    status, code = _status(error)
    headers = _when_again(error, status)
    more: dict[str, object] = {}
    if isinstance(error, DataError):
        more["problems"] = [problem.to_dict() for problem in error.problems]
        return Problem(status, code, str(error), more=more)
    return Problem(status, code, error.message, error.hint, headers=headers, more=more)


def _when_again(error: TuneryError, status: int) -> dict[str, str]:
    if isinstance(error, TooManyAttemptsError):
        return {"Retry-After": str(max(1, math.ceil(error.seconds)))}
    seconds = {503: _AGAIN, 507: _AGAIN_WHEN_FULL}.get(status)
    return {} if seconds is None else {"Retry-After": str(seconds)}


def _status(error: TuneryError) -> tuple[int, str]:
    if isinstance(error, NoRoomError):
        return 507, "no-room"
    if isinstance(error, StoreError) and type(error) is StoreError and error.__cause__ is not None:
        return 503, "store-unavailable"  # the database or the disk, not what was asked
    for kind, status, code in (
        (SignedOutError, 401, "signed-out"),
        (TooManyAttemptsError, 429, "too-many-attempts"),
        (AccessError, 403, "not-allowed"),
        (NotFoundError, 404, "not-found"),
        (ConflictError, 409, "conflict"),
        (MissingExtraError, 501, "not-installed"),
        (ServerError, 502, "endpoint-failed"),
        (DataError, 422, "unusable-data"),
    ):
        if isinstance(error, kind):
            return status, code
    return 422, "unusable"


def _invalid(faults: Sequence[Any]) -> Problem:
    found: dict[str, str] = {}
    for fault in faults:
        found.setdefault(_place(fault["loc"]), reason(fault))
    shown = dict(list(found.items())[:_MOST_FAULTS])
    return Problem(
        422,
        "invalid",
        "; ".join(f"{field}: {why}" for field, why in shown.items()),
        _("Correct what is named, and send it again."),
        more={"fields": [{"field": field, "reason": why} for field, why in shown.items()]},
    )


def _place(location: Sequence[int | str]) -> str:
    """Return where a fault is: the name of the field, or of the parameter."""
    where, *rest = location
    if not rest:
        return str(where)
    place = ""
    for part in rest:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    return place[:200]


def _plain(error: StarletteHTTPException) -> Problem:
    code = {400: "not-understood", 404: "no-page", 405: "wrong-method"}.get(error.status_code, "refused")
    hint = _("See /api/v1/docs for what there is.")
    return Problem(error.status_code, code, _title(error.status_code), hint, headers=error.headers)


def _title(status: int) -> str:
    own = {
        401: _("Nobody is signed in."),
        412: _("It has been changed meanwhile."),
        428: _("It has to be said what is changed."),
        501: _("A part is not installed."),
        502: _("The endpoint gave no answer."),
        503: _("The workspace can't be reached."),
        507: _("There is no room on the disk."),
    }
    return own.get(status) or problems.title(status)
