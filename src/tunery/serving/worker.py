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
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from tunery.errors import TuneryError
from tunery.serving import logs
from tunery.serving.app import build
from tunery.serving.protocol import Protocol
from tunery.serving.server import Server
from tunery.serving.settings import READY, ServingSettings

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
            runner.run(_serve(settings, Path(arguments[1]), listening, pipes, arguments[5].split()))
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


async def _serve(
    settings: ServingSettings, state: Path, listening: socket.socket, pipes: tuple[int, int], required: list[str]
) -> None:
    tell, parent = pipes
    server = Server(settings, state)
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
