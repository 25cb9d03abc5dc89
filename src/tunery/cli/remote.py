"""The endpoint that ``--url`` names: where its server is, and the key for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from tunery.errors import SettingError
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.serving.client import RemotePredictor

KEY = "TUNERY_KEY"
"""The variable of the environment that a key is taken from: unlike an option, no other user of the machine sees it."""


@contextmanager
def endpoint_at(url: str, key: str | None) -> Iterator[RemotePredictor]:
    """Open the endpoint at ``url``.

    Raises:
        SettingError: It is not the address of an endpoint.
        ServerError: The server refuses, or can't be reached.
        MissingExtraError: What it takes to ask a server is not installed.
    """
    from tunery.serving.client import Client

    server, name = divided(url)
    with Client(server, key or os.environ.get(KEY) or None) as client:
        yield client.predictor(name)


def divided(url: str) -> tuple[str, str]:
    """Return the server's address and the endpoint's name, which is the last part, perhaps behind ``v1/predict``.

    Raises:
        SettingError: There is no such part.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        raise _not_an_endpoint(url) from None
    before, _slash, name = parts.path.rstrip("/").rpartition("/")
    if not name or parts.query or parts.fragment or parts.scheme not in ("http", "https") or not parts.netloc:
        raise _not_an_endpoint(url)
    return urlunsplit((parts.scheme, parts.netloc, before.removesuffix("/v1/predict"), "", "")), unquote(name)


def _not_an_endpoint(url: str) -> SettingError:
    return SettingError(
        _("{url!r} is not the address of an endpoint.").format(url=url),
        _("Write the server's address and the endpoint's name, for example http://127.0.0.1:8000/ner."),
    )
