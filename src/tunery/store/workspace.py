"""A workspace: a database and a place for blobs, opened together."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from tunery.errors import reason_of
from tunery.i18n import _
from tunery.store import database, migrating
from tunery.store.blobs import Blobs
from tunery.store.failures import StoreError, in_words
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Setting

_SECRET = "secret"  # noqa: S105 - the name of the setting


class _Unit:
    """Changes that become one transaction."""

    def __init__(self, workspace: Workspace, start: Callable[[], Session]) -> None:
        self.workspace = workspace
        self._start = start
        self.begun: Session | None = None

    def begin(self) -> Session:
        """Return the transaction's session; the first call begins it."""
        if self.begun is None:
            self.begun = self._start()
        return self.begun


_unit: ContextVar[_Unit | None] = ContextVar("tunery_unit", default=None)


class Workspace:
    """What a team has. Opened with `open`; all threads of a process may share one.

    Attributes:
        folder: What is this machine's own: copies of models, the work of jobs, logs; with SQLite the database too.
        engine: The database.
        blobs: Files by their hash.
    """

    def __init__(self, folder: Path, engine: Engine, blobs: Blobs) -> None:
        self.folder = folder
        self.engine = engine
        self.blobs = blobs
        self._reading = sessionmaker(engine, expire_on_commit=False)
        self._writing = sessionmaker(engine.execution_options(**{database.WRITING: True}), expire_on_commit=False)

    @classmethod
    def open(cls, settings: WorkspaceSettings | Path | str, *, create: bool = True) -> Self:
        """Open a workspace, and bring its tables up to date.

        Args:
            settings: Where it is, or its folder alone.
            create: Make it where there is none.

        Raises:
            StoreError: It can't be opened, or was made by a later version of Tunery.
        """
        if not isinstance(settings, WorkspaceSettings):
            settings = WorkspaceSettings(workspace=Path(settings))
        folder = settings.workspace.expanduser().resolve()
        url = database.url_of(settings.database, folder)
        if not create and url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
            raise StoreError(
                _("There is no workspace in {folder}.").format(folder=folder),
                _("Name its folder with --workspace, or make one with tunery up."),
            )
        _make(folder)
        engine = database.connect(url)
        try:
            with in_words(str(folder)):
                migrating.upgrade(engine)
            opened = cls(folder, engine, Blobs(settings.blobs or str(folder / "blobs")))
            # Made now: whoever writes needs it within a transaction, and could not begin another one then.
            opened.secret  # noqa: B018
            return opened
        except BaseException:
            engine.dispose()
            raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Read within one transaction; what is returned stays usable behind it."""
        unit = self._current()
        if unit is not None and unit.begun is not None:
            yield unit.begun  # what it has written can be read nowhere else yet
            return
        with in_words(str(self.folder)), self._reading() as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Write within one transaction: all of it, or nothing where the block raises an error."""
        unit = self._current()
        if unit is not None:
            with in_words(str(self.folder)), unit.begin().begin_nested() as nested:
                yield nested.session
            return
        with self._alone() as session:
            yield session

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of everything that this thread or task writes within the block.

        It is begun by the first `writing` and committed at the end of the block, so that what precedes the first
        change, such as storing a large blob, keeps nobody waiting.
        """
        with ExitStack() as stack:
            token = _unit.set(_Unit(self, lambda: stack.enter_context(self._alone())))
            stack.callback(_unit.reset, token)
            yield

    def _current(self) -> _Unit | None:
        unit = _unit.get()
        return unit if unit is not None and unit.workspace is self else None

    @contextmanager
    def _alone(self) -> Iterator[Session]:
        with in_words(str(self.folder)), self._writing() as session, session.begin():
            yield session

    @cached_property
    def secret(self) -> bytes:
        """What names of rows are made with, so that nobody can find out a text by trying: 32 bytes."""
        if (kept := self._kept_secret()) is not None:
            return kept
        # Another process may do the same at this moment; the first one's is kept.
        with suppress(IntegrityError), self.writing() as session:
            session.add(Setting(name=_SECRET, value={"hex": secrets.token_hex(32)}))
        made = self._kept_secret()
        if made is None:
            raise AssertionError("the secret was written, and is not there")
        return made

    def _kept_secret(self) -> bytes | None:
        with self.reading() as session:
            found = session.get(Setting, _SECRET)
        return bytes.fromhex(found.value["hex"]) if found is not None else None

    def digest(self, *parts: str) -> str:
        """Return the keyed hash of some texts, 40 hexadecimal digits: equal only where all of them are equal."""
        found = hashlib.blake2b(key=self.secret, digest_size=20)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            found.update(len(data).to_bytes(8, "big") + data)
        return found.hexdigest()

    def place(self, name: str) -> Path:
        """Return a folder of this machine below the workspace's, made if need be: ``models``, ``jobs``, ``serving``."""
        path = self.folder / name
        _make(path)
        return path

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_about: object) -> None:
        self.close()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            _("The folder {folder} can't be made: {reason}.").format(folder=folder, reason=reason_of(error)),
            _("Name another with --workspace."),
        ) from error
