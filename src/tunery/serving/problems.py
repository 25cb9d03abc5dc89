"""What a server refuses, and how it says so (RFC 9457, problem details)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from tunery.i18n import _

MEDIA_TYPE = "application/problem+json"


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A request that gets no answer.

    Args:
        status: The HTTP status.
        code: A stable name for machines, for example ``queue-full``.
        detail: What is wrong and what to do, in the caller's language.
        retry_after: Seconds after which it makes sense to ask again.
    """

    def __init__(self, status: int, code: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.more: dict[str, str] = {}
        """Further headers."""

    def body(self, request_id: str) -> bytes:
        """Return the problem as JSON."""
        values = {
            "type": f"urn:tunery:{self.code}",
            "title": title(self.status),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
        }
        return json.dumps(values, ensure_ascii=False).encode()

    def headers(self) -> Mapping[str, str]:
        """Return the headers that belong to it."""
        more = {} if self.retry_after is None else {"Retry-After": str(max(1, math.ceil(self.retry_after)))}
        asks = {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}
        return {"Content-Type": MEDIA_TYPE, **more, **asks, **self.more}


def title(status: int) -> str:
    """Return what a status means, in the caller's language."""
    return {
        400: _("The request can't be understood."),
        401: _("A key is needed."),
        403: _("This is not allowed."),
        404: _("There is no such thing."),
        405: _("This can't be done here."),
        408: _("The request came too slowly."),
        409: _("This can't be done now."),
        413: _("The request is too large."),
        415: _("The request is of the wrong type."),
        422: _("The request can't be used."),
        431: _("The request is too large."),
        429: _("There were too many requests."),
        503: _("The server is busy."),
        504: _("It took too long."),
    }.get(status, _("The server failed."))
