"""The API against its own description: whatever is sent, the answer is one that the description has.

More examples than in every run: ``TUNERY_EXAMPLES=100 pytest tests/app/rest/test_described.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
from tests.app.rest.servers import Up

_EXAMPLES = os.environ.get("TUNERY_EXAMPLES", "2")
_LEFT_OUT = {
    "/api/v1/sessions": {"delete"},  # they would end what the test asks with
    "/api/v1/session": {"delete"},
    "/api/v1/session/password": {"put"},
    "/api/v1/jobs/{job}/events": {"get"},  # a stream
    "/api/v1/projects/{project}/base-models/search": {"get"},  # asks hubs
}
_CONFIG = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "501", "502"]
"""


def test_whatever_is_asked_is_answered_as_described(up: Up, ada: httpx.Client, tmp_path: Path) -> None:
    project = ada.post("/projects", json={"name": "described"}).json()["id"]
    page = ada.get("/openapi.json").json()
    for path, methods in _LEFT_OUT.items():
        for method in methods:
            page["paths"][path].pop(method)
    for operations in page["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "project":
                    parameter["schema"] = {"anyOf": [{"enum": [project]}, parameter["schema"]]}
    (tmp_path / "page.json").write_text(json.dumps(page), encoding="utf-8")
    (tmp_path / "schemathesis.toml").write_text(_CONFIG, encoding="utf-8")
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", "page.json", "--url", up.url, "--seed", "1",
        "--max-examples", _EXAMPLES, "--phases", "examples,fuzzing", "--suppress-health-check", "all",
        "--warnings", "off", "--header", f"Authorization: {ada.headers['Authorization']}",
        "--checks", "not_a_server_error,response_schema_conformance,content_type_conformance",
    ]  # fmt: skip
    environment = {**os.environ, "NO_COLOR": "1", "NO_PROXY": "127.0.0.1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ada.get("/session").status_code == 200
