"""The application: all routes, and what surrounds them."""

from __future__ import annotations

import importlib
import pkgutil

from fastapi import FastAPI, Response

import tunery
from tunery.app.parts import Parts
from tunery.app.rest import problems, routes
from tunery.app.rest.frame import Frame

PREFIX = "/api/v1"


def create(parts: Parts) -> FastAPI:
    """Return the application over some parts: the API alone; pages are added by `tunery.app.studio`."""
    app = FastAPI(
        title="Tunery",
        version=tunery.__version__,
        summary="Models that are yours: tuned, measured, served, watched, renewed.",
        description=_DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={"default": {"description": "A problem (RFC 9457).", "content": {problems.MEDIA_TYPE: {}}}},
    )
    app.state.parts = parts
    problems.install(app)
    for module in pkgutil.iter_modules(routes.__path__):
        app.include_router(importlib.import_module(f"{routes.__name__}.{module.name}").router, prefix=PREFIX)
    app.get("/health/live", include_in_schema=False)(_live)
    app.add_middleware(Frame, settings=parts.settings)
    return app


def _live() -> Response:
    return Response('{"status": "live"}', media_type="application/json")


_DESCRIPTION = """
Ask with an access token (`Authorization: Bearer tunery_pat_...`), or from a page with the cookie of a sign-in and, for
changes, the header `X-CSRF-Token`.

Everything that is refused is answered as `application/problem+json` in the language of `Accept-Language`.
Lists come in pages: `?limit=` says how many, and `next` of an answer goes into `?after=` for the following page.
Reads carry an `ETag` and heed `If-None-Match`; changes heed `If-Match`. A POST with an `Idempotency-Key` is done once
within 24 hours, however often it is sent.
"""
