"""What huggingface_hub raises, put into words with the way out."""

from __future__ import annotations

import json

from tunery.errors import SourceError
from tunery.i18n import _
from tunery.sources.failures import explain, status
from tunery.sources.repository import Repository
from tunery.sources.selection import Kind


def failures() -> tuple[type[Exception], ...]:
    """Return what huggingface_hub raises when something is wrong with the hub, the network, the name or the disk."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    # The HTTP library differs between releases; its errors are those that the hub's own is made of.
    transport = next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
    # RuntimeError: transfers by chunks (Xet) are done by a native library that has no errors of its own.
    # JSONDecodeError: a proxy's log-in page answered instead of the hub.
    return (transport, OSError, HFValidationError, RuntimeError, json.JSONDecodeError)


def is_refusal(error: Exception) -> bool:
    """Say whether asking the cache instead would be wrong: the hub knows the repository, and has no such revision."""
    from huggingface_hub.errors import HFValidationError, RevisionNotFoundError

    return isinstance(error, HFValidationError | RevisionNotFoundError)


def plain_error(wanted: Repository, kind: Kind, error: Exception) -> SourceError:
    """Return the error that a user sees."""
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    hub = constants.ENDPOINT
    if isinstance(error, HFValidationError):
        return SourceError(
            _("{name!r} is not the name of a repository.").format(name=wanted.name),
            _("Names on the hub are written OWNER/NAME."),
        )
    if isinstance(error, OfflineModeIsEnabled):
        return SourceError(
            _("{source} is not cached, and HF_HUB_OFFLINE is set.").format(source=wanted),
            _("Fetch it once while online, or set HF_HOME to the cache that holds it."),
        )
    if isinstance(error, HfHubHTTPError):
        return _refused(wanted, kind, error, hub)
    reason, hint = explain(error)
    return SourceError(
        _("{source} could not be fetched from {hub}: {reason}.").format(source=wanted, hub=hub, reason=reason), hint
    )


def _refused(wanted: Repository, kind: Kind, error: Exception, hub: str) -> SourceError:
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    page = f"{hub}/{wanted.name}" if kind == "model" else f"{hub}/datasets/{wanted.name}"
    if isinstance(error, GatedRepoError):
        return SourceError(
            _("{source} is gated: its owners give it to those who accept their terms.").format(source=wanted),
            _("Accept them at {page}, then log in with: hf auth login (or set HF_TOKEN).").format(page=page),
        )
    if isinstance(error, RepositoryNotFoundError):
        what = _("model") if kind == "model" else _("data set")
        return SourceError(
            _("There is no {what} {name} on {hub}, or it is private.").format(what=what, name=wanted.name, hub=hub),
            _("Check the spelling; for a private one log in with: hf auth login (or set HF_TOKEN)."),
        )
    if isinstance(error, RevisionNotFoundError):
        return SourceError(
            _("{name} has no revision {revision}.").format(name=wanted.name, revision=wanted.revision),
            _("Its branches and commits are listed at {page}/tree/main.").format(page=page),
        )
    code = error.response.status_code if isinstance(error, HfHubHTTPError) else 0
    reason, hint = status(code)
    return SourceError(
        _("{source} could not be fetched from {hub}: {reason}.").format(source=wanted, hub=hub, reason=reason), hint
    )
