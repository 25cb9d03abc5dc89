"""What is known of the request that is being answered."""

from __future__ import annotations

import hashlib
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers

from tunery.app.context import Context


@dataclass
class Call:
    """A request.

    Attributes:
        request_id: Its name in logs and problems.
        method: For example ``POST``.
        target: Path and query.
        headers: As they were sent.
        body: The hash of what has arrived of the body.
        context: Who is calling, as soon as that is known.
    """

    request_id: str
    method: str
    target: str
    headers: Headers
    body: Any = field(default_factory=hashlib.sha256)
    context: Context | None = None

    @property
    def digest(self) -> str:
        """What tells it from other requests: a hash of method, path, query and body."""
        whole = self.body.copy()
        whole.update(f"\n{self.method} {self.target}".encode())
        return str(whole.hexdigest())


CALL: ContextVar[Call] = ContextVar("tunery_call")
"""The call that is being answered; set by the frame, seen in the threads that routes run in."""
