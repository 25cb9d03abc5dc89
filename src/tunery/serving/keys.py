"""Keys of a server: who may ask which endpoints, how often, and how much.

A key is ``tk_`` and 32 random bytes. The file holds only its SHA-256: so many random bits need neither salt nor a slow
hash, and looking a digest up tells nothing about the key by the time it takes.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.serving.allowances import Allowances
from tunery.serving.key_file import in_words, open_file, transaction
from tunery.serving.rates import parse_rate
from tunery.serving.settings import ENDPOINT_NAME

PREFIX = "tk_"
ALL = "*"
"""Stands for every endpoint."""
_LONGEST_NAME = 64
_LONGEST_KEY = 256
"""Longer texts are not even hashed."""
_LOOK_AGAIN = 1.0
"""Seconds between two looks at whether the file was replaced by another one."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; the key itself is not.

    Attributes:
        id: Eight hexadecimal digits, to name it by.
        name: What its owner calls it.
        endpoints: Which endpoints it may ask; ``("*",)`` is all.
        admin: Whether it may also change what the server serves.
        rate: Requests in a time, for example ``100/minute``; None is no limit.
        quota: Texts in a period, for example ``10000/day``; None is no limit.
        created: When it was made, UTC.
        revoked: When it was revoked, UTC; None while it is good.
    """

    id: str
    name: str
    endpoints: tuple[str, ...] = (ALL,)
    admin: bool = False
    rate: str | None = None
    quota: str | None = None
    created: datetime | None = None
    revoked: datetime | None = None

    def allows(self, endpoint: str) -> bool:
        """Whether it may ask ``endpoint``."""
        return ALL in self.endpoints or endpoint in self.endpoints

    def to_dict(self) -> dict[str, object]:
        """Return the fields as plain values for JSON."""
        return {
            "id": self.id,
            "name": self.name,
            "endpoints": list(self.endpoints),
            "admin": self.admin,
            "rate": self.rate,
            "quota": self.quota,
            "created": self.created and self.created.isoformat(),
            "revoked": self.revoked and self.revoked.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request may not be answered now.

    Attributes:
        kind: ``rate`` (requests) or ``quota`` (texts).
        retry_after: In how many seconds it may be.
    """

    kind: Literal["rate", "quota"]
    retry_after: float


