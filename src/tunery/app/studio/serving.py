"""The way from a page to the server of the endpoints."""

from __future__ import annotations

from tunery.app.asking import Asker
from tunery.app.studio.visits import Visit


def asker(here: Visit) -> Asker:
    """Return what asks endpoints for the people on a page."""
    return Asker(here.parts.endpoints, here.parts.endpoints_key)
