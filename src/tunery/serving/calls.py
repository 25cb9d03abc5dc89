"""What a call of a server is, apart from sending it: requests, answers, errors, and when to try again.

`Client` and `AsyncClient` differ only in how they wait; everything that is decided about a call is decided here.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import quote, urlsplit

import tunery
from tunery.errors import MissingExtraError, ServerError, SettingError
from tunery.i18n import _, language
from tunery.serving.replies import parsed, refused, retry_after
from tunery.types import Example, Input, Span, Target

if TYPE_CHECKING:
    import httpx

AGAIN = frozenset({429, 503})
"""Answers after which the same request may succeed."""
PORTION = 64
"""Texts in one request of a stream."""
PORTION_CHARACTERS = 128 * 1024
"""Characters in one request of a stream, unless one text alone has more."""
IN_FLIGHT = 4
"""Requests of a stream that are under way at the same time."""
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 8.0


class Options(TypedDict):
    """How httpx is to connect."""

    headers: dict[str, str]
    timeout: float
    trust_env: bool


class Request(TypedDict):
    """What httpx's ``stream`` is to send."""

    method: str
    url: str
    content: bytes | None
    headers: dict[str, str]
    timeout: float


@dataclass(frozen=True)
class Server:
    """Where a server is and how it is asked.

    Attributes:
        url: Without a slash at the end.
        key: The key that is sent; None where the server asks for none.
        timeout: Seconds that a call may take with all its attempts.
        retries: How often a call is tried again.
    """

    url: str
    key: str | None = field(repr=False)
    timeout: float
    retries: int

    def __post_init__(self) -> None:
        if not _is_address(self.url):
            raise SettingError(
                _("{url!r} is not the address of a server.").format(url=self.url),
                _("Write it with its beginning, for example http://127.0.0.1:8000."),
            )
        if self.key is not None and not (self.key.isascii() and self.key.isprintable() and self.key.strip()):
            raise SettingError(
                _("The key has characters that no key has."),
                _("Give it as tunery keys create has printed it, without anything around it."),
            )
        if self.timeout <= 0 or self.retries < 0:
            raise SettingError(
                _("A timeout has to be more than 0 seconds, and retries can't be fewer than 0."),
                _("Leave them out for 30 seconds and 3 retries."),
            )

    def options(self) -> Options:
        """Return how httpx is to connect."""
        headers = {
            "Accept": "application/json, application/problem+json",
            "Accept-Language": language(),
            "User-Agent": f"tunery/{tunery.__version__}",
        }
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        # A proxy of the environment can't reach this machine's own loopback.
        local = urlsplit(self.url).hostname in ("127.0.0.1", "localhost", "::1")
        return {"headers": headers, "timeout": self.timeout, "trust_env": not local}


@dataclass(frozen=True, slots=True)
class Again:
    """The same call may succeed in so many seconds."""

    seconds: float


@dataclass
class Call:
    """One call through all its attempts.

    Attributes:
        server: Who is asked.
        method: Of HTTP.
        path: Behind the server's address.
        content: What is sent, JSON.
        timeout: Seconds for all attempts together; None is the server's own.
    """

    server: Server
    method: str
    path: str
    content: bytes | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        self._whole = self.server.timeout if self.timeout is None else self.timeout
        self._end = time.monotonic() + self._whole
        self._attempts = 0

    @property
    def left(self) -> float:
        """Seconds that are left.

        Raises:
            ServerError: None are.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.too_slow()
        return left

    def request(self) -> Request:
        """Return the arguments of httpx's ``stream`` for the next attempt."""
        self._attempts += 1
        headers = {"Content-Type": "application/json"} if self.content is not None else {}
        return {
            "method": self.method,
            "url": self.server.url + self.path,
            "content": self.content,
            "headers": headers,
            "timeout": self.left,
        }

    def judge(self, response: httpx.Response, body: bytes) -> object:
        """Return the answer's JSON, or `Again`.

        Raises:
            ServerError: There is no answer, and asking again brings none or there is no time for it.
        """
        if response.is_success:
            return parsed(response, body)
        error = refused(response, body)
        if response.status_code not in AGAIN:
            raise error
        return self._wait(error, retry_after(response.headers.get("Retry-After")))

    def failed(self, error: Exception) -> Again:
        """Return when to try again after an attempt without an answer.

        Raises:
            ServerError: There are no attempts left, or no time.
        """
        import httpx

        if isinstance(error, httpx.TimeoutException):
            raise self.too_slow() from error
        said = ServerError(
            _("The server at {url} can't be reached: {reason}.").format(
                url=self.server.url, reason=(str(error) or type(error).__name__).rstrip(".")
            ),
            _("Check the address, and that the server is running."),
            code="unreachable",
        )
        said.__cause__ = error
        return self._wait(said, None)

    def too_slow(self) -> ServerError:
        """Return the error for a call that took too long."""
        return ServerError(
            _("The server at {url} did not answer within {seconds:g} seconds.").format(
                url=self.server.url, seconds=self._whole
            ),
            _("Ask for less at a time, or give it a longer timeout."),
            code="timeout",
        )

    def _wait(self, error: ServerError, asked: float | None) -> Again:
        if self._attempts > self.server.retries:
            raise error
        # Callers that failed together must not come back together.
        backoff = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (self._attempts - 1)) * random.uniform(0.5, 1)  # noqa: S311
        wait = backoff if asked is None else asked + random.uniform(0, _FIRST_WAIT)  # noqa: S311
        if wait >= self._end - time.monotonic():
            raise error
        return Again(wait)


