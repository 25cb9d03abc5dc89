"""A small hub on this machine: the file protocols of the Hugging Face hub and of ModelScope, over plain HTTP.

It has repositories with commits and branches, private and gated ones, redirects to a "storage" address, range requests,
and faults on demand. Every request is kept, so that tests can see what was asked for and what was not.
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_test_token"  # noqa: S105 - of no real account


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Repository:
    """What a repository holds: files by commit, and branches."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    private: bool = False
    gated: bool = False

    def commit(self, files: dict[str, bytes], *branches: str) -> str:
        commit = sha1(f"{len(self.commits)} {sorted(files)}")
        self.commits[commit] = files
        self.branches.update(dict.fromkeys(branches or ("main", "master"), commit))
        return commit

    def resolve(self, revision: str) -> str | None:
        return self.branches.get(revision, revision if revision in self.commits else None)


@dataclass
class Request:
    method: str
    path: str
    range: str | None
    authorization: str | None


class Hub(ThreadingHTTPServer):
    """The server. `repositories` is keyed by type and name, for example ``("models", "team/bert")``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.requests: list[Request] = []
        self.cut_after: dict[str, list[int]] = {}
        """By file name: how many bytes to send before the connection breaks, once each."""
        self.fault: int | None = None
        """A status to answer everything with."""
        self.delay = 0.0
        """Seconds before each answer."""
        self.tells_commits = True
        """Whether ModelScope's listing holds the last commit of each file."""
        self._connections: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def storage_url(self) -> str:
        """The same server under another name: clients follow redirects within a host, and this must look like two."""
        return f"http://localhost:{self.server_port}"

    def add(self, name: str, files: dict[str, bytes], kind: str = "models") -> Repository:
        repository = self.repositories.setdefault((kind, name), Repository())
        repository.commit(files)
        return repository

    def downloads(self) -> list[str]:
        """Return the names of the files whose content was sent, in order."""
        return [request.path.rsplit("=", 1)[-1].rsplit("/", 1)[-1] for request in self.requests if _is_content(request)]

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        self._connections.add(request)
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def stop(self) -> None:
        """Go away; connections that clients have kept open end too."""
        self.shutdown()
        self.server_close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no event."""


def _is_content(request: Request) -> bool:
    return request.method == "GET" and ("/storage/" in request.path or "FilePath=" in request.path)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass

    def _answer(self) -> None:
        headers = self.headers
        self.server.requests.append(
            Request(self.command, self.path, headers.get("Range"), headers.get("Authorization"))
        )
        time.sleep(self.server.delay)
        if self.server.fault is not None:
            self._send(self.server.fault, b"{}")
            return
        url = urlsplit(self.path)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if parts[0] == "storage":
            self._storage(*parts[1:])
        elif parts[:2] == ["api", "v1"]:
            self._modelscope(parts[2], "/".join(parts[3:5]), "/".join(parts[5:]), query)
        elif parts[0] == "api":
            self._hf_api(parts[1], parts[2:])
        else:
            self._hf_resolve(parts)

    # -- the Hugging Face hub ------------------------------------------------------------------------------------------

    def _hf_api(self, kind: str, parts: list[str]) -> None:
        length = next((i for i, part in enumerate(parts) if part in ("revision", "tree")), len(parts))
        repository = self._hf_repository(kind, "/".join(parts[:length]))
        if repository is None:
            return
        revision = parts[length + 1] if len(parts) > length + 1 else "main"
        commit = repository.resolve(revision)
        if commit is None:
            self._error(404, "RevisionNotFound")
            return
        files = repository.commits[commit]
        if parts[length : length + 1] == ["tree"]:
            self._json([{"type": "file", "path": n, "size": len(c), "oid": _oid(c)} for n, c in files.items()])
            return
        name = "/".join(parts[:length])
        siblings = [{"rfilename": n, "size": len(c), "blobId": _oid(c)} for n, c in files.items()]
        self._json({"id": name, "modelId": name, "sha": commit, "private": repository.private, "siblings": siblings,
                    "tags": [], "downloads": 0, "likes": 0, "gated": repository.gated})  # fmt: skip

    def _hf_resolve(self, parts: list[str]) -> None:
        kind = "datasets" if parts[0] == "datasets" else "models"
        parts = parts[1:] if kind == "datasets" else parts
        at = parts.index("resolve")
        name, revision, path = "/".join(parts[:at]), parts[at + 1], "/".join(parts[at + 2 :])
        repository = self._hf_repository(kind, name)
        if repository is None:
            return
        commit = repository.resolve(revision)
        content = repository.commits.get(commit or "", {}).get(path)
        if commit is None or content is None:
            self._error(404, "EntryNotFound")
            return
        # Large files lie elsewhere: the hub answers with their hash and the address of a storage server.
        self._send(302, b"", {
            "X-Repo-Commit": commit, "X-Linked-ETag": f'"{_oid(content)}"', "X-Linked-Size": str(len(content)),
            "ETag": f'"{_oid(content)}"',
            "Location": f"{self.server.storage_url}/storage/{kind}/{name}/{commit}/{path}",
        })  # fmt: skip

    def _hf_repository(self, kind: str, name: str) -> Repository | None:
        repository = self.server.repositories.get((kind, name))
        known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if repository is not None and repository.gated:
            self._error(403, "GatedRepo")
            return None
        if repository is None or (repository.private and not known):
            self._error(404 if known else 401, "RepoNotFound")
            return None
        return repository

    # -- ModelScope ----------------------------------------------------------------------------------------------------

    def _modelscope(self, kind: str, name: str, call: str, query: dict[str, str]) -> None:
        repository = self.server.repositories.get((kind, name))
        known = TOKEN in (self.headers.get("Authorization") or "") + (self.headers.get("Cookie") or "")
        if repository is None:
            self._json({"Code": 10010205001, "Message": "record not found", "Success": False}, 404)
            return
        if repository.private and not known:
            self._json({"Code": 10010205001, "Message": "access denied", "Success": False}, 403)
            return
        commit = repository.resolve(query.get("Revision", "master"))
        if commit is None:
            self._json({"Code": 10010205001, "Message": "revision not found", "Success": False}, 404)
            return
        files = repository.commits[commit]
        if "FilePath" in query:
            content = files.get(query["FilePath"])
            self._content(content or b"", query["FilePath"]) if content is not None else self._send(404, b"{}")
            return
        number = list(repository.commits).index(commit)
        listed = [
            {"Path": n, "Name": n, "Type": "blob", "Size": len(c), "Sha256": hashlib.sha256(c).hexdigest(),
             "CommittedDate": 1_700_000_000 + number, **({"Revision": commit} if self.server.tells_commits else {})}
            for n, c in files.items()
        ]  # fmt: skip
        self._json({"Code": 200, "Success": True, "Data": {"Files": listed}})

    # -- content -------------------------------------------------------------------------------------------------------

    def _storage(self, kind: str, *rest: str) -> None:
        for (its_kind, name), repository in self.server.repositories.items():
            parts = name.split("/")
            if its_kind == kind and list(rest[: len(parts)]) == parts:
                commit, path = rest[len(parts)], "/".join(rest[len(parts) + 1 :])
                self._content(repository.commits[commit][path], path)
                return
        self._send(404, b"")

    def _content(self, content: bytes, path: str) -> None:
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        headers = {"ETag": f'"{_oid(content)}"', "Accept-Ranges": "bytes"}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        cuts = self.server.cut_after.get(path)
        self._send(206 if asked else 200, content[start:], headers, cut=cuts.pop(0) if cuts else None)

    def _json(self, content: object, status: int = 200) -> None:
        self._send(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _error(self, status: int, code: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True


def _oid(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def running() -> Iterator[Hub]:
    """Run a hub while the block does."""
    hub = Hub()
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.stop()
        thread.join()
