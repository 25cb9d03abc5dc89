"""What a server replies, read: predictions, descriptions of endpoints, and what it says is wrong."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunery.errors import ServerError
from tunery.i18n import N_, _
from tunery.types import Prediction, Span

if TYPE_CHECKING:
    import httpx

_HINTS = {
    401: N_("Give a key of the server, which tunery keys create prints."),
    403: N_("Use a key that was made for this endpoint."),
    404: N_("See which endpoints the server has: GET /v1/endpoints."),
}
_SHOWN = 200
"""How much is shown of an answer that is no answer of ours."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a server answered to one request.

    Attributes:
        endpoint: Who was asked.
        version: Which model answered.
        request_id: The server's name for the request, to find it in its logs.
        predictions: One for each text.
        abstained: For each text, whether its score is below the endpoint's threshold.
    """

    endpoint: str
    version: str
    request_id: str
    predictions: tuple[Prediction, ...]
    abstained: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a server says about one of its endpoints.

    Attributes:
        name: What callers ask for.
        version: The version that answers.
        task: What is predicted, for example ``token-classification``.
        labels: What it can answer with.
        versions: Names of all versions that are loaded.
    """

    name: str
    version: str
    task: str
    labels: tuple[str, ...]
    versions: tuple[str, ...] = ()


def answers_from_wire(value: object, texts: int) -> Answers:
    """Read the answer to a request of ``texts`` texts.

    Raises:
        ServerError: It is not what a Tunery server answers.
    """
    try:
        found = _mapping(value)
        rows = [_mapping(row) for row in _list(found["predictions"])]
        if len(rows) != texts:
            raise ValueError
        return Answers(
            str(found["endpoint"]), str(found["version"]), str(found["request_id"]),
            tuple(map(from_wire, rows)), tuple(bool(row.get("abstain")) for row in rows),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError):
        raise not_ours(json.dumps(value, ensure_ascii=False)) from None


def from_wire(row: Mapping[str, object]) -> Prediction:
    """Read one prediction.

    Raises:
        KeyError, TypeError, ValueError, OverflowError: It is none.
    """
    score = None if row.get("score") is None else _number(row["score"])
    scores = {str(label): _number(value) for label, value in _mapping(row.get("scores") or {}).items()}
    windows = _whole(row.get("windows", 1))
    if "spans" in row:
        return Prediction(tuple(_span(_mapping(span)) for span in _list(row["spans"])), score, scores, windows)
    if "labels" in row:
        return Prediction(tuple(sorted(str(label) for label in _list(row["labels"]))), score, scores, windows)
    return Prediction(str(row["label"]), score, scores, windows)


def endpoint_from_wire(value: object) -> Endpoint:
    """Read what a server says about an endpoint.

    Raises:
        ServerError: It is not what a Tunery server says.
    """
    try:
        found = _mapping(value)
        versions = tuple(str(_mapping(one)["version"]) for one in _list(found.get("versions", [])))
        labels = tuple(str(label) for label in _list(found["labels"]))
        return Endpoint(str(found["name"]), str(found["version"]), str(found["task"]), labels, versions)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise not_ours(json.dumps(value, ensure_ascii=False)) from None


def endpoints_from_wire(value: object) -> list[Endpoint]:
    """Read what a server says about its endpoints: a list, alone or as ``endpoints``."""
    rows = value.get("endpoints") if isinstance(value, Mapping) else value
    if not isinstance(rows, list):
        raise not_ours(json.dumps(value, ensure_ascii=False))
    return [endpoint_from_wire(row) for row in rows]


def _span(value: Mapping[str, object]) -> Span:
    score = None if value.get("score") is None else _number(value["score"])
    return Span(_whole(value["start"]), _whole(value["end"]), str(value["label"]), score)


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError
    return value


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError
    return float(value)


def parsed(response: httpx.Response, body: bytes) -> object:
    """Return the JSON of an answer.

    Raises:
        ServerError: It has none.
    """
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        raise not_ours(body.decode(errors="replace"), response) from None
    return value


def refused(response: httpx.Response, body: bytes) -> ServerError:
    """Return what the server says is wrong; a proxy in between may say it in other forms."""
    try:
        problem = _mapping(json.loads(body))
    except (ValueError, TypeError, RecursionError):
        return not_ours(body.decode(errors="replace"), response)
    words = str(problem.get("detail") or problem.get("title") or response.reason_phrase or response.status_code)
    hint = _HINTS.get(response.status_code)
    return ServerError(
        words,
        _(hint) if hint else "",
        status=response.status_code,
        code=str(problem.get("code") or response.status_code),
        request_id=_id(problem.get("request_id") or response.headers.get("X-Request-Id")),
    )


def not_ours(words: str, response: httpx.Response | None = None) -> ServerError:
    """Return the error for an answer that no Tunery server gave."""
    shown = " ".join(words.split())[:_SHOWN] or "-"
    if response is None or response.is_success:
        message = _("This is not the answer of a Tunery server: {words}").format(words=shown)
    else:
        message = _("The server answered {status}: {words}").format(status=response.status_code, words=shown)
    return ServerError(
        message,
        _("Check the address; something else may be listening there, or stand in between."),
        status=response.status_code if response is not None else None,
        code="not-tunery",
        request_id=_id(response.headers.get("X-Request-Id")) if response is not None else None,
    )


def _id(value: object) -> str | None:
    return str(value) if value else None


def retry_after(value: str | None) -> float | None:
    """Return the seconds that a ``Retry-After`` asks for; it has seconds or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    with suppress(ValueError):
        return max(0.0, float(value))
    with suppress(ValueError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return None
