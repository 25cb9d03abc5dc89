"""What becomes of errors in pages: a notice that says what was wrong and what to do."""

from __future__ import annotations

import logging
from urllib.parse import quote

from nicegui import app, ui

from tunery.app.access import SignedOutError
from tunery.app.studio.visits import visit
from tunery.errors import TuneryError
from tunery.i18n import _
from tunery.store import identifiers

logger = logging.getLogger(__name__)


def tell(message: str, hint: str = "") -> None:
    """Show that something was done."""
    ui.notify(message, caption=hint or None, position="bottom-right", classes="notice notice-ok", timeout=4000)


def warn(message: str, hint: str = "") -> None:
    """Show that something couldn't be done; it stays until it is closed or half a minute has passed."""
    ui.notify(
        message,
        caption=hint or None,
        position="bottom-right",
        classes="notice notice-danger",
        timeout=30_000,
        close_button=_("Close"),
    )


def words_for(error: Exception) -> tuple[str, str]:
    """Return message and hint for an error; one that nobody foresaw is logged under a name that the hint gives."""
    if isinstance(error, TuneryError):
        return getattr(error, "message", str(error)), getattr(error, "hint", "")
    name = identifiers.new()
    logger.error("studio error %s", name, exc_info=error)
    return (
        _("Something went wrong."),
        _("If it happens again, tell whoever runs Tunery this number: {name}.").format(name=name),
    )


def sign_in_address(path: str) -> str:
    """Return the address of the sign-in page that leads back to ``path``."""
    return f"/sign-in?next={quote(path, safe='')}"


def show(error: Exception) -> None:
    """Show an error on the page where it happened; a person who is signed out is led to the sign-in page."""
    try:
        here = visit()
    except RuntimeError:  # no page is left to show it on
        words_for(error)
        return
    if isinstance(error, SignedOutError):
        ui.navigate.to(sign_in_address(here.path))
        return
    warn(*words_for(error))


def install() -> None:
    """Show errors of all pages' events and timers."""
    app.on_exception(show)
    logging.getLogger("nicegui").addFilter(lambda record: not isinstance(record.msg, Exception))
