"""A contender: LitServe with batching around the same sessions.

python benchmarks/contenders/litserve_server.py FOLDER PORT MAX_BATCH_SIZE BATCH_TIMEOUT
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import litserve
from parts import Classifier


class Api(litserve.LitAPI):  # type: ignore[misc,unused-ignore]
    """What LitServe calls."""

    folder: Path
    """The exported model's folder; of the object, for workers get that and not what was set on the class."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe gives it
        self._model = Classifier(self.folder)

    def decode_request(self, request: dict[str, str]) -> str:
        return request["inputs"]

    def batch(self, inputs: list[str]) -> list[str]:
        return inputs

    def predict(self, texts: list[str]) -> list[dict[str, Any]]:
        return self._model.answers(texts)

    def unbatch(self, output: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return output

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        return output


if __name__ == "__main__":
    folder, port, size, wait = sys.argv[1:]
    api = Api(max_batch_size=int(size), batch_timeout=float(wait))
    api.folder = Path(folder)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(port), generate_client_file=False, log_level="warning")
