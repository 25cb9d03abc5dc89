"""One worker: a process that answers. Started by `supervisor` with a socket that is open already."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import socket
import sys
from collections.abc import Callable
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
    running = uvicorn.Server(config)
    asyncio.get_running_loop().add_reader(parent, _stop, running, parent)
    try:
        await server.start(required)
        following = asyncio.create_task(server.follow())
        os.write(tell, READY)
        await running.serve(sockets=[listening])
        following.cancel()
    finally:
        server.close()


def _stop(running: uvicorn.Server, parent: int) -> None:
    """End when the supervisor has ended, however that came about."""
    asyncio.get_running_loop().remove_reader(parent)
    running.should_exit = True


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
