"""The API against its own description: whatever is sent, the answer is one that the description allows.

More examples than in every run: ``TUNERY_EXAMPLES=500 pytest tests/serving/test_schemathesis.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.serving.rig import Running, serving

_EXAMPLES = os.environ.get("TUNERY_EXAMPLES", "10")
_NAMES = ["intents", "topics", "emotions", "entities"]
_HOOKS = """
import json
import schemathesis

@schemathesis.serializer("application/x-ndjson")
def as_lines(context, value):
    return {"data": value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value).encode()}
"""
_CONFIG = """
hooks = "hooks.py"
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "503", "504"]
"""


@pytest.fixture(scope="module")
def changing(models: Path) -> Iterator[Running]:
    """A server of its own: its endpoints come and go."""
    with serving(*(f"{name}={models / name}" for name in _NAMES), "--models", str(models)) as running:
        yield running


def test_what_is_asked_is_answered_as_described(server: Running, tmp_path: Path) -> None:
    check(server, described(server, changes=False), tmp_path)
    assert server.ask("intents", "still there")["predictions"]


def test_what_is_changed_is_answered_as_described(changing: Running, tmp_path: Path) -> None:
    # A model that is named well needn't exist; and what was deleted may have been loaded again since.
    check(changing, described(changing, changes=True), tmp_path, ["positive_data_acceptance", "use_after_free"])
    with changing.client() as client:
        assert client.get("/v1/endpoints").status_code == 200


def described(running: Running, *, changes: bool) -> dict[str, Any]:
    """Return a server's description: of what changes it, or of all else. Names that exist come up in it."""
    with running.client() as client:
        page: dict[str, Any] = client.get("/openapi.json").json()
    paths = page["paths"]
    page["paths"] = {path: paths[path] for path in paths if path.startswith("/v1/endpoints") == changes}
    for operation in (operation for operations in page["paths"].values() for operation in operations.values()):
        for parameter in operation["parameters"]:
            if parameter["name"] == "endpoint":
                parameter["schema"] = {"anyOf": [{"enum": _NAMES}, parameter["schema"]]}
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            if kind == "application/x-ndjson":
                content["schema"] = {}  # Whatever comes is text: wrong lines are answered, each in its place.
    names = {"enum": ["intents", "topics", "entities", "../intents", "nothing"]}
    page["components"]["schemas"]["LoadBody"]["properties"]["model"] = {"anyOf": [names, {"type": "string"}]}
    return page


def check(running: Running, page: dict[str, Any], folder: Path, excluded: Sequence[str] = ()) -> None:
    """Let schemathesis try everything that a page describes."""
    (folder / "page.json").write_text(json.dumps(page), encoding="utf-8")
    (folder / "hooks.py").write_text(_HOOKS, encoding="utf-8")
    (folder / "schemathesis.toml").write_text(_CONFIG, encoding="utf-8")
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", "page.json", "--url", running.url, "--seed", "1",
        "--max-examples", _EXAMPLES, "--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all",
        "--warnings", "off",
    ]  # fmt: skip
    if excluded:
        command += ["--exclude-checks", ",".join(excluded)]
    environment = {**os.environ, "NO_COLOR": "1", "NO_PROXY": "127.0.0.1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [line for line in running.log() if line["level"] == "error"]
