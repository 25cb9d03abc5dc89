"""Spans for OpenTelemetry: one for each request, a child of the caller's where it sends one along (W3C traceparent)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tunery.errors import MissingExtraError
from tunery.i18n import _

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

_NAME = "tunery"


class Traces:
    """Sends spans to wherever OpenTelemetry's own variables say (``OTEL_EXPORTER_OTLP_ENDPOINT``, ...).

    Raises:
        MissingExtraError: OpenTelemetry is not installed.
    """

    def __init__(self) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            raise MissingExtraError("telemetry", _("Sending traces")) from None
        # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say goes before this name.
        resource = Resource({"service.name": _NAME}).merge(Resource.create())
        self._provider: TracerProvider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(_NAME)

    @contextmanager
    def request(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> Iterator[Span]:
        """Open a span for a request and close it with the block.

        Args:
            method: The HTTP method.
            path: The path, without its query.
            headers: The request's headers, names in lower case.
        """
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        attributes = {"http.request.method": method, "url.path": path}
        with self._tracer.start_as_current_span(
            method, context=extract(carrier), kind=SpanKind.SERVER, attributes=attributes
        ) as span:
            yield span

    def close(self) -> None:
        """Send what has not been sent."""
        self._provider.shutdown()


def describe(span: Span, status: int, about: Mapping[str, object]) -> None:
    """Put what came of a request into its span; texts never."""
    span.set_attribute("http.response.status_code", status)
    for name, value in about.items():
        if isinstance(value, str | int):
            span.set_attribute(f"tunery.{name}", value)
    if "endpoint" in about:
        span.update_name(f"predict {about['endpoint']}")
