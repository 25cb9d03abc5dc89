"""What one worker holds: endpoints, queue, keys, counters; and what is done for a request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request

from tunery.errors import MissingExtraError, ModelError, TuneryError
from tunery.i18n import _
from tunery.models.exported import Machine
from tunery.serving.answers import abstains
from tunery.serving.batcher import Batcher, DeadlinePassed
from tunery.serving.endpoints import Endpoint, Endpoints
from tunery.serving.engines import Engines
from tunery.serving.keys import Key, Keys
from tunery.serving.logs import LOGGER
from tunery.serving.metrics import Metrics
from tunery.serving.problems import Refused
from tunery.serving.served import Served
from tunery.serving.settings import LOOPBACK, ServingSettings
from tunery.serving.traces import Traces
from tunery.types import Prediction

if TYPE_CHECKING:
    from tunery.serving.recording import Recorder
    from tunery.serving.requests import FeedbackBody
    from tunery.store.settings import WorkspaceSettings

Caller = tuple[str | None, str]
"""The id of the key, and the way: ``api``, ``playground`` or ``share``."""
ORIGIN = "x-tunery-origin"
"""The header by which the workspace's own pages say that a request came from them."""
_ORIGINS = ("api", "playground", "share")
_PATIENCE = 0.05
"""Seconds after which it is worth looking whether the caller is still there."""
_WARM = "What it takes to answer is measured with this line."
_FAREWELL = 4.0
"""Seconds in which what is still to be recorded can be written at the end."""
_FOLLOW = 0.25
"""Seconds between two looks at what other workers have changed."""


@dataclass(frozen=True)
class Answered:
    """What came of some texts.

    Attributes:
        model: The version that answered; all predictions are its.
        predictions: One for each text.
    """

    model: Served
    predictions: Sequence[Prediction]


