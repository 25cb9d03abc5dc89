"""What a server needs, found by starting one in this process, asking it, and looking at what was loaded.

``python -m tunery.serving.needs '{"NAME": "FOLDER"}'`` prints the loaded modules with their files, as JSON. A list kept
by hand would be wrong from the next version of uvicorn on.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import threading
from http.client import HTTPConnection
from pathlib import Path

from tunery.errors import TuneryError

_PATIENCE = 120.0
"""Seconds that an answer may take: long, because a machine may be busy."""
_PAGES = ("/health/ready", "/metrics", "/openapi.json", "/docs", "/v1/endpoints")


def main(models: dict[str, str]) -> int:
    """Serve models to this process itself, once.

    Args:
        models: Endpoints with the folders of their models.
    """
    before = set(sys.modules)
    try:
        failure = _serve(models)
    except (TuneryError, ImportError) as error:
        failure = str(error)
    if failure:
        print(failure, file=sys.stderr)  # noqa: T201 - who started this reads it
        return 1
    loaded = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    new = {name: file for name, file in loaded.items() if file and (name not in before or name.startswith("tunery"))}
    print(json.dumps(new))  # noqa: T201
    return 0


def _serve(models: dict[str, str]) -> str:
    """Serve models and ask them; return what went wrong."""
    from tunery import tasks
    from tunery.models.exported import Machine
    from tunery.serving import standalone, worker  # noqa: F401 - what is started is needed as well
    from tunery.serving.endpoints import Plan
    from tunery.serving.engines import Engines
    from tunery.serving.keys import Keys
    from tunery.serving.served import load
    from tunery.serving.settings import ServingSettings

    tasks.available()
    # A server logs what it can't load, and serves the rest; here that is an error.
    for model in models.values():
        load(Path(model), Engines(Machine(threads=1)))
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listening:
        state, file = Path(folder) / "endpoints.json", Path(folder) / "keys.db"
        Plan.of({name: Path(model) for name, model in models.items()}).write(state)
        with Keys(file) as keys:
            key, _about = keys.create("needs", rate="1000/second", quota="1000000/day", admin=True)
        asking = _Asking(listening.getsockname()[1], key, list(models))
        asking.start()
        settings = ServingSettings(keys=file, threads=1)
        # The worker closes the socket that it is given; this one is closed here.
        handle = str(os.dup(listening.fileno()))
        worker.main([settings.model_dump_json(), str(state), handle, str(asking.ready), str(asking.alive), ""])
        asking.join()
    return asking.failure


class _Asking(threading.Thread):
    """Asks every endpoint once it is told that it may, then lets the worker end."""

    def __init__(self, port: int, key: str, names: list[str]) -> None:
        super().__init__(daemon=True)
        self._port, self._key, self._names = port, key, names
        self._told, self.ready = os.pipe()
        self.alive, self._living = os.pipe()
        self.failure = ""

    def run(self) -> None:
        os.read(self._told, 64)
        try:
            for name in self._names:
                body = json.dumps({"inputs": ["1"]}).encode()
                self._ask("POST", f"/v1/predict/{name}", body)
                self._ask("POST", f"/models/{name}", body)
                self._ask("POST", f"/v1/predict/{name}/stream", b'"1"\n')
            for page in _PAGES:
                self._ask("GET", page)
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker has to be told to end
            self.failure = str(error)
        finally:
            os.close(self._living)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        try:
            kind = "application/x-ndjson" if path.endswith("/stream") else "application/json"
            headers = {"Authorization": f"Bearer {self._key}", "Content-Type": kind, "Accept-Language": "zh"}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            said = response.read().decode()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {said}")


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
