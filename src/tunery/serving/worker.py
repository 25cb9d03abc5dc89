"""One worker: a process that answers. Started by `supervisor` with a socket that is open already."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from tunery.errors import TuneryError
from tunery.serving import logs
from tunery.serving.app import build
from tunery.serving.protocol import Protocol
from tunery.serving.server import Server
from tunery.serving.settings import READY, RECORDING, ServingSettings

if TYPE_CHECKING:
    from tunery.store.settings import WorkspaceSettings

_FAREWELL = 0.25
"""Seconds in which those who still send are told that the server ends."""
_BACKLOG = 2048


def main(arguments: list[str]) -> int:
    """Answer until told to stop.

    Args:
        arguments: Settings as JSON, the file of what is served, the socket's number, those of two pipes (one to say on
            that requests are taken, one that ends when the supervisor does), and the endpoints that have to be there.
    """
    settings = ServingSettings.model_validate_json(arguments[0])
    # The threads that run batches tokenise for themselves: a pool for a few short texts costs more than it brings.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    logs.configure()
    listening = socket.socket(fileno=int(arguments[2]))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        pipes = int(arguments[3]), int(arguments[4])
        try:
            server = Server(settings, Path(arguments[1]), _workspace(os.environ.get(RECORDING)))
            runner.run(_serve(server, listening, pipes, arguments[5].split()))
        except TuneryError as error:
            print(error, file=sys.stderr)  # noqa: T201 - words for who started the server
            return 1
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # It does not exist for Windows.
        return None
    return uvloop.new_event_loop


class _Running(uvicorn.Server):
    """uvicorn's server, which would end the process by the signal that ended it, before anything can be put in order.

    Args:
        config: How to run.
        server: Told when to accept nothing more.
    """

    def __init__(self, config: uvicorn.Config, server: Server) -> None:
        super().__init__(config)
        self._server = server

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in order when a signal asks for it."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end)
        yield

    def end(self) -> None:
        """Accept nothing more, and end when what was accepted has been answered."""
        self._server.stop()
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, after everyone who was on the way has been told.

        A socket that is closed resets the connections in its queue, and a connection that is closed the request that
        its caller has just sent. So what is in the queue is taken first, and everyone gets a moment to be refused with
        words, and to be told that the connection ends.
        """
        queues = [one.dup() for one in sockets or ()]
        for listening in self.servers:
            listening.close()
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        for late in [connection for queue in queues for connection in _rest_of(queue)]:
            await loop.connect_accepted_socket(self._protocol, late)
        await asyncio.sleep(_FAREWELL)
        await super().shutdown(sockets)

    def _protocol(self) -> Protocol:
        make: Any = self.config.http_protocol_class
        made: Protocol = make(config=self.config, server_state=self.server_state, app_state={})
        return made


def _rest_of(queue: socket.socket) -> list[socket.socket]:
    """Take all connections out of a socket's queue, and close it before another can come."""
    found: list[socket.socket] = []
    with queue:
        queue.setblocking(False)
        with suppress(OSError):  # It is empty.
            while True:
                found.append(queue.accept()[0])
    return found


def _workspace(written: str | None) -> WorkspaceSettings | None:
    if not written:
        return None
    from tunery.store.settings import WorkspaceSettings

    return WorkspaceSettings.model_validate_json(written)


async def _serve(server: Server, listening: socket.socket, pipes: tuple[int, int], required: list[str]) -> None:
    tell, parent = pipes
    settings = server.settings
    protocol = functools.partial(Protocol, patience=settings.body_timeout)
    config = uvicorn.Config(
        build(server), http=protocol,  # type: ignore[arg-type] # it is only called
        ws="none", lifespan="off", access_log=False, log_config=None, backlog=_BACKLOG,
        timeout_graceful_shutdown=int(settings.drain) or None, timeout_keep_alive=75, server_header=False,
        date_header=False,
    )  # fmt: skip
    running = _Running(config, server)
    asyncio.get_running_loop().add_reader(parent, _stop, running, parent)
    try:
        await server.start(required)
        following = asyncio.create_task(server.follow())
        os.write(tell, READY)
        await running.serve(sockets=[listening])
        following.cancel()
    finally:
        server.close()


def _stop(running: _Running, parent: int) -> None:
    """End when the supervisor has ended, however that came about."""
    asyncio.get_running_loop().remove_reader(parent)
    running.end()


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
