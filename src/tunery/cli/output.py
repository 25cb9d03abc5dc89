"""What the command line prints and writes: results on standard output, words about them on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, cast

from rich.console import Console
from rich.text import Text

from tunery.errors import DataError, Problem, SettingError, TuneryError, reason_of
from tunery.i18n import _

STDOUT = Path("-")
"""Stands for standard output where a file is asked for (and for standard input where one is read)."""

_SHOWN = 50
"""How many problems are printed; more than that nobody reads."""
_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def say(text: str) -> None:
    """Print words for the person, not for the program that reads the results."""
    _stderr().print(Text(text), soft_wrap=True)


def write(text: str) -> None:
    """Print a result, in UTF-8 whatever the locale."""
    sys.stdout.flush()
    sys.stdout.buffer.write(f"{text}\n".encode())
    sys.stdout.buffer.flush()


def show(result: object) -> None:
    """Print a result: with colours and in the terminal's width where there is one."""
    if sys.stdout.isatty() and hasattr(result, "__rich__"):
        Console().print(result)
    else:
        write(str(result))


def write_json(values: Mapping[str, object]) -> None:
    """Print a result for programs."""
    write(to_json(values))


def to_json(values: Mapping[str, object]) -> str:
    """Return readable JSON."""
    return json.dumps(values, ensure_ascii=False, indent=2)


def aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return rows as lines with their columns below each other; Chinese characters are two cells wide."""
    from rich.cells import cell_len

    table = list(rows)
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(f"{cell}{' ' * (width - cell_len(cell))}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def save(path: Path, text: str) -> None:
    """Write a file as a whole, or print ``text`` where the path is ``-``."""
    if path == STDOUT:
        write(text)
        return
    with whole_file(path) as file:
        file.write(f"{text}\n".encode())
    say(_("Written: {path}").format(path=path))


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that appears under its name only when the block ends well.

    Raises:
        SettingError: The file can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise _unwritable(path, error) from None
    part = Path(file.name)
    try:
        with file:
            yield cast(BinaryIO, file)
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        part.unlink(missing_ok=True)


def print_error(error: TuneryError) -> None:
    """Print what was wrong, where, and what to do next."""
    if isinstance(error, DataError):
        print_problems(error.problems)
        return
    text = Text.assemble((_("Error: "), _STYLES["error"]), error.message)
    if error.hint:
        text.append(f"\n  {error.hint}")
    _stderr().print(text, soft_wrap=True)


def print_problems(problems: Sequence[Problem]) -> None:
    """Print what was found in data, one paragraph each."""
    for problem in problems[:_SHOWN]:
        _stderr().print(_paragraph(problem), soft_wrap=True)
    if len(problems) > _SHOWN:
        say(_("... and {n} more.").format(n=len(problems) - _SHOWN))


def _paragraph(problem: Problem) -> Text:
    words = {"error": _("Error: "), "warning": _("Warning: "), "note": _("Note: ")}
    text = Text.assemble((words[problem.severity], _STYLES[problem.severity]))
    if problem.place:
        text.append(f"{problem.place}: ", "bold")
    text.append(problem.message)
    if problem.hint:
        text.append(f"\n  {problem.hint}")
    return text


def _stderr() -> Console:
    # Made anew each time: tests and pipes exchange sys.stderr.
    return Console(stderr=True, highlight=False)


def _unwritable(path: Path, error: OSError) -> SettingError:
    return SettingError(
        _("{path} can't be written: {reason}.").format(path=path, reason=reason_of(error)),
        _("Name a file in a folder that you may write to."),
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
