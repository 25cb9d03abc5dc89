"""What databases and object storage say when they fail, as errors that a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

from tunery.errors import TuneryError, reason_of
from tunery.i18n import _


class StoreError(TuneryError):
    """The workspace can't be opened, read or written. What was begun is undone."""


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
    return StoreError(
        _("The files of {where} can't be used: {reason}.").format(where=where, reason=reason_of(error)),
        _("Check that the place exists, that you may write to it, and that the disk is not full."),
    )


def _hint(said: str) -> str:
    lower = said.lower()
    if "full" in lower or "no space" in lower:
        return _("Make room on the disk; nothing was written.")
    if "locked" in lower or "busy" in lower:
        return _("Another program is writing for long; try again in a moment.")
    if "connect" in lower or "closed" in lower or "terminat" in lower:
        return _("Check that the database runs and can be reached; what was not confirmed was not written.")
    return _("Check that it exists and that you may write to it.")
