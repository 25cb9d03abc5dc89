"""The API described: its routes, and what goes in and comes out, as the OpenAPI page shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

import tunery
from tunery.i18n import N_
from tunery.serving.endpoints import Endpoint
from tunery.serving.requests import FeedbackBody, HuggingFaceBody, LoadBody, PredictBody, PromoteBody
from tunery.serving.settings import ENDPOINT_NAME


class _Described(BaseModel):
    """What goes out: nothing that isn't described."""

    model_config = ConfigDict(extra="forbid")


class Problem(_Described):
    """Why a request got no answer (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="A stable name for machines.")
    detail: str = Field(description="What is wrong and what to do, in the language of Accept-Language (en, zh).")
    request_id: str


class SpanAnswer(_Described):
    """An entity: `text[start:end]`, counted in Unicode code points."""

    start: int
    end: int
    label: str
    text: str
    score: float | None


class Answer(_Described):
    """One answer. Which fields there are depends on the task."""

    label: str | None = Field(default=None, description="The class.")
    labels: list[str] | None = Field(default=None, description="The classes, where there can be several.")
    spans: list[SpanAnswer] | None = Field(default=None, description="The entities.")
    score: float | None = Field(default=None, description="The calibrated probability that the answer is right.")
    scores: dict[str, float] | None = Field(default=None, description="Probabilities of labels.")
    abstain: bool = Field(description="Whether the score is below the threshold that was chosen on dev.")
    windows: int | None = Field(default=None, description="How many windows a long text was read in.")


class PredictAnswer(_Described):
    """Answers, all of one version."""

    endpoint: str
    version: str
    request_id: str
    predictions: list[Answer]


class HuggingFaceLabel(_Described):
    """A label with its probability."""

    label: str
    score: float


class HuggingFaceEntity(_Described):
    """An entity."""

    entity_group: str
    score: float | None
    word: str
    start: int
    end: int


class HuggingFaceAnswer(_Described):
    """What Hugging Face's inference API answers."""

    answer: list[list[HuggingFaceLabel]] | list[HuggingFaceEntity] | list[list[HuggingFaceEntity]]


class VersionAnswer(_Described):
    """A model behind an endpoint."""

    version: str
    model: str = Field(description="The name of its folder.")
    loaded: str
    champion: bool = Field(description="Whether it is the one that answers.")
    runtime: Literal["torch", "onnx", "onnx-int8"]


class EndpointAnswer(_Described):
    """An endpoint."""

    name: str
    version: str = Field(description="The version that answers.")
    task: str
    labels: list[str]
    abstention: dict[str, Any] | None
    versions: list[VersionAnswer]
    loaded: str | None = Field(default=None, description="The version that was loaded by this request.")


class EndpointsAnswer(_Described):
    """All endpoints."""

    endpoints: list[EndpointAnswer]


class FeedbackAnswer(_Described):
    """What was said about an answer is kept."""

    feedback_id: str
    request_id: str
    number: int


class HealthAnswer(_Described):
    """How the server is."""

    status: Literal["live", "ready", "starting", "stopping", "incomplete"]
    missing: list[str] = Field(default=[], description="Endpoints that could not be loaded.")


@dataclass(frozen=True)
class Route:
    """A route and its description.

    Attributes:
        method: The HTTP method.
        path: With its parameters in braces.
        handler: The function in `app.Routes`.
        summary: In a few words.
        body: What goes in.
        answer: What comes out.
        status: Of a request that succeeds.
        refusals: Statuses with which it may be refused.
        media: The type of what comes out.
        lines: Whether JSON lines go in.
        shown: Whether it is part of the description.
        tags: What it belongs to.
    """

    method: str
    path: str
    handler: str
    summary: str
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    media: str = "application/json"
    lines: bool = False
    shown: bool = True
    tags: tuple[str, ...] = field(default=("answers",))


_ASK = (401, 403, 404, 408, 413, 415, 422, 429, 503, 504)
_CHANGE = (401, 403, 404, 408, 413, 415, 422, 503)
_LOOK = (401, 403, 404, 503)