class Server:
    """One worker's state.

    Args:
        settings: How it was started.
        state: The file of what is to be served.
        workspace: Where requests are recorded; None where they are not.
    """

    def __init__(self, settings: ServingSettings, state: Path, workspace: WorkspaceSettings | None = None) -> None:
        self.settings = settings
        self.metrics = Metrics(lambda: self.batcher.expected_wait)
        self.batcher = Batcher(on_batch=self.metrics.batch)
        self.endpoints = Endpoints(Engines(Machine(settings.threads, settings.device)), state)
        self.keys = Keys(settings.keys, create=False) if settings.keys is not None else None
        self.traces = Traces() if settings.traces else None
        self.recorder = _recorder(workspace, self.metrics) if workspace is not None else None
        self.stopping = False
        self.ready = False

    # -- life ------------------------------------------------------------------------------------------------------

    async def start(self, required: Sequence[str] = ()) -> None:
        """Load what is to be served.

        Endpoints that can't be loaded are logged; the others are served, and readiness says what is missing.

        Args:
            required: Endpoints without which there is no start.

        Raises:
            ModelError: One of those can't be loaded.
        """
        await asyncio.to_thread(self.endpoints.follow)
        for name, reason in self.endpoints.failures.items():
            if name in required:
                raise ModelError(reason)
            LOGGER.error("an endpoint could not be loaded", extra={"endpoint": name, "reason": reason})
        await self._warm_up()
        if self.recorder is not None:
            self.recorder.start()
        self.ready = True

    async def _warm_up(self) -> None:
        """Let every endpoint answer once, so that the first callers don't wait, and the speed is known."""
        for endpoint in self.endpoints:
            texts = [_WARM] * 8
            await self._answer(endpoint.model, texts, self.settings.timeout, None)

    async def follow(self) -> None:
        """Take over, for as long as the worker lives, what other workers change."""
        while not self.stopping:
            await asyncio.sleep(_FOLLOW)
            try:
                await asyncio.to_thread(self.endpoints.follow)
                if self.keys is not None:
                    self.keys.flush()
            except Exception:  # noqa: BLE001 - a file that can't be read now may be readable in a moment
                LOGGER.exception("what workers share can't be read")

    def stop(self) -> None:
        """Accept nothing more."""
        self.stopping = True
        self.ready = False

    def close(self) -> None:
        """Let go of threads and files."""
        self.batcher.close()
        if self.recorder is not None and self.recorder.started:
            self.recorder.close(_FAREWELL)
        if self.keys is not None:
            self.keys.close()
        if self.traces is not None:
            self.traces.close()

    # -- who may do what -------------------------------------------------------------------------------------------

    def key_of(self, request: Request) -> Key | None:
        """Return the key of a request; None where no keys are asked for.

        Raises:
            Refused: There is none, or it is not known.
        """
        if self.keys is None:
            return None
        scheme, _sep, text = request.headers.get("authorization", "").partition(" ")
        key = self._find(text.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            detail = _("Send a valid key in the header Authorization: Bearer KEY.")
            raise Refused(401, "no-key", detail)
        return key

    def _find(self, text: str) -> Key | None:
        assert self.keys is not None  # noqa: S101 - `key_of` has looked
        try:
            return self.keys.find(text)
        except TuneryError as error:
            raise _no_keys(error) from error

    def admit(self, request: Request, name: str) -> tuple[Endpoint, Key | None]:
        """Return the endpoint that a request may use, and its key.

        Raises:
            Refused: It may not, or there is no such endpoint.
        """
        key = self.key_of(request)
        if key is not None and not key.allows(name):
            # The same answer whether the endpoint exists or not: keys don't tell what else there is.
            raise Refused(403, "not-allowed", _("This key is not for the endpoint {name}.").format(name=name))
        endpoint = self.endpoints.get(name)
        if endpoint is None:
            raise Refused(404, "no-endpoint", _("There is no endpoint {name}.").format(name=name))
        return endpoint, key

    def admit_admin(self, request: Request) -> None:
        """Make sure that a request may change what is served.

        Raises:
            Refused: It may not.
        """
        key = self.key_of(request)
        if key is not None and not key.admin:
            raise Refused(403, "not-allowed", _("This key may not change what is served."))
        if key is None and self.settings.host not in LOOPBACK:
            raise Refused(403, "not-allowed", _("Without keys, only a server on loopback can be changed."))

    def charge(self, key: Key | None, texts: int) -> None:
        """Count texts against the rate and the quota of a key.

        Raises:
            Refused: It has had enough for now.
        """
        try:
            refusal = self.keys.charge(key, texts) if self.keys is not None and key is not None else None
        except TuneryError as error:
            raise _no_keys(error) from error
        if refusal is None:
            return
        detail = (
            _("This key's rate of requests is used up.") if refusal.kind == "rate"
            else _("This key's quota of texts is used up.")
        )  # fmt: skip
        raise Refused(429, f"{refusal.kind}-exceeded", detail, refusal.retry_after)

    # -- what is recorded ------------------------------------------------------------------------------------------

    def count(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request, which is an endpoint's or, with an empty name, no endpoint's."""
        self.metrics.request(endpoint, status, seconds)
        if self.recorder is not None and endpoint:
            self.recorder.count(endpoint, status, seconds)

    def caller(self, request: Request, key: Key | None) -> Caller:
        """Return who asks: the key's id, and by which way. Only who may change the server is believed about that."""
        trusted = key.admin if key is not None else self.settings.host in LOOPBACK
        said = request.headers.get(ORIGIN, "") if trusted else ""
        return (key.id if key is not None else None), (said if said in _ORIGINS else "api")

    def record(
        self,
        request: Request,
        name: str,
        answered: Answered,
        texts: Sequence[str],
        numbers: Sequence[int],
        started: float,
    ) -> None:
        """Hand over what was answered, to be stored as the workspace's settings say.

        Args:
            request: What it came in; its state has the caller.
            name: The endpoint.
            answered: What was answered.
            texts: What was asked.
            numbers: Which texts of the request these are.
            started: When it began, on the monotonic clock.
        """
        if self.recorder is None or not texts:
            return
        from tunery.serving.recording import Asked

        key, origin = request.state.caller
        self.recorder.add(
            Asked(
                name, answered.model, request.state.request_id, numbers, texts, answered.predictions,
                (time.monotonic() - started) * 1000, key, origin, time.time(),
            )
        )  # fmt: skip

    def give_feedback(self, name: str, body: FeedbackBody, origin: str) -> str:
        """Keep what a caller says about an answer; return its name.

        Raises:
            Refused: It can't be kept.
        """
        if self.recorder is None:
            detail = _("Feedback can't be kept: the server was started without --workspace.")
            raise Refused(403, "no-workspace", detail)
        from tunery.serving.feedback import give

        return give(self.recorder, name, body, origin)

    # -- answers ---------------------------------------------------------------------------------------------------

    def check_open(self) -> None:
        """Make sure that requests are taken, and that there is room for one more.

        Raises:
            Refused: They are not, or there is none.
        """
        if self.stopping or not self.ready:
            raise Refused(503, "not-ready", _("The server is starting or stopping. Ask again in a moment."), 1.0)
        self.check_room()

    def check_room(self) -> None:
        """Make sure that a request can be answered soon.

        Raises:
            Refused: It can't.
        """
        wait = self.batcher.expected_wait
        if wait > self.settings.max_wait or self.batcher.is_full:
            raise Refused(503, "queue-full", _("Too many requests are waiting. Ask again later."), wait)

    async def room_for_more(self) -> None:
        """Wait until the queue is short: what belongs to a stream has time, and must not crowd out others.

        Raises:
            Refused: The server is stopping.
        """
        while self.batcher.seconds_waiting > self.settings.max_wait / 2:
            await asyncio.sleep(_PATIENCE)

    async def answer(
        self, name: str, model: Served, texts: Sequence[str], timeout: float | None, request: Request | None = None
    ) -> Answered:
        """Answer texts with one version of a model, and count them.

        Args:
            name: The endpoint that was asked.
            model: The version.
            texts: What is asked.
            timeout: Seconds that the caller waits.
            request: The request, to notice when its caller leaves.

        Raises:
            Refused: It took longer than the caller waits.
            ClientDisconnect: The caller left.
        """
        if not texts:
            return Answered(model, [])
        seconds = min(timeout or self.settings.timeout, self.settings.timeout)
        found = await self._answer(model, texts, seconds, request)
        abstentions = sum(abstains(prediction, model.threshold_of_abstention) for prediction in found)
        self.metrics.answered(name, len(texts), abstentions)
        return Answered(model, found)

    async def _answer(
        self, model: Served, texts: Sequence[str], seconds: float, request: Request | None
    ) -> list[Prediction]:
        job = self.batcher.submit(model, texts, time.monotonic() + seconds)
        try:
            return await self._wait(job.future, seconds, request)
        except DeadlinePassed:
            detail = _("There was no answer within {n:g} seconds.").format(n=seconds)
            raise Refused(504, "deadline", detail) from None
        finally:
            if not job.future.done() or job.future.cancelled():
                job.future.cancel()  # What still comes of it is for nobody.
                self.batcher.drop(job)

    async def _wait(
        self, future: asyncio.Future[list[Prediction]], seconds: float, request: Request | None
    ) -> list[Prediction]:
        await asyncio.wait({future}, timeout=min(_PATIENCE, seconds))
        if future.done():
            return future.result()
        if request is None:
            return await _in_time(future, seconds)
        leaving = asyncio.create_task(_disconnected(request))
        both: set[asyncio.Future[Any]] = {future, leaving}
        try:
            await asyncio.wait(both, timeout=max(0.0, seconds - _PATIENCE), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
        if not future.done() and leaving.done():
            raise ClientDisconnect
        return await _in_time(future, 0.0)


def _recorder(workspace: WorkspaceSettings, metrics: Metrics) -> Recorder:
    try:
        from tunery.serving.recording import Recorder
    except ImportError:
        raise MissingExtraError("app", _("Recording requests")) from None
    return Recorder(workspace, metrics.lost)


def _no_keys(error: TuneryError) -> Refused:
    """Return the refusal where the file of keys can't be used; why is for the log, not for callers."""
    LOGGER.error("the file of keys can't be used", extra={"reason": str(error)})
    return Refused(503, "no-keys", _("The server can't look up keys at the moment. Ask again later."), 1.0)


async def _in_time(future: asyncio.Future[list[Prediction]], seconds: float) -> list[Prediction]:
    await asyncio.wait({future}, timeout=seconds)
    if not future.done():
        raise DeadlinePassed
    return future.result()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
