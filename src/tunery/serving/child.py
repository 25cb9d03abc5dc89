"""A server that another program starts and ends, on a socket that the program keeps: callers wait while it is away."""

from __future__ import annotations

import json
import os
import socket
import sys

from tunery.errors import TuneryError
from tunery.serving import supervisor
from tunery.serving.settings import READY, RECORDING, ServingSettings


def main(arguments: list[str]) -> int:
    """Serve until a signal comes, or the program that started this ends.

    Args:
        arguments: Settings as JSON, the number of the socket, and those of two pipes: one to say on that requests are
            taken, one that ends when the program does.
    """
    from tunery.store.settings import WorkspaceSettings

    settings = ServingSettings.model_validate_json(arguments[0])
    listening, tell, parent = map(int, arguments[1:4])
    workspace = WorkspaceSettings.model_validate_json(os.environ[RECORDING])
    try:
        return supervisor.serve(
            {}, settings, lambda _url: _say_ready(tell), workspace=workspace,
            listening=socket.socket(fileno=listening), parent=parent,
        )  # fmt: skip
    except TuneryError as error:
        print(error, file=sys.stderr)  # noqa: T201 - words for who started the application
        return 1


def _say_ready(tell: int) -> None:
    os.write(tell, READY)
    os.close(tell)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
