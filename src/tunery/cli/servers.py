"""The application that ``--server`` names: commands that can be carried out there ask `server`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunery.errors import MissingExtraError, SettingError, reason_of
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.app.client import Server
    from tunery.tuning.recipe import Recipe

TOKEN = "TUNERY_TOKEN"  # noqa: S105 - the variable's name
"""The variable of the environment that an access token is taken from."""


@dataclass(frozen=True)
class _Chosen:
    url: str | None = None
    project: str | None = None


_NONE = _Chosen()
_chosen: ContextVar[_Chosen] = ContextVar("tunery_server", default=_NONE)


def choose(url: str | None, project: str | None) -> None:
    """Say what the options before the command's name said."""
    _chosen.set(_Chosen(url.rstrip("/") if url else None, project))


def wanted() -> bool:
    """Say whether the command is to be carried out by a server."""
    return _chosen.get().url is not None


@contextmanager
def server() -> Iterator[Server]:
    """Open the server that the command is to be carried out by.

    Raises:
        MissingExtraError: What it takes to ask one is not installed.
        SettingError: None is named, or no token is known for it.
    """
    chosen = _chosen.get()
    if chosen.url is None:
        raise SettingError(
            _("This is done by a server, and none is named."),
            _("Write tunery --server URL before the command's name."),
        )
    token = os.environ.get(TOKEN) or _kept().get(chosen.url)
    if not token:
        raise SettingError(
            _("No access token is known for {url}.").format(url=chosen.url),
            _("Sign in with: tunery login {url}").format(url=chosen.url),
        )
    try:
        from tunery.app.client import Server
    except ModuleNotFoundError:
        raise MissingExtraError("serve", _("Asking a server")) from None
    with Server(chosen.url, token, chosen.project) as opened:
        yield opened


def as_job(recipe: Recipe) -> dict[str, object]:
    """Return a recipe as jobs take it: what is left at its default is decided there, but for the task."""
    given = recipe.model_dump(mode="json", exclude_defaults=True)
    return {**given, "task": given.get("task") or {"name": recipe.task.name}}


def refuse(command: str, there: Iterable[str]) -> None:
    """Refuse a command that no server carries out, where one is named.

    Args:
        command: As it is typed.
        there: The commands that servers carry out.

    Raises:
        SettingError: A server is named.
    """
    if wanted():
        raise SettingError(
            _("tunery {command} is not carried out by a server.").format(command=command),
            _("Leave --server out to do it here; with it there are: {names}.").format(names=", ".join(there)),
        )


def vacant(output: Path | None) -> None:
    """Make sure, before anything is begun, that a model can be written to a folder.

    Raises:
        SettingError: Something is there already.
    """
    if output is not None:
        from tunery.app.unpacking import vacant as check

        check(output)


def fetch(server: Server, model: str, output: Path | None) -> None:
    """Fetch a model into a folder, where one is named.

    Raises:
        ServerError: The server refuses, or can't be reached.
        SettingError: The folder can't be written.
    """
    if output is not None:
        server.download(model, output)


def keep(url: str, token: str) -> Path:
    """Keep a server's token for the commands to come; nobody else on the machine can read it.

    Raises:
        SettingError: It can't be written.
    """
    path = _file()
    values = {**_kept(), url.rstrip("/"): token}
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(values, file)
        part.replace(path)
    except OSError as error:
        raise SettingError(
            _("{path} can't be written: {reason}.").format(path=path, reason=reason_of(error)),
            _("Give the token by the variable {name} instead.").format(name=TOKEN),
        ) from None
    return path


def _file() -> Path:
    configured = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configured) if configured else Path.home() / ".config") / "tunery" / "tokens.json"


def _kept() -> dict[str, str]:
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(url): str(token) for url, token in found.items()} if isinstance(found, dict) else {}
