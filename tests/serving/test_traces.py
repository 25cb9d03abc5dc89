"""Spans as a collector receives them."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.serving.rig import serving


def test_each_request_is_a_span_and_a_child_of_its_callers(models: Path) -> None:
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    collector = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    target = f"http://127.0.0.1:{collector.server_port}"
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": target, "OTEL_EXPORTER_OTLP_COMPRESSION": "none", "NO_PROXY": "*"}
    try:
        with serving(f"intents={models / 'intents'}", "--traces", **variables) as running:
            parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            with running.client(headers={"traceparent": parent}) as client:
                assert client.post("/v1/predict/intents", json={"inputs": "a secret text"}).status_code == 200
    finally:
        collector.shutdown()
        collector.server_close()
    spans = [
        span
        for body in received
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
        if span.name == "predict intents"
    ]
    assert [span.trace_id.hex() for span in spans] == ["0af7651916cd43dd8448eb211c80319c"]
    assert spans[0].parent_span_id.hex() == "b7ad6b7169203331"
    assert {one.key for one in spans[0].attributes} >= {
        "http.response.status_code",
        "tunery.endpoint",
        "tunery.version",
    }
    assert not any(b"a secret text" in body for body in received)
