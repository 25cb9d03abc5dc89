"""What the studio looks like: where its styles are, and what of them a person chooses.

The colours are CSS variables in ``static/studio.css``, each with a light and a dark value; components use nothing else.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from nicegui import ui

from tunery.app.studio.visits import Theme

CACHE_SECONDS = 31_536_000
"""The address of a static file changes with its content, so that it may be kept for ever."""
RECONNECT_SECONDS = 30.0
"""How long a page may be without a connection before its server side is forgotten and it is loaded anew."""
_STATIC = Path(__file__).parent / "static"


def dress(theme: Theme) -> None:
    """Give the page that is being built its styles."""
    ui.add_head_html(
        f'<link rel="stylesheet" href="{address("studio.css")}">'
        f'<script>document.documentElement.dataset.theme = "{theme}"</script>'
        f'<script src="{address("studio.js")}" defer></script>'
    )


@cache
def address(name: str) -> str:
    """Return the address of a static file."""
    return f"/_studio/{name}?{hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]}"
