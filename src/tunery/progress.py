"""Progress and time left for whatever takes more than two seconds, on standard error.

On a terminal it is a bar; in a log, a line now and then. ``TUNERY_PROGRESS=0`` silences it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from tunery.i18n import _

T = TypeVar("T")

_QUIET_FOR = 2.0
"""Seconds of work before anything is shown."""
_LINE_EVERY = 15.0
"""Seconds between lines where there is no terminal."""

_wordless: ContextVar[bool] = ContextVar("wordless", default=False)


class Listener(Protocol):
    """Somebody else who wants to know; called often, so it must be quick."""

    def moved(self, description: str, share: float | None, left: float | None, note: str) -> None:
        """Be told how far a piece of work is.

        Args:
            description: What is done.
            share: How much of it, from 0 to 1; None where the whole isn't known.
            left: Seconds left, as far as that can be said.
            note: The words behind the bar.
        """
        ...

    def told(self, words: str) -> None:
        """Be told words that stay."""
        ...


_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell ``listener`` about every bar that is made, and all words, while the block runs, in silence too."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class Bar:
    """A running piece of work; call `advance` as it goes and `say` to change the words behind it."""

    def __init__(self, description: str, total: float | None, *, in_bytes: bool = False) -> None:
        self._description = description
        self._total = total
        self._in_bytes = in_bytes
        self._done = 0.0
        self._started = time.monotonic()
        self._last_line = self._started
        self._note = ""
        self._listener = _listener.get()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    @property
    def done(self) -> float:
        """How much has been done, in the unit of the total."""
        return self._done

    def advance(self, amount: float = 1.0) -> None:
        """Say that ``amount`` more is done."""
        self._done += amount
        self._show()

    def say(self, note: str) -> None:
        """Show ``note`` (for example the loss) behind the bar."""
        self._note = note
        self._show()

    def tell(self, words: str) -> None:
        """Show a line that stays, above the bar where there is one."""
        if self._progress is None or _wordless.get():
            tell(words)
        else:
            _tell_listener(words)
            self._progress.console.print(words, highlight=False, markup=False)

    def resize(self, total: float) -> None:
        """Change the total, once it is known."""
        self._total = total
        self._show()

    def close(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _show(self) -> None:
        if self._listener is not None:
            self._listener.moved(self._description, *self._reached(), self._note)
        if os.environ.get("TUNERY_PROGRESS") == "0" or time.monotonic() - self._started < _QUIET_FOR:
            return
        if sys.stderr.isatty():
            self._show_bar()
        elif time.monotonic() - self._last_line >= _LINE_EVERY:
            self._last_line = time.monotonic()
            print(self._line(), file=sys.stderr, flush=True)  # noqa: T201 - this is where progress is printed

    def _show_bar(self) -> None:
        if self._progress is None:
            amount: ProgressColumn = DownloadColumn() if self._in_bytes else MofNCompleteColumn()
            self._progress = Progress(
                TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"), console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._task = self._progress.add_task(self._description, total=self._total, note="")
            self._progress.start()
        if self._task is not None:
            self._progress.update(self._task, completed=self._done, total=self._total, note=self._note)

    def _reached(self) -> tuple[float | None, float | None]:
        """Return the share that is done, and the seconds left."""
        if not self._total:
            return None, None
        if not self._done:
            return 0.0, None
        elapsed = time.monotonic() - self._started
        return self._done / self._total, elapsed / self._done * max(self._total - self._done, 0)

    def _line(self) -> str:
        share, left = self._reached()
        if share is None or left is None:
            return f"{self._description}: {self._done:.0f} {self._note}".rstrip()
        words = _("{share:.0%}, {time} left").format(share=share, time=_clock(left))
        return f"{self._description}: {words} {self._note}".rstrip()


def tell(words: str) -> None:
    """Show words that stay: what was decided, or what happened."""
    _tell_listener(words)
    if os.environ.get("TUNERY_PROGRESS") != "0" and not _wordless.get():
        print(words, file=sys.stderr, flush=True)  # noqa: T201 - this is where progress is printed


def _tell_listener(words: str) -> None:
    listener = _listener.get()
    if listener is not None and not _wordless.get():
        listener.told(words)


@contextmanager
def without_words() -> Iterator[None]:
    """Show bars, but no words that stay, while the block runs: for runs that are one of many."""
    token = _wordless.set(True)
    try:
        yield
    finally:
        _wordless.reset(token)


@contextmanager
def bar(description: str, total: float | None = None, *, in_bytes: bool = False) -> Iterator[Bar]:
    """Show progress towards ``total`` while the block runs."""
    shown = Bar(description, total, in_bytes=in_bytes)
    try:
        yield shown
    finally:
        shown.close()


def track(items: Iterable[T], description: str, total: float | None = None) -> Iterator[T]:
    """Yield ``items``, counting them off on a bar."""
    with bar(description, total) as shown:
        for item in items:
            yield item
            shown.advance()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
