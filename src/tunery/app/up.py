"""Starting everything, and stopping it in order."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

import uvicorn

from tunery.app import logs, studio
from tunery.app.housekeeping import housekeeping
from tunery.app.jobs.runtime import Runtime
from tunery.app.jobs.settings import JobSettings
from tunery.app.parts import Parts
from tunery.app.rest import application
from tunery.app.serving import Manager
from tunery.app.settings import AppSettings
from tunery.errors import SettingError, reason_of
from tunery.i18n import _
from tunery.serving.settings import ServingSettings
from tunery.store import idempotency
from tunery.store.settings import WorkspaceSettings
from tunery.store.workspace import Workspace

_BACKLOG = 2048


def up(
    where: WorkspaceSettings,
    settings: AppSettings,
    about_jobs: JobSettings,
    on_ready: Callable[[Parts], None] = lambda _parts: None,
) -> None:
    """Run the application until a signal ends it.

    Args:
        where: The workspace; it is made where there is none.
        settings: How the application listens, and whom it lets in.
        about_jobs: How many jobs are done at once, and so on.
        on_ready: Told the parts when requests are taken.

    Raises:
        SettingError: The workspace is in use, or an address is taken.
        StoreError: The workspace can't be opened.
    """
    with ExitStack() as stack:
        workspace = stack.enter_context(Workspace.open(where))
        stack.enter_context(held(workspace.folder, settings))
        logs.configure(workspace.place("logs"))
        listening = stack.enter_context(_listen(settings.host, settings.port, "--port"))
        settings = settings.model_copy(update={"port": listening.getsockname()[1]})
        with workspace.writing() as session:
            idempotency.give_up_all(session)  # whatever worked on them has ended
        stack.enter_context(housekeeping(workspace))
        runtime = stack.enter_context(_working(workspace, about_jobs))
        manager = stack.enter_context(_answering(workspace, settings))
        code = None if settings.local else secrets.token_hex(8)
        parts = Parts(workspace, runtime.jobs, settings, code, endpoints=manager.url, endpoints_key=manager.key)
        _serve(parts, listening, on_ready)


@contextmanager
def held(folder: Path, settings: AppSettings) -> Iterator[None]:
    """Hold a workspace, so that nobody else runs an application over it.

    Raises:
        SettingError: Somebody does; it is said who.
    """
    with (folder / "up.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _in_use(folder, file) from None
        file.truncate(0)
        json.dump({"process": os.getpid(), "machine": socket.gethostname(), "address": settings.url}, file)
        file.flush()
        yield
        file.truncate(0)


def _in_use(folder: Path, file: IO[str]) -> SettingError:
    file.seek(0)
    try:
        holder = json.load(file)
    except ValueError:
        holder = {}
    return SettingError(
        _("The workspace {folder} is in use already: by process {process} on {machine}, at {address}.").format(
            folder=folder, process=holder.get("process", "?"), machine=holder.get("machine", "?"),
            address=holder.get("address", "?"),
        ),
        _("Open that address, stop that process, or name another folder with --workspace."),
    )  # fmt: skip


@contextmanager
def _listen(host: str, port: int, option: str) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise SettingError(
                _("{host}:{port} can't be listened on: {reason}.").format(
                    host=host, port=port, reason=reason_of(error)
                ),
                _taken(option),
            ) from None
        listening.listen(_BACKLOG)
        yield listening


@contextmanager
def _working(workspace: Workspace, settings: JobSettings) -> Iterator[Runtime]:
    runtime = Runtime(workspace, settings)
    runtime.start()
    try:
        yield runtime
    finally:
        runtime.stop()


@contextmanager
def _answering(workspace: Workspace, settings: AppSettings) -> Iterator[Manager]:
    """Serve the workspace's endpoints, beside the application."""
    serving = ServingSettings(host=settings.host, port=settings.endpoints_port, drain=settings.drain)
    manager = Manager(workspace, serving)
    try:
        manager.start()
    except SettingError as error:
        raise SettingError(error.message, _taken("--endpoints-port")) from None
    try:
        yield manager
    finally:
        manager.stop()


def _taken(option: str) -> str:
    return _("Something else may be listening there: give another {option}, or 0 for any that is free.").format(
        option=option
    )


def _serve(parts: Parts, listening: socket.socket, on_ready: Callable[[Parts], None]) -> None:
    settings = parts.settings
    app = application.create(parts)
    studio.install(app, parts)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.drain)),
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        ws="websockets-sansio",
    )
    _Server(config, parts, on_ready).run([listening])


class _Server(uvicorn.Server):
    """Says when it takes requests, and when it no longer will."""

    def __init__(self, config: uvicorn.Config, parts: Parts, on_ready: Callable[[Parts], None]) -> None:
        super().__init__(config)
        self._parts = parts
        self._on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in order at SIGINT and SIGTERM. Unlike uvicorn's own, it doesn't raise them again: more has to end."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, number: int, frame: FrameType | None) -> None:
        """Stop, and tell whatever would go on for long."""
        self._parts.stopping.set()
        super().handle_exit(number, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready(self._parts)
