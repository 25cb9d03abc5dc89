"""From what a route returns to an answer: JSON with a tag, and the same answer where the same request comes again."""

from __future__ import annotations

import functools
import hashlib
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response

from tunery.app.context import Context
from tunery.app.rest.calls import CALL, Call
from tunery.app.rest.problems import Problem
from tunery.i18n import _
from tunery.store import idempotency
from tunery.store.failures import StoreError

F = TypeVar("F", bound=Callable[..., Any])
_KEY = "idempotency-key"
_LONGEST_KEY = 128
_ONCE = "__tunery_answers_once__"
_WRAPPED = "__tunery_answers__"
_at_work: set[tuple[str, str]] = set()
"""Whose requests with which keys are being worked on. All of them: there is one application over a workspace."""
_lock = threading.Lock()


class Route(APIRoute):
    """A route whose function returns a model, or None where there is nothing to say."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **about: Any) -> None:
        super().__init__(path, _answering(endpoint, about.get("status_code")), **about)


def secret(function: F) -> F:
    """Mark a route whose answer holds a secret, or that must count each attempt: no copy of its answer is kept."""
    setattr(function, _ONCE, True)
    return function


def tag(model: BaseModel) -> str:
    """Return the tag of a thing as it is now."""
    return _tag(model.model_dump_json().encode())


def unchanged(current: BaseModel) -> None:
    """Make sure that the caller, who is about to change a thing, has seen it as it is now, if the caller says so.

    Args:
        current: What a GET of it gives.

    Raises:
        Problem: It is another than ``If-Match`` says.
    """
    wanted = CALL.get().headers.get("if-match")
    if wanted is not None and not _names(wanted, tag(current)):
        raise Problem(
            412,
            "changed-meanwhile",
            _("Somebody has changed it since you read it."),
            _("Read it again, and repeat your change on what it is now."),
        )


def _answering(endpoint: Callable[..., Any], status: int | None) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(endpoint) or hasattr(endpoint, _WRAPPED):
        return endpoint
    once = getattr(endpoint, _ONCE, False)

    @functools.wraps(endpoint)
    def answer(*arguments: Any, **values: Any) -> Response:
        call = CALL.get()

        def plain() -> Response:
            return _response(endpoint(*arguments, **values), status, call)

        key = call.headers.get(_KEY) if call.method == "POST" else None
        if key is None or call.context is None or call.context.user is None:
            return plain()
        if once:
            raise Problem(
                400, "not-repeatable", _("No Idempotency-Key can be used here: the answer is not kept."),
                _("Leave it out."),
            )  # fmt: skip
        return _repeatable(call, call.context, key, plain)

    setattr(answer, _WRAPPED, True)
    return answer


def _response(result: Any, status: int | None, call: Call) -> Response:
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status_code=204)
    content = result.model_dump_json().encode()
    if call.method not in ("GET", "HEAD"):
        return Response(content, status or 200, media_type="application/json")
    headers = {"ETag": _tag(content), "Cache-Control": "private, no-cache"}
    if _names(call.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, status or 200, headers, "application/json")


def _repeatable(call: Call, context: Context, key: str, work: Callable[[], Response]) -> Response:
    """Do what is asked once, however often it is asked: the answer is kept in the transaction that does it."""
    if not 1 <= len(key) <= _LONGEST_KEY:
        raise Problem(
            400, "bad-key", _("An Idempotency-Key has at most {n} characters.").format(n=_LONGEST_KEY),
            _("A random UUID is a good one."),
        )  # fmt: skip
    user = str(context.user_id)
    with _at_work_alone(user, key) as alone:
        with context.workspace.writing() as session:
            kept = idempotency.begin(
                session, user=user, key=key, request=call.digest, now=datetime.now(UTC), abandoned=alone
            )
        if kept is None:
            return _first(context, user, key, work)
    return Response(
        kept.body, kept.status or 200, {"Idempotency-Replayed": "true"}, "application/json" if kept.body else None
    )


@contextmanager
def _at_work_alone(user: str, key: str) -> Iterator[bool]:
    """Note that a request is being worked on while the block runs, and give whether no other like it is."""
    with _lock:
        alone = (user, key) not in _at_work
        _at_work.add((user, key))
    try:
        yield alone
    finally:
        if alone:
            with _lock:
                _at_work.discard((user, key))


def _first(context: Context, user: str, key: str, work: Callable[[], Response]) -> Response:
    workspace = context.workspace
    try:
        with workspace.together():
            response = work()
            with workspace.writing() as session:
                body = bytes(response.body).decode()
                idempotency.finish(session, user=user, key=key, status=response.status_code, body=body)
    except BaseException:
        # Where the database is away it can't be forgotten: then the next one finds it abandoned.
        with suppress(StoreError), workspace.writing() as session:
            idempotency.give_up(session, user=user, key=key)
        raise
    return response


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _names(header: str, tag: str) -> bool:
    """Say whether a header names a tag; one that was weakened on its way is the same."""
    return header.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in header.split(","))
