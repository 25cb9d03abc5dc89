"""What ModelScope's library raises, put into words with the way out."""

from __future__ import annotations

from tunery.errors import SourceError
from tunery.i18n import _
from tunery.sources.failures import explain, status
from tunery.sources.repository import Repository


def failures() -> tuple[type[Exception], ...]:
    """Return what the library raises when something is wrong with the hub, the network, the name or the disk."""
    from modelscope_hub.errors import HubError

    return (HubError, OSError)


def plain_error(wanted: Repository, error: Exception) -> SourceError:
    """Return the error that a user sees."""
    from modelscope_hub.errors import (
        APIError,
        AuthenticationError,
        FileDownloadError,
        NotExistError,
        PermissionDeniedError,
    )

    if isinstance(error, FileDownloadError) and error.failed_files:
        error = next((cause for cause in error.failed_files.values() if isinstance(cause, Exception)), error)
    if isinstance(error, NotExistError):
        return SourceError(
            _("ModelScope has no {source}, or it is private.").format(source=wanted),
            _("Check the spelling and the revision; for a private one log in with: ms login (or set "
              "MODELSCOPE_API_TOKEN)."),
        )  # fmt: skip
    if isinstance(error, AuthenticationError | PermissionDeniedError):
        return SourceError(
            _("ModelScope doesn't let you have {source}: it is private or needs an agreement.").format(source=wanted),
            _("Accept its terms on its page, then log in with: ms login (or set MODELSCOPE_API_TOKEN)."),
        )
    code = error.status_code if isinstance(error, APIError) else None
    reason, hint = explain(error) if code is None else status(code)
    return SourceError(
        _("{source} could not be fetched from ModelScope: {reason}.").format(source=wanted, reason=reason), hint
    )
