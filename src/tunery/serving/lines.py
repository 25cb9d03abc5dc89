"""JSON lines in, JSON lines out, of any length in constant memory."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from tunery.i18n import _
from tunery.serving import answers
from tunery.serving.endpoints import Endpoint
from tunery.serving.problems import Refused
from tunery.serving.requests import to_json
from tunery.serving.server import Server
from tunery.types import Prediction

MEDIA_TYPE = "application/x-ndjson"
_TOGETHER = 32
"""Lines that are asked together."""
_AHEAD = 3
"""Such portions that are under way: enough to fill batches, few enough to leave room for others."""
_IN_MEMORY = 1_000_000
"""Bytes of answers that wait in memory for a caller who doesn't read; the rest waits on disk."""


_STRING = TypeAdapter(str)


class Line(BaseModel):
    """One text of a stream."""

    model_config = ConfigDict(extra="ignore", strict=True)

    text: str
    id: str | int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that can't be answered."""

    line: int
    code: str
    detail: str

    def to_json(self) -> bytes:
        """Return what stands in its place."""
        return to_json({"line": self.line, "error": {"code": self.code, "detail": self.detail}})


class Spool:
    """Bytes first in, first out: a little in memory, the rest in a temporary file.

    Most clients read nothing before they have sent everything; memory must not grow with what they send.
    """

    def __init__(self) -> None:
        self._memory: deque[bytes] = deque()
        self._size = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._read, self._written = 0, 0
        self._changed = asyncio.Event()
        self._ended = False

    def put(self, data: bytes) -> None:
        """Add bytes at the end."""
        if self._written > self._read or self._size > _IN_MEMORY:
            self._file.seek(self._written)
            self._file.write(data)
            self._written += len(data)
        else:
            self._memory.append(data)
            self._size += len(data)
        self._changed.set()

    def end(self) -> None:
        """Say that nothing more comes."""
        self._ended = True
        self._changed.set()

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield what was put in, as it comes."""
        while True:
            if self._memory:
                part = self._memory.popleft()
                self._size -= len(part)
                yield part
            elif self._written > self._read:
                yield self._from_file()
            elif self._ended:
                return
            else:
                self._changed.clear()
                await self._changed.wait()

    def _from_file(self) -> bytes:
        self._file.seek(self._read)
        part = self._file.read(64 * 1024)
        self._read += len(part)
        if self._read == self._written:
            self._file.truncate(0)
            self._read = self._written = 0
        return part

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


class LineStream:
    """The response to a stream: answers are sent while texts still come.

    Args:
        server: Answers.
        endpoint: Who is asked; its version of now answers all of it.
        request: Where the lines come from.
        charge: Called with the number of texts before they are answered.
    """

    def __init__(self, server: Server, endpoint: Endpoint, request: Request, charge: Callable[[int], None]) -> None:
        self._server = server
        self._name, self._model = endpoint.name, endpoint.model
        self._request = request
        self._charge = charge
        self._arrived: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read lines and send answers until one side has had enough."""
        del scope, receive
        spool = Spool()
        reader = asyncio.create_task(self._answer(spool))
        watcher = asyncio.create_task(self._watch(reader))
        await asyncio.sleep(0)  # Reading comes first: a caller may wait to be told to go on (100 Continue).
        headers = [(b"content-type", MEDIA_TYPE.encode())]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for part in spool.parts():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.wait({reader})
            if reader.cancelled():
                raise ClientDisconnect
            reader.result()
            await send({"type": "http.response.body", "body": b""})
        finally:
            watcher.cancel()
            reader.cancel()
            spool.close()

    async def _watch(self, reader: asyncio.Task[None]) -> None:
        """Take in what comes, a piece ahead of what is read: whoever leaves must be noticed while answers are made."""
        while True:
            message = await self._request.receive()
            if message["type"] == "http.disconnect":
                reader.cancel()
                return
            await self._arrived.put(message)

    async def _answer(self, spool: Spool) -> None:
        """Ask for portion after portion, a few at a time, and write the answers in order."""
        waiting: deque[asyncio.Task[bytes]] = deque()
        first = 0
        try:
            async for portion in self._portions():
                waiting.append(asyncio.create_task(self._answers(portion, first)))
                first += len(portion)
                while len(waiting) >= _AHEAD or (waiting and waiting[0].done()):
                    spool.put(await waiting.popleft())
            while waiting:
                spool.put(await waiting.popleft())
        except Refused as refusal:
            spool.put(Fault(0, refusal.code, refusal.detail).to_json() + b"\n")
        finally:
            for task in waiting:
                task.cancel()
            spool.end()

    async def _portions(self) -> AsyncIterator[list[Line | Fault]]:
        """Yield lines in portions: many of a fast stream, what is there of a slow one."""
        rest, number = bytearray(), 0
        async for chunk in self._chunks():
            rest += chunk  # Only what is new is searched: a long line may come in a million pieces.
            if b"\n" not in chunk:
                if len(rest) > self._server.settings.max_body:
                    yield [self._too_long(number + 1)]  # in its place: what came before it gets its answers
                    return
                continue
            *whole, last = bytes(rest).split(b"\n")
            rest = bytearray(last)
            portion: list[Line | Fault] = []
            for raw in whole:
                number += 1
                if raw.strip():
                    portion.append(self._parse(raw, number))
                if len(portion) == _TOGETHER:
                    yield portion
                    portion = []
            if portion:
                yield portion
        if rest.strip():
            yield [self._parse(bytes(rest), number + 1)]

    def _too_long(self, number: int) -> Fault:
        detail = _("Line {n} is longer than {limit} bytes. The stream ends here.")
        return Fault(number, "line-too-long", detail.format(n=number, limit=self._server.settings.max_body))

    async def _chunks(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._arrived.get()
            body = message.get("body", b"")
            # No larger pieces than this: what comes of a piece is held at once.
            for start in range(0, len(body), 64 * 1024):
                yield body[start : start + 64 * 1024]
            if not message.get("more_body", False):
                return

    def _parse(self, raw: bytes, number: int) -> Line | Fault:
        limit = self._server.settings.max_characters
        try:
            line = Line(text=_STRING.validate_json(raw)) if raw.lstrip()[:1] == b'"' else Line.model_validate_json(raw)
        except ValidationError as error:
            return Fault(number, "wrong-line", error.errors(include_url=False, include_input=False)[0]["msg"])
        if len(line.text) > limit:
            detail = _("The text has {n} characters, and may have {limit}.").format(n=len(line.text), limit=limit)
            return Fault(number, "text-too-long", detail)
        return line

    async def _answers(self, portion: list[Line | Fault], first: int) -> bytes:
        lines = [line for line in portion if isinstance(line, Line)]
        found: Sequence[Prediction] = []
        if lines:
            await self._server.room_for_more()
            self._charge(len(lines))
            texts, started = [line.text for line in lines], time.monotonic()
            answered = await self._server.answer(self._name, self._model, texts, None)
            numbers = [first + at for at, line in enumerate(portion) if isinstance(line, Line)]
            self._server.record(self._request, self._name, answered, texts, numbers, started)
            found = answered.predictions
        model = self._model
        threshold = model.threshold_of_abstention
        pairs = iter(zip(lines, found, strict=True))
        parts: list[bytes] = []
        for item in portion:
            if isinstance(item, Fault):
                parts.append(item.to_json())
                continue
            line, prediction = next(pairs)
            own = answers.answer(line.text, prediction, spans=model.spans, threshold=threshold, top=None)
            parts.append(to_json(own if line.id is None else {"id": line.id, **own}))
        return b"".join(part + b"\n" for part in parts)
