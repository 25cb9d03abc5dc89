"""What a server counts, in Prometheus's form."""

from __future__ import annotations

import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from tunery.serving.batcher import Batch

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Set by the supervisor where several workers count together."""
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """Counters of one worker; `page` shows those of all workers together.

    Args:
        waiting: Says how much work waits.
    """

    def __init__(self, waiting: Callable[[], float]) -> None:
        self._registry = CollectorRegistry()
        to = self._registry
        self._requests = Counter("tunery_requests", "Requests.", ["endpoint", "status"], registry=to)
        self._latency = Histogram(
            "tunery_request_seconds", "Time from request to answer.", ["endpoint"], buckets=_SECONDS, registry=to
        )
        self._texts = Counter("tunery_texts", "Texts answered.", ["endpoint"], registry=to)
        self._abstentions = Counter("tunery_abstentions", "Answers below the threshold.", ["endpoint"], registry=to)
        self._lost = Counter(
            "tunery_requests_lost", "Texts that should have been recorded and were not.", ["endpoint"], registry=to
        )
        self._batches = Counter("tunery_batches", "Batches run.", registry=to)
        self._windows = Counter("tunery_batch_windows", "Windows in batches.", registry=to)
        self._tokens = Counter("tunery_batch_tokens", "Tokens in batches, without padding.", registry=to)
        self._padding = Counter("tunery_batch_padding", "Padding in batches, in tokens.", registry=to)
        self._busy = Counter("tunery_batch_seconds", "Time spent in batches.", registry=to)
        self._mixed = Counter("tunery_batches_mixed", "Batches with several models.", registry=to)
        queue = Gauge(
            "tunery_queue_seconds", "Expected wait of a new request.", multiprocess_mode="livemax", registry=to
        )
        if _SHARED not in os.environ:
            queue.set_function(waiting)
        self._queue, self._waiting = queue, waiting
        self._bound: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def request(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request. Only names of endpoints that exist are labels: what callers make up must not fill memory."""
        key = (endpoint, status)
        bound = self._bound.get(key)
        if bound is None:
            bound = (self._requests.labels(endpoint, str(status)), self._latency.labels(endpoint))
            self._bound[key] = bound
        bound[0].inc()
        bound[1].observe(seconds)

    def answered(self, endpoint: str, texts: int, abstentions: int) -> None:
        """Count answers."""
        self._texts.labels(endpoint).inc(texts)
        if abstentions:
            self._abstentions.labels(endpoint).inc(abstentions)

    def lost(self, endpoint: str, texts: int) -> None:
        """Count texts that could not be recorded."""
        self._lost.labels(endpoint).inc(texts)

    def batch(self, batch: Batch) -> None:
        """Count a batch."""
        self._batches.inc()
        self._windows.inc(batch.windows)
        self._tokens.inc(batch.tokens)
        self._padding.inc(batch.padded - batch.tokens)
        self._busy.inc(batch.seconds)
        if batch.models > 1:
            self._mixed.inc()
        if _SHARED in os.environ:
            self._queue.set(self._waiting())

    def page(self) -> bytes:
        """Return all of it as text."""
        if _SHARED not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
