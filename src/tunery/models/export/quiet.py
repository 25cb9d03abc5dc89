"""Exporters talk a lot: of operators that nobody uses, of axes that share a name, of files they would rather have."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout


@contextmanager
def quiet() -> Iterator[None]:
    """Let libraries neither log, warn nor print while the block runs; afterwards everything is as it was."""
    disabled = logging.root.manager.disable
    handlers = list(logging.root.handlers)
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        # ``logging.warning`` gives the root a handler where it had none, even if nothing is logged.
        logging.root.handlers[:] = handlers
