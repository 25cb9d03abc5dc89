"""What databases and object storage say when they fail, as errors that a person can read."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

from tunery.errors import TuneryError, reason_of
from tunery.i18n import _

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""The disk is full, the owner's share of it is, or the file may not grow."""
_NO_ROOM_SQLITE = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"}
"""A full disk has its own code; of a quota SQLite only says that a write failed."""
_NO_ROOM_POSTGRES = "53100"


class StoreError(TuneryError):
    """The workspace can't be opened, read or written. What was begun is undone."""


class NoRoomError(StoreError):
    """The disk takes no more. What was begun is undone; what is there can be read."""


class NotFoundError(StoreError):
    """There is no such thing in the workspace."""


class ConflictError(StoreError):
    """What was asked for contradicts what is there: a name is taken, or something was changed meanwhile."""


def not_found(name: str) -> NotFoundError:
    """Return the error for a name that nothing has."""
    return NotFoundError(
        _("There is no {name} in this workspace.").format(name=name), _("It may have been deleted; look at the list.")
    )


@contextmanager
def in_words(where: str) -> Iterator[None]:
    """Turn what the database says into a `StoreError`.

    Args:
        where: The workspace, as its user knows it.
    """
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        said = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
        if _is_full(error.orig):
            raise NoRoomError(
                _("The database of {where} can't be written: {reason}.").format(where=where, reason=said),
                _no_room_hint(),
            ) from error
        raise StoreError(
            _("The database of {where} can't be used: {reason}.").format(where=where, reason=said), _hint(said)
        ) from error
    except DBAPIError as error:
        if isinstance(error, DatabaseError) and type(error) is not DatabaseError:
            raise  # a constraint or a mistake in a statement: whoever asked knows better what it means
        raise StoreError(
            _("The database of {where} is damaged: {reason}.").format(where=where, reason=error.orig),
            _("Stop what uses it, and restore a backup with tunery workspace restore."),
        ) from error


def blob_failure(where: str, error: OSError) -> StoreError:
    """Return the error for a file or an object that can't be read or written."""
    if is_no_room(error):
        return no_room(where, error)
    return StoreError(
        _("The files of {where} can't be used: {reason}.").format(where=where, reason=reason_of(error)),
        _("Check that the place exists, that you may write to it, and that the disk is not full."),
    )


def is_no_room(error: OSError) -> bool:
    """Say whether a file could not be written because the disk takes no more."""
    return error.errno in _NO_ROOM


def no_room(where: str, error: OSError) -> NoRoomError:
    """Return the error for a file that could not be written because the disk takes no more."""
    return NoRoomError(
        _("{where} can't be written: {reason}.").format(where=where, reason=reason_of(error)), _no_room_hint()
    )


def _is_full(error: BaseException | None) -> bool:
    return (
        getattr(error, "sqlite_errorname", None) in _NO_ROOM_SQLITE
        or getattr(error, "sqlstate", None) == _NO_ROOM_POSTGRES
    )


def _no_room_hint() -> str:
    return _("Make room on the disk, or have its quota raised; nothing of this was written, and all else is there.")


def _hint(said: str) -> str:
    lower = said.lower()
    if "locked" in lower or "busy" in lower:
        return _("Another program is writing for long; try again in a moment.")
    if "connect" in lower or "closed" in lower or "terminat" in lower:
        return _("Check that the database runs and can be reached; what was not confirmed was not written.")
    return _("Check that it exists and that you may write to it.")
