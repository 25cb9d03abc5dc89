"""A client of the application's API: what ``tunery --server`` asks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tunery import progress
from tunery.app.unpacking import beside, unpack, unwritable_in_words, vacant
from tunery.data import folders
from tunery.errors import ServerError, SettingError
from tunery.i18n import _, language

_PATIENCE = 60.0
_AGAIN = 5
"""How often a stream of events that broke off is taken up again."""
Json = dict[str, Any]


class Server:
    """An application that runs somewhere.

    Args:
        url: Its address.
        token: An access token.
        project: Name or id of the project that is worked in; None where there is only one.
    """

    def __init__(self, url: str, token: str | None, project: str | None = None) -> None:
        headers = {"Accept-Language": language()} | ({"Authorization": f"Bearer {token}"} if token else {})
        self.url = url.rstrip("/")
        self._named = project
        self._project: str | None = None
        self._client = httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    # -- asking --------------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, **about: Any) -> Json:
        """Return the answer to a request.

        Raises:
            ServerError: The application refuses, or can't be reached.
        """
        with self._in_words():
            response = self._client.request(method, path, **about)
        if response.is_error:
            raise _refused(response)
        found: Json = response.json() if response.content else {}
        return found

    def pages(self, path: str, **params: object) -> Iterator[Json]:
        """Yield the items of a list, page by page.

        Raises:
            ServerError: The application refuses, or can't be reached.
        """
        after: dict[str, object] = {}
        while True:
            found = self.ask("GET", path, params={**params, **after})
            yield from found["items"]
            if not found.get("next"):
                return
            after = {"after": found["next"]}

    @property
    def project(self) -> str:
        """The id of the project that is worked in.

        Raises:
            ServerError: The application refuses, or can't be reached.
            SettingError: There is no such project, or it isn't said which of several.
        """
        if self._project is None:
            self._project = self._find_project()
        return self._project

    def in_project(self, path: str) -> str:
        """Return the path of something in the project."""
        return f"/projects/{self.project}{path}"

    # -- data and models -----------------------------------------------------------------------------------------------

    def upload(self, path: Path) -> Json:
        """Upload a file; return its name and the hash of its bytes.

        Raises:
            ServerError: The application refuses, or can't be reached.
        """
        params = {"project": self.project, "name": path.name}
        with path.open("rb") as file:
            return self.ask("POST", "/uploads", params=params, content=_pieces(file.read, path), timeout=None)

    def look(self, data: str, task: str, settings: Mapping[str, str]) -> Json:
        """Say what a file here or a source would become; nothing is changed there.

        Raises:
            ServerError: The application refuses, or can't be reached.
            SettingError: It is a folder.
        """
        path = Path(data)
        if path.is_dir():
            raise SettingError(
                _("A folder can't be looked at there."),
                _("Name its files one by one, or import it: tunery data upload."),
            )
        place = self.upload(path) if path.exists() else {"name": data}
        return self.ask("POST", self.in_project("/looks"), json={"task": task, "settings": dict(settings), **place})

    def version(self, data: str, task: str | None, settings: Mapping[str, str]) -> str:
        """Return the version that some data are.

        Args:
            data: A file or folder here, which is imported; or the name of a data set there, or a source.
            task: What the data are for; None where the project says it.
            settings: How files are read.

        Raises:
            ServerError: The application refuses, or can't be reached.
            SettingError: It isn't said what the data are for.
        """
        path = Path(data)
        if not path.exists():
            for one in self.pages(self.in_project("/data-sets"), limit=1000):
                if data in (one["name"], one["id"]) and one["latest"] is not None:
                    return str(one["latest"]["id"])
        return str(self.import_data(data, task, settings)["version"])

    def import_data(self, data: str, task: str | None, settings: Mapping[str, str], name: str | None = None) -> Json:
        """Import a file, a folder or a source as the next version of a data set, and return what was made.

        Raises:
            ServerError: The application refuses, or can't be reached.
            SettingError: It isn't said what the data are for.
        """
        task = task or self.ask("GET", f"/projects/{self.project}")["task"]
        if task is None:
            raise SettingError(_("It isn't said what the data are for."), _("Give --task."))
        path = Path(data)
        if path.exists():
            place: Json = {"files": self._files(path)}
        else:
            place = {"source": data}
        name = name or path.resolve().stem if path.exists() else name or data
        return self.run("import", {"data_set": name, "task": task, "settings": dict(settings), **place})

    def model(self, name: str) -> str:
        """Return the id of a model by its id, the beginning of that, or its name: the newest of several.

        Raises:
            ServerError: The application refuses, or can't be reached.
            SettingError: There is no such model.
        """
        for one in self.pages(self.in_project("/models"), limit=1000):
            if one["name"] == name or (len(name) >= 6 and one["id"].startswith(name)):
                return str(one["id"])
        raise SettingError(
            _("The project has no model {name}.").format(name=name), _("Look at its models in the studio.")
        )

    def download(self, model: str, folder: Path) -> None:
        """Write a model's folder here; it appears as a whole or not at all.

        Args:
            model: The model's id.
            folder: Where it goes; a new one, or an empty one.

        Raises:
            ServerError: The application refuses, can't be reached, or sends something else.
            SettingError: Something is there already, or it can't be written.
        """
        vacant(folder)
        with unwritable_in_words(folder), beside(folder) as place, self._in_words():
            archive = Path(place) / "model.zip"
            with self._client.stream("GET", f"/models/{model}/files", timeout=_PATIENCE) as response:
                if response.is_error:
                    response.read()
                    raise _refused(response)
                _keep(response, archive, _("Fetching the model"))
            unpack(archive, folder)

    # -- jobs ----------------------------------------------------------------------------------------------------------

    def run(self, kind: str, arguments: Mapping[str, object]) -> Json:
        """Have a job done, and return its result; Ctrl-C here stops it there.

        Raises:
            ServerError: It failed or was stopped, or the application can't be reached.
        """
        body = {"kind": kind, "arguments": dict(arguments)}
        return self.follow(self.ask("POST", self.in_project("/jobs"), json=body)["id"])

    def follow(self, job: str) -> Json:
        """Show how far a job is until it has ended, and return its result; Ctrl-C here stops it there.

        Raises:
            ServerError: It failed or was stopped, or the application can't be reached.
        """
        ended: Json | None = None
        try:
            with _Shown() as shown:
                for found in self._changes(job):
                    shown.show(found["progress"])
                    ended = found
        except KeyboardInterrupt:
            self.ask("POST", f"/jobs/{job}/cancel")
            raise
        if ended is None or ended["state"] == "cancelled":
            raise ServerError(_("The job {job} was stopped.").format(job=job), code="cancelled")
        if ended["state"] == "failed":
            error = ended["error"] or {}
            raise ServerError(
                str(error.get("message") or _("The job has failed.")), str(error.get("hint") or ""), code="failed"
            )
        return dict(ended["result"] or {})

    def _changes(self, job: str) -> Iterator[Json]:
        """Yield a job each time that it has changed, the last time when it has ended."""
        for _turn in range(_AGAIN):
            try:
                with self._client.stream("GET", f"/jobs/{job}/events", timeout=_PATIENCE) as response:
                    if response.is_error:
                        response.read()
                        raise _refused(response)
                    for name, values in _events(response.iter_lines()):
                        if name == "job":
                            yield values
                            if values["ended"] is not None:
                                return
            except httpx.HTTPError:
                continue  # the job goes on; the stream is taken up again
        found = self.ask("GET", f"/jobs/{job}")
        if found["ended"] is None:
            raise ServerError(
                _("The connection broke off; the job {job} goes on.").format(job=job),
                _("Look at it with: tunery --server {url} jobs log {job}").format(url=self.url, job=job),
            )
        yield found

    def _files(self, path: Path) -> list[Json]:
        """Upload a file, or those of a folder, which keep their places in it."""
        if not path.is_dir():
            return [self.upload(path)]
        files = folders.to_send(path, str(path))
        return [{**self.upload(file), "name": file.relative_to(path).as_posix()} for file in files]

    # -- within --------------------------------------------------------------------------------------------------------

    def _find_project(self) -> str:
        found = list(self.pages("/projects", limit=1000))
        named = [one for one in found if self._named in (one["name"], one["id"], None)]
        if len(named) == 1:
            return str(named[0]["id"])
        names = ", ".join(one["name"] for one in found[:20]) or "-"
        raise SettingError(
            _("There is no project {name}.").format(name=self._named)
            if self._named is not None
            else _("It isn't said in which project."),
            _("Name one with --project. There are: {names}.").format(names=names),
        )

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            raise ServerError(
                _("{url} can't be reached: {reason}.").format(url=self.url, reason=str(error) or type(error).__name__),
                _("Check the address, and that tunery up runs there."),
                code="unreachable",
            ) from None


def token_for(url: str, email: str, password: str, name: str) -> str:
    """Sign in, and return a new access token.

    Args:
        url: The application's address.
        email: Who signs in.
        password: The password.
        name: What the token is to be called.

    Raises:
        ServerError: The application refuses, or can't be reached.
    """
    with Server(url, None) as server:
        csrf = server.ask("POST", "/session", json={"email": email, "password": password})["csrf"]
        made = server.ask("POST", "/tokens", json={"name": name}, headers={"X-CSRF-Token": csrf})
        server.ask("DELETE", "/session", headers={"X-CSRF-Token": csrf})
        return str(made["token"])


class _Shown:
    """The progress of a job, as that of work that is done here."""

    def __init__(self) -> None:
        self._stack: list[tuple[str, Any, progress.Bar]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_about: object) -> None:
        self._end()

    def show(self, found: Mapping[str, Any]) -> None:
        step, share = str(found.get("step") or ""), found.get("share")
        if not step:
            return
        if not self._stack or self._stack[0][0] != step:
            self._end()
            manager = progress.bar(step, None if share is None else 1.0)
            self._stack.append((step, manager, manager.__enter__()))
        bar = self._stack[0][2]
        if share is not None:
            bar.resize(1.0)
            bar.advance(max(0.0, float(share) - bar.done))
        if found.get("note"):
            bar.say(str(found["note"]))

    def _end(self) -> None:
        for _step, manager, _bar in self._stack:
            manager.__exit__(None, None, None)
        self._stack.clear()


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Json]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def _pieces(read: Any, path: Path) -> Iterator[bytes]:
    with progress.bar(path.name, float(path.stat().st_size), in_bytes=True) as shown:
        while piece := read(1 << 18):
            yield piece
            shown.advance(len(piece))


def _keep(response: httpx.Response, path: Path, title: str) -> None:
    size = float(response.headers.get("Content-Length") or 0)
    with path.open("wb") as file, progress.bar(title, size or None, in_bytes=True) as shown:
        for piece in response.iter_bytes(1 << 18):
            file.write(piece)
            shown.advance(len(piece))


def _refused(response: httpx.Response) -> ServerError:
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    said = problem.get("detail") or _("The server answered with status {n}.").format(n=response.status_code)
    return ServerError(
        str(said),
        str(problem.get("hint") or ""),
        status=response.status_code,
        code=str(problem.get("code") or ""),
        request_id=problem.get("request_id"),
    )
