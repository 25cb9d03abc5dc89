"""The routes. What they do is in `server`, and what happens around them in `frame`."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.serving import answers, described, page
from tunery.serving.endpoints import Endpoint
from tunery.serving.frame import Frame
from tunery.serving.lines import LineStream
from tunery.serving.metrics import CONTENT_TYPE
from tunery.serving.problems import Refused
from tunery.serving.requests import (
    B,
    FeedbackBody,
    HuggingFaceBody,
    Intake,
    LoadBody,
    PredictBody,
    PromoteBody,
    parse,
    read,
    texts_of,
    to_json,
)  # fmt: skip
from tunery.serving.server import Answered, Server

Handler = Callable[[Request], Awaitable[Any]]
_INTAKE = 256_000_000
"""Bytes of bodies that may be under way."""


class Routes:
    """The functions behind the routes.

    Args:
        server: What they work on.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._intake = Intake(_INTAKE)

    # -- answers ---------------------------------------------------------------------------------------------------

    async def predict(self, request: Request) -> Response:
        """Answer one text or several."""
        endpoint, body, texts, found = await self._ask(request, PredictBody)
        model = found.model
        threshold = model.threshold_of_abstention
        predictions = [
            answers.answer(text, prediction, spans=model.spans, threshold=threshold, top=body.top)
            for text, prediction in zip(texts, found.predictions, strict=True)
        ]
        values = {
            "endpoint": endpoint.name,
            "version": model.version,
            "request_id": request.state.request_id,
            "predictions": predictions,
        }
        return _json(values)

    async def as_hugging_face(self, request: Request) -> Response:
        """Answer in the shape of Hugging Face's inference API."""
        _endpoint, body, texts, found = await self._ask(request, HuggingFaceBody)
        top_k = body.parameters.top_k if body.parameters is not None else None
        spans = found.model.spans
        lists = [
            answers.as_hugging_face(text, prediction, spans=spans, top_k=top_k)
            for text, prediction in zip(texts, found.predictions, strict=True)
        ]
        # One text with classes is a list in a list, and with entities a plain one: so are theirs.
        return _json(lists[0] if spans and isinstance(body.inputs, str) else lists)

    async def stream(self, request: Request) -> Any:
        """Answer JSON lines of any length."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ("application/x-ndjson", "application/jsonl"):
            raise Refused(415, "not-lines", _("Send JSON lines, with the header Content-Type: application/x-ndjson."))
        endpoint, key = self._server.admit(request, request.path_params["endpoint"])
        self._server.check_open()
        self._note(request, endpoint)
        request.state.caller = self._server.caller(request, key)
        return LineStream(self._server, endpoint, request, functools.partial(self._server.charge, key))

    async def _ask(self, request: Request, kind: type[Any]) -> tuple[Endpoint, Any, list[str], Answered]:
        server = self._server
        endpoint, key = server.admit(request, request.path_params["endpoint"])
        self._note(request, endpoint)
        server.check_open()
        raw = await read(request, server.settings, self._intake)
        body = parse(kind, raw, server.settings.max_texts)
        texts = texts_of(body.inputs, server.settings)
        server.check_room()  # Others may have come while this one was arriving.
        server.charge(key, len(texts))
        request.state.about["texts"] = len(texts)
        if server.settings.log_texts:
            request.state.about["inputs"] = texts
        found = await server.answer(endpoint.name, endpoint.model, texts, getattr(body, "timeout", None), request)
        request.state.caller = server.caller(request, key)
        server.record(request, endpoint.name, found, texts, range(len(texts)), request.state.started)
        return endpoint, body, texts, found

    def _note(self, request: Request, endpoint: Endpoint) -> None:
        request.state.about |= {"endpoint": endpoint.name, "version": endpoint.champion}

    async def feedback(self, request: Request) -> Response:
        """Keep what a caller says about an answer."""
        server, name = self._server, request.path_params["endpoint"]
        _endpoint, key = server.admit(request, name)
        body = parse(FeedbackBody, await read(request, server.settings, self._intake))
        server.charge(key, 0)
        made = await _in_thread(server.give_feedback, name, body, server.caller(request, key)[1])
        return _json({"feedback_id": made, "request_id": body.request_id, "number": body.number}, 201)

    # -- endpoints -------------------------------------------------------------------------------------------------

    async def list_endpoints(self, request: Request) -> Response:
        """Return what is served, as far as the key may know it."""
        key = self._server.key_of(request)
        shown = [one for one in self._server.endpoints if key is None or key.admin or key.allows(one.name)]
        return _json({"endpoints": [described.endpoint(one) for one in sorted(shown, key=lambda one: one.name)]})

    async def show_endpoint(self, request: Request) -> Response:
        """Return one endpoint."""
        endpoint, _key = self._server.admit(request, request.path_params["endpoint"])
        return _json(described.endpoint(endpoint))

    async def load(self, request: Request) -> Response:
        """Load a model behind an endpoint."""
        body: LoadBody = await self._change(request, LoadBody)
        folder = self._folder(body.model)
        add = functools.partial(self._server.endpoints.add, promote=body.promote)
        endpoint, version = await _in_thread(add, request.path_params["endpoint"], folder)
        return _json({**described.endpoint(endpoint), "loaded": version}, 201)

    async def promote(self, request: Request) -> Response:
        """Let a version answer from now on."""
        body: PromoteBody = await self._change(request, PromoteBody)
        name = request.path_params["endpoint"]
        endpoint = await _in_thread(self._server.endpoints.promote, name, body.version)
        if endpoint is None:
            detail = _("There is no version {version} of {name}.").format(version=body.version, name=name)
            raise Refused(404, "no-version", detail)
        return _json(described.endpoint(endpoint))

    async def unload(self, request: Request) -> Response:
        """Unload an endpoint, or one version of it."""
        self._server.admit_admin(request)
        name, version = request.path_params["endpoint"], request.path_params.get("version")
        try:
            found = await _in_thread(self._server.endpoints.remove, name, version)
        except SettingError as error:
            raise Refused(409, "in-use", str(error)) from None
        if not found:
            raise Refused(404, "no-endpoint", _("There is no endpoint {name}.").format(name=name))
        return Response(status_code=204)

    async def _change(self, request: Request, kind: type[B]) -> B:
        self._server.admit_admin(request)
        return parse(kind, await read(request, self._server.settings, self._intake))

    def _folder(self, name: str) -> Path:
        root = self._server.settings.models
        if root is None:
            detail = _("Models can't be loaded: the server was started without --models.")
            raise Refused(403, "no-models", detail)
        folder = _below(root.resolve(), name)
        if folder is None:
            raise Refused(422, "no-model", _("There is no model {name} in the folder of models.").format(name=name))
        return folder

    # -- how the server is -----------------------------------------------------------------------------------------

    async def live(self, request: Request) -> Response:
        """Answer while the process can."""
        del request
        return _json({"status": "live"})

    async def ready(self, request: Request) -> Response:
        """Answer with 200 while requests are taken."""
        del request
        server = self._server
        missing = sorted(server.endpoints.failures)
        if not server.ready or missing:
            status = "stopping" if server.stopping else "starting" if not server.ready else "incomplete"
            return _json({"status": status, "missing": missing}, 503)
        return _json({"status": "ready", "missing": []})

    async def openapi(self, request: Request) -> Response:
        """Return the description of the API for programs."""
        del request
        return _json(described.openapi(with_keys=self._server.keys is not None))

    async def docs(self, request: Request) -> Response:
        """Return the description of the API for people."""
        del request
        return Response(page.page(described.openapi(with_keys=self._server.keys is not None)), media_type="text/html")

    async def metrics(self, request: Request) -> Response:
        """Return the counters; where keys are asked for, to an admin."""
        if self._server.keys is not None:
            self._server.admit_admin(request)
        return Response(self._server.metrics.page(), media_type=CONTENT_TYPE)


def build(server: Server) -> ASGIApp:
    """Return the application for a server."""
    routes = Routes(server)
    paths: dict[str, dict[str, Handler]] = {}
    for route in described.ROUTES:
        paths.setdefault(route.path, {})[route.method] = getattr(routes, route.handler)
    return Frame(Router([_route(path, handlers) for path, handlers in paths.items()], redirect_slashes=False), server)


def _route(path: str, handlers: Mapping[str, Handler]) -> Route:
    """Return one route for all methods of a path: a refusal of others names them all."""
    # What HEAD is answered with is what GET would be; uvicorn leaves out the content.
    chosen = {**handlers, "HEAD": handlers["GET"]} if "GET" in handlers else dict(handlers)

    async def handle(request: Request) -> Any:
        return await chosen[request.method](request)

    return Route(path, handle, methods=sorted(chosen))


def _below(root: Path, name: str) -> Path | None:
    """Return a folder below another; None where there is no such, or dots or links lead out of it."""
    if ".." in Path(name).parts or Path(name).is_absolute():
        return None
    try:
        folder = (root / name).resolve()
        return folder if root in folder.parents and folder.is_dir() else None
    except (OSError, ValueError, RuntimeError):  # too long a name, a NUL, links in a circle
        return None


def _json(values: object, status: int = 200) -> Response:
    return Response(to_json(values), status, media_type="application/json")


async def _in_thread(function: Callable[..., Any], *arguments: object) -> Any:
    return await asyncio.to_thread(function, *arguments)
