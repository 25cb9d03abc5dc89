"""Everything found while reading, gathered so that all of it is reported at once and nothing a thousand times."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tunery.errors import DataError, Problem, Severity
from tunery.i18n import _

_SHOWN_LINES = 5


@dataclass(slots=True)
class _Group:
    first: Problem
    count: int = 0
    lines: list[int] = field(default_factory=list)


class Findings:
    """Gathers problems; those of one code and one file become one problem that counts them and names a few lines."""

    def __init__(self) -> None:
        self._groups: dict[tuple[Severity, str, str | None], _Group] = {}

    def add(self, problem: Problem) -> None:
        """Take in a problem; its words are those of the first of its kind in its file."""
        group = self._groups.setdefault((problem.severity, problem.code, problem.file), _Group(problem))
        group.count += problem.count
        if problem.line is not None and len(group.lines) < _SHOWN_LINES and problem.line not in group.lines:
            group.lines.append(problem.line)

    def error(self, code: str, message: str, hint: str = "", file: str | None = None, line: int | None = None) -> None:
        """Take in what makes the data unusable."""
        self.add(Problem("error", code, message, hint, file, line))

    def warning(
        self, code: str, message: str, hint: str = "", file: str | None = None, line: int | None = None
    ) -> None:
        """Take in what will cost quality."""
        self.add(Problem("warning", code, message, hint, file, line))

    def note(self, code: str, message: str, hint: str = "", file: str | None = None, line: int | None = None) -> None:
        """Take in what was decided."""
        self.add(Problem("note", code, message, hint, file, line))

    @property
    def failed(self) -> bool:
        """Whether an error is among them."""
        return any(severity == "error" for severity, *_ in self._groups)

    def count(self, code: str) -> int:
        """Return in how many places something was found, over all files."""
        return sum(group.count for (_severity, found, _file), group in self._groups.items() if found == code)

    def problems(self) -> list[Problem]:
        """Return them, errors first, in the order they were found."""
        found = [_counted(group) for group in self._groups.values()]
        order: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}
        return sorted(found, key=lambda problem: order[problem.severity])

    def stop_if_failed(self) -> None:
        """Raise what was found if an error is among it; notes on how the data was read are left out.

        Raises:
            DataError: There is at least one error.
        """
        if self.failed:
            raise DataError([problem for problem in self.problems() if problem.severity != "note"])


def _counted(group: _Group) -> Problem:
    if group.count == 1:
        return group.first
    message = _("{message} (so in {count} places)").format(message=group.first.message, count=group.count)
    if len(group.lines) > 1:
        listed = ", ".join(str(line) for line in group.lines)
        more = ", ..." if group.count > len(group.lines) else ""
        message = _("{message} ({count} in all, lines {lines})").format(
            message=group.first.message, count=group.count, lines=listed + more
        )
    return replace(group.first, message=message, count=group.count)
