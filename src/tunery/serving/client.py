"""The client of a server: `tunery.Client`, and `tunery.AsyncClient` for programs with an event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal, Self

from tunery.errors import ServerError
from tunery.serving import calls
from tunery.serving.calls import IN_FLIGHT, Again, Call, Portions, Server, ask_call, endpoint_call, feedback_call
from tunery.serving.replies import (
    Answers,
    Endpoint,
    answers_from_wire,
    endpoint_from_wire,
    endpoints_from_wire,
    from_wire,
)
from tunery.types import Input, Prediction, Target

if TYPE_CHECKING:
    from tunery.tasks.base import Task

__all__ = ["Answers", "AsyncClient", "Client", "Endpoint", "RemotePredictor", "from_wire"]


class Client:
    """Asks a server. May be used by several threads at once, and as a context manager.

    What the server is too busy for (429, 503), and what a broken connection has swallowed, is asked again: after as
    long as the server says, else after growing waits. Asking twice does no harm: answers change nothing.

    Args:
        url: Where the server is, for example ``http://127.0.0.1:8000``.
        key: The key that the server asks for.
        timeout: Seconds that one request may take with all its attempts.
        retries: How often a request is tried again.

    Raises:
        SettingError: The address, the key or a number can't be meant.
        MissingExtraError: httpx is not installed.
    """

    def __init__(self, url: str, key: str | None = None, timeout: float = 30.0, retries: int = 3) -> None:
        calls.httpx_or_words()
        import httpx

        self._server = Server(url.rstrip("/"), key, timeout, retries)
        self._http = httpx.Client(**self._server.options())

    def predict(
        self, endpoint: str, inputs: Sequence[Input], *, top: int | None = None, timeout: float | None = None
    ) -> list[Prediction]:
        """Return one prediction for each input, in the same order.

        Args:
            endpoint: Who is asked.
            inputs: Texts, or examples, of which only the text is sent. Many are sent in several requests.
            top: For classes: how many of the best are given with their scores.
            timeout: Seconds that a request may take with all its attempts; the server is told.

        Raises:
            ServerError: The server refused, or gave no answer.
        """
        return list(self.stream(endpoint, inputs, top=top, timeout=timeout))

    def ask(
        self, endpoint: str, inputs: Sequence[Input], *, top: int | None = None, timeout: float | None = None
    ) -> Answers:
        """Return the answer to one request with everything that the server says about it; see `predict`."""
        call = ask_call(self._server, endpoint, inputs, top, timeout)
        return answers_from_wire(self._carry_out(call), len(inputs))

    def stream(
        self, endpoint: str, inputs: Iterable[Input], *, top: int | None = None, timeout: float | None = None
    ) -> Iterator[Prediction]:
        """Yield one prediction for each input, in the same order and in constant memory; see `predict`.

        A few requests are under way at the same time, each with some of the texts.
        """
        pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="tunery-client")
        waiting: deque[Future[tuple[Prediction, ...]]] = deque()
        try:
            for portion in _portions(inputs):
                waiting.append(pool.submit(self._portion, endpoint, portion, top, timeout))
                if len(waiting) == IN_FLIGHT:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def feedback(
        self,
        endpoint: str,
        request_id: str,
        verdict: Literal["right", "wrong", "corrected"],
        *,
        target: Target | None = None,
        number: int = 0,
        note: str = "",
    ) -> None:
        """Say whether an answer was right; the server has to record what it answers.

        Args:
            endpoint: Who was asked.
            request_id: The name of the request, as `Answers` has it.
            verdict: ``right``, ``wrong``, or ``corrected`` together with ``target``.
            target: What would have been right: a label, labels, or spans of the text that was sent.
            number: Which text of the request, from 0.
            note: Why, for people.

        Raises:
            ServerError: The server refused, or gave no answer.
        """
        self._carry_out(feedback_call(self._server, endpoint, request_id, verdict, target, number, note))

    def endpoints(self) -> list[Endpoint]:
        """Return what the server can be asked."""
        return endpoints_from_wire(self._carry_out(endpoint_call(self._server)))

    def endpoint(self, name: str) -> Endpoint:
        """Return what the server says about an endpoint."""
        return endpoint_from_wire(self._carry_out(endpoint_call(self._server, name)))

    def predictor(self, name: str) -> RemotePredictor:
        """Return an endpoint as a predictor, for `tunery.evaluate` and `tunery.compare`."""
        return RemotePredictor(self, self.endpoint(name), f"{self._server.url}/{name}")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_about: object) -> None:
        self.close()

    def _portion(
        self, endpoint: str, portion: list[str], top: int | None, timeout: float | None
    ) -> tuple[Prediction, ...]:
        try:
            return self.ask(endpoint, portion, top=top, timeout=timeout).predictions
        except ServerError as error:
            first, second = calls.halves(portion, error)
        return self._portion(endpoint, first, top, timeout) + self._portion(endpoint, second, top, timeout)

    def _carry_out(self, call: Call) -> object:
        while isinstance(outcome := self._attempt(call), Again):
            time.sleep(outcome.seconds)
        return outcome

    def _attempt(self, call: Call) -> object:
        import httpx

        try:
            with self._http.stream(**call.request()) as response:
                body = bytearray()
                for piece in response.iter_bytes():
                    body += piece
                    _ = call.left  # httpx limits the wait for each piece, not for all
                return call.judge(response, bytes(body))
        except httpx.HTTPError as error:
            return call.failed(error)


class AsyncClient:
    """`Client` for programs with an event loop: the same methods, to be awaited.

    Args:
        url: Where the server is, for example ``http://127.0.0.1:8000``.
        key: The key that the server asks for.
        timeout: Seconds that one request may take with all its attempts.
        retries: How often a request is tried again.

    Raises:
        SettingError: The address, the key or a number can't be meant.
        MissingExtraError: httpx is not installed.
    """

    def __init__(self, url: str, key: str | None = None, timeout: float = 30.0, retries: int = 3) -> None:
        calls.httpx_or_words()
        import httpx

        self._server = Server(url.rstrip("/"), key, timeout, retries)
        self._http = httpx.AsyncClient(**self._server.options())

    async def predict(
        self, endpoint: str, inputs: Sequence[Input], *, top: int | None = None, timeout: float | None = None
    ) -> list[Prediction]:
        """Return one prediction for each input, in the same order; see `Client.predict`."""
        stream = self.stream(endpoint, inputs, top=top, timeout=timeout)
        return [prediction async for prediction in stream]

    async def ask(
        self, endpoint: str, inputs: Sequence[Input], *, top: int | None = None, timeout: float | None = None
    ) -> Answers:
        """Return the answer to one request with everything that the server says about it; see `Client.predict`."""
        call = ask_call(self._server, endpoint, inputs, top, timeout)
        return answers_from_wire(await self._carry_out(call), len(inputs))

    async def stream(
        self,
        endpoint: str,
        inputs: Iterable[Input] | AsyncIterable[Input],
        *,
        top: int | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[Prediction]:
        """Yield one prediction for each input, in the same order and in constant memory; see `Client.stream`."""
        waiting: deque[asyncio.Task[tuple[Prediction, ...]]] = deque()
        try:
            async for portion in _async_portions(inputs):
                waiting.append(asyncio.create_task(self._portion(endpoint, portion, top, timeout)))
                if len(waiting) == IN_FLIGHT:
                    for prediction in await waiting.popleft():
                        yield prediction
            while waiting:
                for prediction in await waiting.popleft():
                    yield prediction
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def feedback(
        self,
        endpoint: str,
        request_id: str,
        verdict: Literal["right", "wrong", "corrected"],
        *,
        target: Target | None = None,
        number: int = 0,
        note: str = "",
    ) -> None:
        """Say whether an answer was right; see `Client.feedback`."""
        await self._carry_out(feedback_call(self._server, endpoint, request_id, verdict, target, number, note))

    async def endpoints(self) -> list[Endpoint]:
        """Return what the server can be asked."""
        return endpoints_from_wire(await self._carry_out(endpoint_call(self._server)))

    async def endpoint(self, name: str) -> Endpoint:
        """Return what the server says about an endpoint."""
        return endpoint_from_wire(await self._carry_out(endpoint_call(self._server, name)))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_about: object) -> None:
        await self.close()

    async def _portion(
        self, endpoint: str, portion: list[str], top: int | None, timeout: float | None
    ) -> tuple[Prediction, ...]:
        try:
            return (await self.ask(endpoint, portion, top=top, timeout=timeout)).predictions
        except ServerError as error:
            first, second = calls.halves(portion, error)
        before = await self._portion(endpoint, first, top, timeout)
        return before + await self._portion(endpoint, second, top, timeout)

    async def _carry_out(self, call: Call) -> object:
        while isinstance(outcome := await self._attempt(call), Again):
            await asyncio.sleep(outcome.seconds)
        return outcome

    async def _attempt(self, call: Call) -> object:
        import httpx

        try:
            async with asyncio.timeout(call.left), self._http.stream(**call.request()) as response:
                return call.judge(response, await response.aread())
        except TimeoutError:
            raise call.too_slow() from None
        except httpx.HTTPError as error:
            return call.failed(error)


class RemotePredictor:
    """An endpoint of a server as a predictor.

    Attributes:
        name: The server's address and the endpoint.
        endpoint: What the server said about it.
    """

    def __init__(self, client: Client, endpoint: Endpoint, name: str) -> None:
        self._client = client
        self.endpoint = endpoint
        self.name = name

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it can answer with."""
        return self.endpoint.labels

    @property
    def task(self) -> Task:
        """What is predicted."""
        from tunery import tasks

        return tasks.get(self.endpoint.task)

    def predict(self, inputs: Sequence[Input]) -> list[Prediction]:
        """Return one prediction for each input, in the same order."""
        return list(self.stream(inputs))

    def stream(self, inputs: Iterable[Input]) -> Iterator[Prediction]:
        """Yield one prediction for each input, in the same order and in constant memory."""
        return self._client.stream(self.endpoint.name, inputs)


def _portions(inputs: Iterable[Input]) -> Iterator[list[str]]:
    calls.refuse_a_single_text(inputs)
    collected = Portions()
    for item in inputs:
        if portion := collected.add(item):
            yield portion
    if rest := collected.rest():
        yield rest


async def _async_portions(inputs: Iterable[Input] | AsyncIterable[Input]) -> AsyncIterator[list[str]]:
    if not isinstance(inputs, AsyncIterable):
        for portion in _portions(inputs):
            yield portion
        return
    collected = Portions()
    async for item in inputs:
        if portion := collected.add(item):
            yield portion
    if rest := collected.rest():
        yield rest