class Keys:
    """The keys in a file, for one of any number of processes that use the file at the same time.

    `find` and `charge` may be called from any thread. A process that forks opens its own.

    Args:
        path: The file, on a local disk.
        create: Make it where there is none.
        clock: Gives the seconds since 1970.

    Raises:
        SettingError: The file can't be used.
        ModelError: The file is something else, or damaged.
    """

    def __init__(self, path: str | Path, *, create: bool = True, clock: Callable[[], float] = time.time) -> None:
        self.path = Path(path)
        self._clock = clock
        self._lock = threading.RLock()
        self._open(create=create)

    def create(
        self,
        name: str,
        endpoints: Iterable[str] = (ALL,),
        *,
        rate: str | None = None,
        quota: str | None = None,
        admin: bool = False,
    ) -> tuple[str, Key]:
        """Make a key.

        Args:
            name: What its owner calls it.
            endpoints: Which endpoints it may ask.
            rate: How many requests in how long, for example ``100/minute``.
            quota: How many texts in which period, for example ``10000/day``. Periods begin at multiples of their
                length since 1970 in UTC, so a day begins at midnight.
            admin: Whether it may also change what the server serves.

        Returns:
            The key, which is shown this once, and what is kept of it.

        Raises:
            SettingError: A name, an endpoint or a limit can't be meant.
        """
        text = new_text()
        key = new_key(name, endpoints, rate=rate, quota=quota, admin=admin)
        self._change("INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(digest_of(text), key))
        return text, key

    def revoke(self, id: str) -> Key:  # noqa: A002 - it is the key's id
        """Make a key worthless, at once and for every process; doing it twice does nothing more.

        Raises:
            SettingError: There is no such key.
        """
        if not any(key.id == id for key in self.list()):
            raise SettingError(
                _("There is no key {id}.").format(id=id),
                _("See what there is: tunery keys list --file {path}").format(path=self.path),
            )
        self._change("UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL", (_now().isoformat(), id))
        return next(key for key in self.list() if key.id == id)

    def become(self, keys: Mapping[bytes, Key]) -> None:
        """Hold exactly these keys, each by its digest; others are worthless at once. What was used of limits stays."""
        with self._lock, in_words(self.path):
            if dict(self._read()) == keys:
                return
            with _synced(self._connection):
                self._connection.execute("DELETE FROM keys")
                self._connection.executemany(
                    "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [_row(digest, key) for digest, key in keys.items()],
                )
                self._connection.execute("UPDATE revision SET number = number + 1")
            self._notice()

    def list(self) -> tuple[Key, ...]:
        """Return all keys, the oldest first, the revoked ones too."""
        with self._lock, in_words(self.path):
            return tuple(key for _digest_, key in self._read())

    def find(self, text: str) -> Key | None:
        """Return what is known of a key; None if there is no such key, or it was revoked by whatever process.

        Takes microseconds: the keys are in memory, and SQLite says whether another process has written.

        Raises:
            SettingError: The file is gone, was replaced or can't be read any more; nobody is let in then.
            ModelError: The file is damaged.
        """
        if not text.startswith(PREFIX) or len(text) > _LONGEST_KEY:
            return None
        with self._lock:
            self._refresh()
            return self._known.get(digest_of(text))

    def charge(self, key: Key, texts: int) -> Refusal | None:
        """Count a request and its texts against a key's limits; all of them, or nothing if that is too much.

        See `tunery.serving.allowances` for what holds exactly and what about.

        Args:
            key: From `find`.
            texts: How many texts are to be answered.
        """
        with self._lock, in_words(self.path):
            now = self._clock()
            rate = parse_rate(key.rate) if key.rate else None
            if rate:
                wait = self._allowances.take(key.id, "sliding", rate, 1, now)
                if wait is not None:
                    return Refusal("rate", wait)
            wait = self._allowances.take(key.id, "fixed", parse_rate(key.quota), texts, now) if key.quota else None
            if wait is None:
                return None
            if rate:
                self._allowances.put_back(key.id, "sliding", 1)
            return Refusal("quota", wait)

    def flush(self) -> None:
        """Give the other processes what this one has taken of the limits and not spent. Worth calling now and then."""
        with self._lock, in_words(self.path):
            self._allowances.flush()

    def close(self) -> None:
        """Flush and let go of the file."""
        with self._lock:
            try:
                self.flush()
            finally:
                self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_about: object) -> None:
        self.close()

    # -- the file ----------------------------------------------------------------------------------------------------

    def _open(self, *, create: bool) -> None:
        self._connection = open_file(self.path, create=create)
        self._cursor = self._connection.cursor()
        self._allowances = Allowances(self._connection)
        self._file = _identity(self.path)
        self._look_again = time.monotonic() + _LOOK_AGAIN
        self._known: dict[bytes, Key] = {}
        self._written = self._revision = -1
        try:
            with in_words(self.path):
                self._notice()
        except BaseException:
            self._connection.close()
            raise

    def _refresh(self) -> None:
        """Bring the keys in memory up to date."""
        try:
            (written,) = self._cursor.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            with in_words(self.path):  # not around it all: it would double the time of every request's look
                raise
        if written != self._written:
            with in_words(self.path):
                self._notice()
        if time.monotonic() >= self._look_again:
            # A file that was taken away takes its keys with it. Opening what lies there now would be dangerous: SQLite
            # would mix it with the -wal file of the old one.
            if _identity(self.path) != self._file:
                raise SettingError(
                    _("The file of keys {path} was moved or replaced while it was in use.").format(path=self.path),
                    _("Stop whatever uses it before you do that, remove its -wal and -shm files, and start again."),
                )
            self._look_again = time.monotonic() + _LOOK_AGAIN

    def _notice(self) -> None:
        """Read the keys again if they have changed: the counts of other processes change the file all the time."""
        (written,) = self._cursor.execute("PRAGMA data_version").fetchone()
        (revision,) = self._cursor.execute("SELECT number FROM revision").fetchone()
        if revision != self._revision:
            self._known = {digest: key for digest, key in self._read() if key.revoked is None}
        self._written, self._revision = written, revision

    def _read(self) -> tuple[tuple[bytes, Key], ...]:
        rows = self._connection.execute(
            "SELECT digest, id, name, endpoints, admin, rate, quota, created, revoked FROM keys ORDER BY created, rowid"
        )
        return tuple((digest, _key(*fields)) for digest, *fields in rows)

    def _change(self, statement: str, values: tuple[object, ...]) -> None:
        with self._lock, in_words(self.path):
            with _synced(self._connection):
                self._connection.execute(statement, values)
                self._connection.execute("UPDATE revision SET number = number + 1")
            self._notice()


