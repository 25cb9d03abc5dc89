"""Results that show themselves: with colours in a terminal, as plain text in a file, as HTML in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from io import StringIO
from typing import TYPE_CHECKING, ClassVar

from rich.console import Console

from tunery.i18n import _

if TYPE_CHECKING:
    from rich.console import RenderableType

_PAGE = "<pre style=\"line-height:1.25;font-family:Menlo,Consolas,'Noto Sans Mono CJK SC',monospace\">{code}</pre>"


class Readable(ABC):
    """A result that people read: it says by ``__rich__`` what is shown, and the other forms follow from that."""

    width: ClassVar[int] = 100
    """Columns where there is no terminal."""

    @abstractmethod
    def __rich__(self) -> RenderableType:
        """Return what is shown."""

    def __str__(self) -> str:
        with StringIO() as file:
            Console(file=file, width=self.width, color_system=None, force_terminal=False, legacy_windows=False).print(
                self
            )
            return "\n".join(line.rstrip() for line in file.getvalue().rstrip().splitlines())

    def _repr_html_(self) -> str:
        with StringIO() as file:
            console = Console(file=file, width=self.width, record=True)
            console.print(self)
            return console.export_html(inline_styles=True, code_format=_PAGE)


def duration(seconds: float) -> str:
    """Return a time as people say it: ``8 s``, ``3 min``, ``1.5 h``."""
    if seconds < 90:
        return _("{n} s").format(n=max(1, round(seconds)))
    if seconds < 90 * 60:
        return _("{n} min").format(n=round(seconds / 60))
    return _("{n} h").format(n=f"{seconds / 3600:.1f}")