def _is_address(url: str) -> bool:
    import httpx

    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return False
    return parts.scheme in ("http", "https") and bool(parts.host) and not parts.query and not parts.fragment


# -- requests ----------------------------------------------------------------------------------------------------------


def httpx_or_words() -> None:
    """Make sure that httpx is there.

    Raises:
        MissingExtraError: It isn't.
    """
    try:
        import httpx  # noqa: F401
    except ImportError:
        raise MissingExtraError("serve", _("Asking a server")) from None


def ask_call(server: Server, endpoint: str, inputs: Sequence[Input], top: int | None, timeout: float | None) -> Call:
    """Return the call that asks an endpoint."""
    refuse_a_single_text(inputs)
    body: dict[str, object] = {"inputs": [text_of(item) for item in inputs]}
    if top is not None:
        body["top"] = top
    if timeout is not None:
        body["timeout"] = timeout
    # Halves of characters, which JSON can spell and UTF-8 can't, are for the server to refuse.
    content = json.dumps(body, ensure_ascii=False).encode(errors="backslashreplace")
    return Call(server, "POST", f"/v1/predict/{quote(endpoint, safe='')}", content, timeout)


def endpoint_call(server: Server, name: str | None = None) -> Call:
    """Return the call that asks what endpoints there are, or about one of them."""
    return Call(server, "GET", "/v1/endpoints" + (f"/{quote(name, safe='')}" if name is not None else ""))


def feedback_call(
    server: Server,
    endpoint: str,
    request_id: str,
    verdict: str,
    target: Target | None,
    number: int,
    note: str,
) -> Call:
    """Return the call that says whether an answer was right."""
    body: dict[str, object] = {"request_id": request_id, "number": number, "verdict": verdict, "note": note}
    if target is not None:
        plain = target if isinstance(target, str) else [_plain(item) for item in target]
        body["target"] = plain
    content = json.dumps(body, ensure_ascii=False).encode(errors="backslashreplace")
    return Call(server, "POST", f"/v1/endpoints/{quote(endpoint, safe='')}/feedback", content)


def _plain(item: str | Span) -> object:
    return {"start": item.start, "end": item.end, "label": item.label} if isinstance(item, Span) else item


def refuse_a_single_text(inputs: object) -> None:
    """Make sure that nobody's text is taken for a list of letters.

    Raises:
        SettingError: It would be.
    """
    if isinstance(inputs, str | Example):
        raise SettingError(
            _("The inputs are one text, and have to be a list of texts."), _("Put it into a list: [text].")
        )


def text_of(item: Input) -> str:
    """Return the text of an input; what else an example has stays here."""
    return item.text if isinstance(item, Example) else item


class Portions:
    """Collects texts into lists that fit into a request."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._characters = 0

    def add(self, item: Input) -> list[str]:
        """Take one more; return the portion that has no room for it, or nothing."""
        text = text_of(item)
        full = len(self._texts) == PORTION or self._characters + len(text) > PORTION_CHARACTERS
        portion = self.rest() if full else []
        self._texts.append(text)
        self._characters += len(text)
        return portion

    def rest(self) -> list[str]:
        """Return what has been collected and begin anew."""
        portion, self._texts, self._characters = self._texts, [], 0
        return portion


def halves(portion: list[str], error: ServerError) -> tuple[list[str], list[str]]:
    """Return a portion that the server found too large in two parts.

    Raises:
        ServerError: It is something else, or one text alone is too large.
    """
    if error.status != 413 or len(portion) < 2:
        raise error
    middle = len(portion) // 2
    return portion[:middle], portion[middle:]