def new_text() -> str:
    """Return a new key."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(text: str) -> bytes:
    """Return what is kept of a key in its place."""
    return hashlib.sha256(text.encode(errors="replace")).digest()


def new_key(
    name: str,
    endpoints: Iterable[str],
    *,
    rate: str | None = None,
    quota: str | None = None,
    admin: bool = False,
) -> Key:
    """Return what is known of a new key; see `Keys.create`.

    Raises:
        SettingError: A name, an endpoint or a limit can't be meant.
    """
    return Key(
        secrets.token_hex(4), _checked_name(name), _checked_endpoints(endpoints), admin,
        parse_rate(rate).text if rate is not None else None, parse_rate(quota).text if quota is not None else None,
        _now(),
    )  # fmt: skip


@contextmanager
def _synced(connection: sqlite3.Connection) -> Iterator[None]:
    """Change keys in one transaction: what a person was told is done has to outlast a power cut."""
    connection.execute("PRAGMA synchronous=FULL")
    try:
        with transaction(connection):
            yield
    finally:
        connection.execute("PRAGMA synchronous=NORMAL")


def _row(digest: bytes, key: Key) -> tuple[object, ...]:
    return (
        key.id, digest, key.name, json.dumps(key.endpoints), key.admin, key.rate, key.quota,
        key.created and key.created.isoformat(), key.revoked and key.revoked.isoformat(),
    )  # fmt: skip


def _key(
    id: str, name: str, endpoints: str, admin: int, rate: str | None, quota: str | None,  # noqa: A002
    created: str, revoked: str | None,
) -> Key:  # fmt: skip
    return Key(
        id, name, tuple(json.loads(endpoints)), bool(admin), rate, quota, datetime.fromisoformat(created),
        datetime.fromisoformat(revoked) if revoked else None,
    )  # fmt: skip


def _checked_name(name: str) -> str:
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise SettingError(
            _("{name!r} can't be the name of a key.").format(name=name),
            _("Choose 1 to {n} characters that can be seen.").format(n=_LONGEST_NAME),
        )
    return name


def _checked_endpoints(names: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(names))
    if ALL in found:
        return (ALL,)
    wrong = [name for name in found if not ENDPOINT_NAME.fullmatch(name)]
    if wrong or not found:
        raise SettingError(
            _("{name!r} can't be the name of an endpoint.").format(name=wrong[0] if wrong else ""),
            _("Names have letters, digits, dots, underscores and hyphens; * stands for every endpoint."),
        )
    return found


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _identity(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        found = os.stat(path)  # noqa: PTH116 - a few microseconds less than Path's
        return found.st_dev, found.st_ino
    return None