ROUTES = (
    Route("POST", "/v1/predict/{endpoint}", "predict", N_("Answer texts"), PredictBody, PredictAnswer, refusals=_ASK),
    Route("POST", "/v1/predict/{endpoint}/stream", "stream", N_("Answer JSON lines of any length"), refusals=_ASK,
          media="application/x-ndjson", lines=True),
    Route("POST", "/models/{endpoint}", "as_hugging_face", N_("Answer as Hugging Face's inference API does"),
          HuggingFaceBody, HuggingFaceAnswer, refusals=_ASK),
    Route("GET", "/v1/endpoints", "list_endpoints", N_("List endpoints"), None, EndpointsAnswer,
          refusals=(401, 403, 503), tags=("endpoints",)),
    Route("GET", "/v1/endpoints/{endpoint}", "show_endpoint", N_("Show an endpoint"), None, EndpointAnswer,
          refusals=_LOOK, tags=("endpoints",)),
    Route("DELETE", "/v1/endpoints/{endpoint}", "unload", N_("Unload an endpoint"), status=204,
          refusals=(*_LOOK, 409), tags=("endpoints",)),
    Route("POST", "/v1/endpoints/{endpoint}/versions", "load", N_("Load a model"), LoadBody, EndpointAnswer, 201,
          _CHANGE, tags=("endpoints",)),
    Route("DELETE", "/v1/endpoints/{endpoint}/versions/{version}", "unload", N_("Unload a version"), status=204,
          refusals=(*_LOOK, 409), tags=("endpoints",)),
    Route("POST", "/v1/endpoints/{endpoint}/promote", "promote", N_("Let a version answer"), PromoteBody,
          EndpointAnswer, refusals=_CHANGE, tags=("endpoints",)),
    Route("POST", "/v1/endpoints/{endpoint}/feedback", "feedback", N_("Say whether an answer was right"), FeedbackBody,
          FeedbackAnswer, 201, (*_CHANGE, 429)),
    Route("GET", "/health/live", "live", N_("Whether the process lives"), None, HealthAnswer, refusals=(403,),
          tags=("health",)),
    Route("GET", "/health/ready", "ready", N_("Whether requests are taken"), None, HealthAnswer, refusals=(403, 503),
          tags=("health",)),
    Route("GET", "/metrics", "metrics", N_("Counters for Prometheus"), refusals=(401, 403, 503), media="text/plain",
          tags=("health",)),
    Route("GET", "/openapi.json", "openapi", N_("This description, for programs"), shown=False),
    Route("GET", "/docs", "docs", N_("This description, for people"), shown=False),
)  # fmt: skip


def endpoint(one: Endpoint) -> dict[str, object]:
    """Return an endpoint as plain values for JSON."""
    model = one.model
    abstention = model.abstention
    return {
        "name": one.name,
        "version": one.champion,
        "task": model.task.name,
        "labels": list(model.labels),
        "abstention": abstention.model_dump() if abstention is not None else None,
        "versions": [
            {
                "version": name,
                "model": version.model.folder.name,
                "loaded": version.loaded,
                "champion": name == one.champion,
                "runtime": version.model.manifest.export.runtime if version.model.manifest.export else "torch",
            }
            for name, version in one.versions.items()
        ],
    }


def openapi(*, with_keys: bool) -> dict[str, Any]:
    """Return the API's description.

    Args:
        with_keys: Whether keys are asked for.
    """
    _names, schemas = models_json_schema(
        [(model, "validation") for model in _models()], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, Any] = {}
    for route in ROUTES:
        if route.shown:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Tunery", "version": tunery.__version__},
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }
    if with_keys:
        described["components"] |= {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
        described["security"] = [{"key": []}]
    return described


def _models() -> Iterator[type[BaseModel]]:
    yield Problem
    for route in ROUTES:
        yield from (model for model in (route.body, route.answer) if model is not None)


def _operation(route: Route) -> dict[str, Any]:
    refused = {"application/problem+json": {"schema": _ref(Problem)}}
    refusals: dict[str, Any] = {
        str(status): {"description": "Refused.", "content": refused} for status in sorted(route.refusals)
    }
    if route.path.startswith("/health"):
        refusals |= {"503": {"description": "Not now.", "content": _content(route)}} if "503" in refusals else {}
    operation: dict[str, Any] = {
        "summary": route.summary,
        "tags": list(route.tags),
        "operationId": f"{route.method.lower()}{route.path.replace('/', '_').replace('{', '').replace('}', '')}",
        "parameters": [_parameter(name) for name in _parameters(route.path)],
        "responses": {str(route.status): {"description": "Done.", "content": _content(route)}, **refusals},
    }
    if route.status == 204:
        operation["responses"]["204"] = {"description": "Done."}
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(route.body)}}}
    if route.lines:
        lines = {"schema": {"type": "string"}, "example": '{"text": "..."}\n{"text": "..."}\n'}
        operation["requestBody"] = {"required": True, "content": {"application/x-ndjson": lines}}
    return operation


def _content(route: Route) -> dict[str, Any]:
    if route.answer is None:
        return {route.media: {"schema": {"type": "string"}}}
    if route.answer is HuggingFaceAnswer:
        whole = HuggingFaceAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
        return {route.media: {"schema": whole["properties"]["answer"]}}
    return {route.media: {"schema": _ref(route.answer)}}


def _parameters(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": f"^{ENDPOINT_NAME.pattern}$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
