"""The element of the labelling page, and where its modules are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from nicegui import app, ui

from tunery.app.actions.accounts import csrf_token
from tunery.app.rest.application import PREFIX
from tunery.app.studio.annotate import phrases
from tunery.app.studio.components.labels import hue
from tunery.app.studio.components.markup import Tag
from tunery.app.studio.notices import sign_in_address
from tunery.app.studio.visits import Visit
from tunery.store.tables import Queue

Mode = Literal["label", "settle"]

_STATIC = Path(__file__).parent / "static"
HUES = 12
"""How many colours the studio has for labels."""
_CACHE_SECONDS = 31_536_000


def labelling(here: Visit, queue: Queue, mode: Mode) -> Tag:
    """Build the element.

    Args:
        here: Who works.
        queue: On what.
        mode: Whether texts are labelled, or what people disagree about is settled.
    """
    place = _place()
    ui.add_head_html(f'<link rel="stylesheet" href="{place}/labelling.css">')
    ui.add_head_html(f'<script type="module" src="{place}/labelling.js"></script>')
    return Tag("tunery-labelling", config=json.dumps(_config(here, queue, mode), ensure_ascii=False))


def _config(here: Visit, queue: Queue, mode: Mode) -> dict[str, object]:
    return {
        "mode": mode,
        "user": here.context.user_id,
        "queue": queue.id,
        "kind": queue.kind,
        "guidelines": queue.guidelines,
        "labels": [{"name": label, "hue": colour} for label, colour in _colours(queue.labels).items()],
        "api": PREFIX,
        "csrf": csrf_token(here.parts.workspace, here.secret or ""),
        "language": here.language,
        "signIn": sign_in_address(here.path),
        "words": phrases.phrases(),
    }


def _colours(labels: Sequence[str]) -> dict[str, int]:
    """Return each label's colour: its own in all of the studio, unless another label on the page has that."""
    found: dict[str, int] = {}
    for label in labels:
        wanted = hue(label)
        free = [(wanted + step) % HUES for step in range(HUES) if (wanted + step) % HUES not in found.values()]
        found[label] = free[0] if free else wanted
    return found


@cache
def _place() -> str:
    """Serve the modules, and return where they are: the address changes with them, so that browsers may keep them."""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(_STATIC.iterdir()))).hexdigest()[:12]
    place = f"/_studio_labelling/{digest}"
    app.add_static_files(place, _STATIC, max_cache_age=_CACHE_SECONDS)
    return place
