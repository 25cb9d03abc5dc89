"""What a network or a disk did wrong, in a sentence, and what to do about it."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from textwrap import shorten

from tunery.i18n import _


def explain(error: BaseException) -> tuple[str, str]:
    """Return why something could not be had, and what to do next, from whatever a library raised."""
    for cause in _causes(error):
        found = _known(cause)
        if found is not None:
            return found
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return (
        _("it failed with: {reason}").format(reason=shorten(first.rstrip("."), 200, placeholder=" ...")),
        _("Try again later, or use what is cached."),
    )


def status(code: int) -> tuple[str, str]:
    """Return the same for the status of an HTTP answer."""
    if code in (401, 403):
        return _("access was denied (HTTP {code})").format(code=code), _("Check your token and what it may read.")
    if code == 429:
        return _("the server has had too many requests (HTTP 429)"), _("Wait a few minutes, or log in with a token.")
    if code >= 500:
        return _("the server has a fault (HTTP {code})").format(code=code), _("Try again later, or use a mirror.")
    return _("the server refused (HTTP {code})").format(code=code), _("Check the name and the address of the server.")


def from_text(text: str) -> tuple[str, str] | None:
    """Return the same for what a program printed, where it speaks of the network or the disk."""
    lower = text.lower()
    for words, number in _PRINTED:
        if any(word in lower for word in words):
            return _known(number)
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        # Some libraries chain errors, others hand the first one on as an argument or as `reason`.
        related = (current.__cause__, current.__context__, getattr(current, "reason", None), *current.args)
        waiting += [item for item in related if isinstance(item, BaseException)]


def _known(error: BaseException) -> tuple[str, str] | None:
    online = _("Check the network and the proxy, name a mirror, or use what is cached.")
    if isinstance(error, socket.gaierror):
        return _("the server's name could not be resolved"), online
    if isinstance(error, ssl.SSLError):
        return (
            _("the server's certificate was not accepted"),
            _("Check the clock and the certificates of this machine; behind a proxy, point SSL_CERT_FILE at its own."),
        )
    if isinstance(error, TimeoutError):
        return _("the server did not answer in time"), online
    if isinstance(error, ConnectionError) and error.errno is not None:
        return _("the connection was refused or broken"), online
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            _("the disk is full"),
            _("Make room, or put the cache elsewhere (TUNERY_CACHE; HF_HOME and MODELSCOPE_CACHE for those hubs)."),
        )
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            _("{file} can't be read or written").format(file=error.filename or _("a file")),
            _("Check its permissions, or put the cache elsewhere (TUNERY_CACHE; HF_HOME and MODELSCOPE_CACHE for those "
              "hubs)."),
        )  # fmt: skip
    return None


_PRINTED: tuple[tuple[tuple[str, ...], BaseException], ...] = (
    (("no space left on device", "disk quota exceeded"), OSError(errno.ENOSPC, "")),
    (("temporary failure in name resolution", "failed to resolve", "name or service not known", "getaddrinfo failed",
      "nameresolutionerror"), socket.gaierror()),
    (("certificate verify failed", "sslerror", "sslcertverificationerror"), ssl.SSLError()),
    (("timed out", "timeouterror"), TimeoutError()),
    (("connection refused", "newconnectionerror", "connection aborted", "connection reset", "connection broken",
      "network is unreachable"), ConnectionRefusedError(errno.ECONNREFUSED, "")),
)  # fmt: skip
