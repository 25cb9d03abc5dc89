"""The studio: what people see in a browser, on the same port as the REST API.

`installing.install` puts it on the application. A page is a module of `pages`, made with `page.studio_page`; what
pages are made of is in `components`. Pages call `tunery.app.actions` and hold no logic of their own. Texts of users are
only ever shown by elements that take them as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tunery.app.parts import Parts


def install(app: FastAPI, parts: Parts) -> None:
    """Serve the studio on an application; see `tunery.app.studio.installing`."""
    from tunery.app.studio import installing

    installing.install(app, parts)
