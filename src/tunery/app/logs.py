"""The application's log: one JSON object a line, all of it in the workspace, and on standard error what went wrong."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from typing_extensions import override

from tunery.serving.logs import JsonLines

_LARGEST = 10_000_000
_KEPT = 5
_SOURCES = ("tunery.app", "uvicorn", "dbos", "nicegui")


class _Lasting(RotatingFileHandler):
    """Leaves lines out while the disk is full, instead of saying so with a traceback for each."""

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def configure(folder: Path) -> None:
    """Send what the application has to say to where it belongs.

    Args:
        folder: Where the files are to be: the latest is ``app.log``, and older ones are kept up to some size.
    """
    whole = _Lasting(folder / "app.log", maxBytes=_LARGEST, backupCount=_KEPT, encoding="utf-8", delay=True)
    trouble = logging.StreamHandler(sys.stderr)
    trouble.setLevel(logging.ERROR)
    for handler in (whole, trouble):
        handler.setFormatter(JsonLines())
    for name in _SOURCES:
        logger = logging.getLogger(name)
        logger.handlers = [whole, trouble]
        logger.setLevel(logging.INFO if name == "tunery.app" else logging.WARNING)
        logger.propagate = False
