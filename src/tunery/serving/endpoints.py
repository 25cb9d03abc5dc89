"""Endpoints: names that callers use, the versions behind them, and which of those answers.

What is to be is written to a file before it is answered for, so that all workers of a server, and one that is started
again after it died, come to the same.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tunery.errors import ModelError, SettingError, TuneryError, reason_of
from tunery.i18n import _
from tunery.serving.engines import Engines
from tunery.serving.served import Served, load, version_of
from tunery.serving.settings import ENDPOINT_NAME
from tunery.sources.cache import put_text


@dataclass
class Version:
    """A model behind an endpoint.

    Attributes:
        model: The model.
        loaded: When it was loaded, ISO 8601.
    """

    model: Served
    loaded: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


@dataclass
class Endpoint:
    """A name with its versions.

    Attributes:
        name: What callers use.
        champion: The version that answers.
        versions: All that are loaded, by their names, the oldest first.
    """

    name: str
    champion: str
    versions: dict[str, Version]

    @property
    def model(self) -> Served:
        """The model that answers."""
        return self.versions[self.champion].model


class Endpoints:
    """The endpoints of a server. Changes are made one after the other; reading never waits for them.

    Args:
        engines: Run the models.
        path: The file of what is to be; see `Plan`.
    """

    def __init__(self, engines: Engines, path: Path) -> None:
        self._engines = engines
        self._path = path
        self._endpoints: dict[str, Endpoint] = {}
        self._changing = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self.failures: dict[str, str] = {}
        """Endpoints that the file names and that could not be loaded here, with the reason."""

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(list(self._endpoints.values()))

    def get(self, name: str) -> Endpoint | None:
        """Return an endpoint."""
        return self._endpoints.get(name)

    def add(self, name: str, folder: Path, *, promote: bool) -> tuple[Endpoint, str]:
        """Load a model behind an endpoint, which is made if there is none.

        Returns:
            The endpoint, and the version's name.

        Raises:
            TuneryError: The model can't be loaded. What answered before goes on answering.
        """
        check_name(name)
        with self._changing:
            try:
                version = self._load(name, folder, version_of(folder), promote=promote)
            except OSError as error:
                reason = reason_of(error)
                raise ModelError(_("{path} can't be read: {reason}").format(path=folder, reason=reason)) from error
            self._write()
            return self._endpoints[name], version

    def promote(self, name: str, version: str) -> Endpoint | None:
        """Let a version answer from now on; None where there is no such endpoint or version."""
        with self._changing:
            endpoint = self._endpoints.get(name)
            if endpoint is None or version not in endpoint.versions:
                return None
            self._endpoints[name] = Endpoint(name, version, endpoint.versions)
            self._write()
            return self._endpoints[name]

    def remove(self, name: str, version: str | None = None) -> bool:
        """Unload an endpoint, or one version of it; return whether there was such a thing.

        Raises:
            SettingError: The version is the one that answers.
        """
        with self._changing:
            endpoint = self._endpoints.get(name)
            if endpoint is None or (version is not None and version not in endpoint.versions):
                return False
            if version is None:
                del self._endpoints[name]
            elif version == endpoint.champion:
                raise SettingError(
                    _("{version} is what {name} answers with.").format(version=version, name=name),
                    _("Promote another version first, or unload the endpoint."),
                )
            else:
                rest = {key: value for key, value in endpoint.versions.items() if key != version}
                self._endpoints[name] = Endpoint(name, endpoint.champion, rest)
            self._write()
            return True

    def follow(self, on_loaded: Callable[[str], None] = lambda _name: None) -> None:
        """Become what the file says, where it has changed: at the start, and when another worker changed something."""
        stamp = _stamp(self._path)
        if stamp == self._seen:
            return
        with self._changing:
            wanted = Plan.read(self._path).endpoints
            for name in set(self._endpoints) - set(wanted):
                del self._endpoints[name]
            for name, (champion, folders) in wanted.items():
                try:
                    self._become(name, champion, folders)
                    self.failures.pop(name, None)
                except TuneryError as error:
                    self.failures[name] = str(error)
                on_loaded(name)
            self._seen = stamp

    def _become(self, name: str, champion: str, folders: Mapping[str, Path]) -> None:
        # A folder may hold another model by now; then its name says so, and it stands where the old one stood.
        actual = {version: self._load(name, folder, version, promote=False) for version, folder in folders.items()}
        known = self._endpoints[name].versions
        versions = {version: known[version] for version in actual.values()}
        self._endpoints[name] = Endpoint(name, actual.get(champion, next(iter(versions))), versions)

    def _load(self, name: str, folder: Path, version: str, *, promote: bool) -> str:
        """Load a version unless it is there already; return its name, which is new where the folder has changed."""
        endpoint = self._endpoints.get(name)
        known = endpoint.versions if endpoint is not None else {}
        if version not in known:
            found = load(folder, self._engines)
            version = found.version
            known = {**known, version: Version(found)}
        champion = version if promote or endpoint is None else endpoint.champion
        # One assignment: whoever reads sees either the old or the new, whole.
        self._endpoints[name] = Endpoint(name, champion, known)
        return version

    def _write(self) -> None:
        plan = Plan(
            {
                endpoint.name: (endpoint.champion, {key: one.model.folder for key, one in endpoint.versions.items()})
                for endpoint in self._endpoints.values()
            }
        )
        plan.write(self._path)
        self._seen = _stamp(self._path)


@dataclass(frozen=True)
class Plan:
    """What is to be served.

    Attributes:
        endpoints: For each name the version that answers, and the folders of all versions.
    """

    endpoints: dict[str, tuple[str, dict[str, Path]]]

    @classmethod
    def of(cls, models: Mapping[str, Path]) -> Plan:
        """Return the plan in which each endpoint has one model."""
        versions = {name: (version_of(folder), folder.resolve()) for name, folder in models.items()}
        return cls({name: (version, {version: folder}) for name, (version, folder) in versions.items()})

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Read a plan.

        Raises:
            ModelError: The file can't be read, or is none.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                {
                    str(name): (str(one["champion"]), {key: Path(folder) for key, folder in one["versions"].items()})
                    for name, one in values["endpoints"].items()
                }
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                _("{path} is not a file of endpoints: {reason}").format(path=path, reason=error),
                _("Remove it, or name another with --state."),
            ) from None

    def write(self, path: Path) -> None:
        """Write the plan, whole or not at all."""
        values = {
            name: {"champion": champion, "versions": {key: str(folder) for key, folder in folders.items()}}
            for name, (champion, folders) in self.endpoints.items()
        }
        put_text(json.dumps({"endpoints": values}, ensure_ascii=False, indent=2), path)


def check_name(name: str) -> None:
    """Make sure that an endpoint may be called so.

    Raises:
        SettingError: It may not.
    """
    if not ENDPOINT_NAME.fullmatch(name):
        raise SettingError(
            _("{name!r} can't be the name of an endpoint.").format(name=name),
            _("Use at most 64 letters, digits, dots, hyphens and underscores; begin with a letter or a digit."),
        )


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino
