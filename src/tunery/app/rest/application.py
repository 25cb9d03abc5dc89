"""The application: all routes, and what surrounds them."""

from __future__ import annotations

import importlib
import pkgutil

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.routing import Match, Mount

import tunery
from tunery.app.parts import Parts
from tunery.app.rest import problems, routes
from tunery.app.rest.frame import Frame
from tunery.serving import page

PREFIX = "/api/v1"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


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
    app.get(f"{PREFIX}/docs", include_in_schema=False)(_docs)
    # Pages are served under all other addresses; what begins like the API and is none of it must not be taken for one.
    app.api_route("/api/{rest:path}", methods=list(_METHODS), include_in_schema=False)(_nothing)
    app.add_middleware(Frame, settings=parts.settings)
    return app


def _live() -> Response:
    return Response('{"status": "live"}', media_type="application/json")


def _docs(request: Request) -> Response:
    return Response(page.page(request.app.openapi()), media_type="text/html")


def _nothing(request: Request) -> Response:
    allowed = [method for method in _METHODS if _is_answered(request, method)]
    if not allowed:
        raise HTTPException(404)
    raise HTTPException(405, headers={"Allow": ", ".join(allowed)})


def _is_answered(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    routes = [route for route in request.app.routes if getattr(route, "endpoint", None) is not _nothing]
    api = [route for route in routes if not isinstance(route, Mount)]
    return any(route.matches(scope)[0] is Match.FULL for route in api)


_DESCRIPTION = """
Ask with an access token (`Authorization: Bearer tunery_pat_...`), or from a page with the cookie of a sign-in and, for
changes, the header `X-CSRF-Token`.

Everything that is refused is answered as `application/problem+json` in the language of `Accept-Language`.
Lists come in pages: `?limit=` says how many, and `next` of an answer goes into `?after=` for the following page.
Reads carry an `ETag` and heed `If-None-Match`; changes heed `If-Match`. A POST with an `Idempotency-Key` is done once
within 24 hours, however often it is sent.
"""
