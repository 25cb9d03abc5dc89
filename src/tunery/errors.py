"""Every error a user can meet: what was wrong, where, what was found, and what to do next.

An error's text is complete by itself; the command line prints it and exits, without a traceback.
`Problem` is the same thing for what is found *in data*, where all faults are reported together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from tunery.i18n import N_, _, joined

Severity = Literal["error", "warning", "note"]

_USUAL_REASONS = (
    N_("No such file or directory"), N_("Permission denied"), N_("Operation not permitted"), N_("Is a directory"),
    N_("Not a directory"), N_("File exists"), N_("No space left on device"), N_("Disk quota exceeded"),
    N_("File too large"), N_("Read-only file system"), N_("File name too long"), N_("Too many open files"),
    N_("Input/output error"), N_("Too many levels of symbolic links"), N_("Device or resource busy"),
)  # fmt: skip
"""What operating systems usually say, so that the catalogue has it in other languages."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something found in data or settings, with the place and the way out.

    Attributes:
        severity: ``error`` makes the data unusable, ``warning`` will cost quality, ``note`` tells what was decided.
        code: A stable name for machines, for example ``span-outside-text``.
        message: What is wrong and what was found, in the reader's language.
        hint: What to do about it; empty for notes that ask for nothing.
        file: The file it was found in, as the user wrote it.
        line: The line there, counted from 1 (for tables the row of the file, header included).
        count: In how many places it was found; `line` is the first of them.
    """

    severity: Severity
    code: str
    message: str
    hint: str = ""
    file: str | None = None
    line: int | None = None
    count: int = 1

    @property
    def place(self) -> str:
        """``file:line``, ``file`` or the empty string."""
        if self.file is None:
            return ""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return where + joined(self.message, self.hint)

    def to_dict(self) -> dict[str, object]:
        """Return the fields as plain values for JSON."""
        return asdict(self)


class TuneryError(Exception):
    """The base of every error that Tunery raises on purpose.

    Args:
        message: What was wrong and what was found.
        hint: What to do next.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(joined(message, hint))


class SourceError(TuneryError):
    """A base model or data set could not be had from where it was said to be."""


class DataError(TuneryError):
    """A data set can't be used; `problems` lists every reason at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class SettingError(TuneryError):
    """A setting of a recipe, a task, a strategy or a reader has a name or a value that doesn't exist."""


class ModelError(TuneryError):
    """A folder isn't a model, or the model can't do what was asked of it."""


class ServerError(TuneryError):
    """A server refused a request, or gave no answer.

    Args:
        message: The server's own words, or what became of the call.
        hint: What to do next.
        status: The status of HTTP; None where no answer came.
        code: A stable name for programs, for example ``quota``, ``timeout`` or ``unreachable``.
        request_id: The server's name for the request, to find it in its logs.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        status: int | None = None,
        code: str = "",
        request_id: str | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.request_id = request_id
        super().__init__(message, hint)


class MissingExtraError(TuneryError, ImportError):
    """An optional part of Tunery is not installed.

    Args:
        extra: The extra that brings it, for example ``tune``.
        purpose: What it is needed for, in the reader's language.
    """

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(
            _("{purpose} needs a part of Tunery that is not installed.").format(purpose=purpose),
            _('Install it with: pip install "tunery[{extra}]"').format(extra=extra),
        )


def reason_of(error: Exception) -> str:
    """Return why a file could not be read or written, in the reader's language where the reason is a usual one."""
    said = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return _(said) if said in _USUAL_REASONS else said
