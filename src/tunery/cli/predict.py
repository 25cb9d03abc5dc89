"""``tunery predict``: texts in, one JSON line for each out, in the same order and in constant memory."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

import tunery
from tunery.cli import arguments
from tunery.cli.output import STDOUT, whole_file
from tunery.cli.texts import Row, count_lines, opened, portions, record, rows, waiting_portions
from tunery.errors import SettingError
from tunery.i18n import _
from tunery.progress import bar

if TYPE_CHECKING:
    from tunery.models.model import Model


def predict(
    model: Annotated[Path, arguments.model()],
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT", help=_("Texts to label."))] = None,
    source: Annotated[
        Path | None,
        typer.Option("--input", metavar="<file>", help=_("File of texts or JSON lines; - is standard input.")),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", metavar="<file>", help=_("File for the answers; - is standard output."))
    ] = STDOUT,
) -> None:
    """Label texts given as arguments, in a file, or on standard input."""
    if texts and source is not None:
        raise SettingError(_("Texts and --input are both given."), _("Give one of them."))
    if not texts and source is None and sys.stdin.isatty():
        raise SettingError(
            _("There is no text to label."), _("Write it behind the model, or name a file with --input.")
        )
    with ExitStack() as stack:
        inputs, total = _inputs(texts, source or STDOUT, stack)
        loaded = tunery.load_model(model)
        _answer(loaded, inputs, total, stack.enter_context(_destination(output)))


def _inputs(texts: list[str] | None, source: Path, stack: ExitStack) -> tuple[Iterator[list[Row]], int | None]:
    """Return the rows in the portions they are answered in, and how many there are if that is known."""
    if texts:
        return portions(_from_arguments(texts)), len(texts)
    found = rows(stack.enter_context(opened(source)), source)
    if source.is_file():
        return portions(found), count_lines(source)
    return waiting_portions(found), None


def _answer(model: Model, inputs: Iterator[list[Row]], total: int | None, output: BinaryIO) -> None:
    spans = model.task.reads.target == "spans"
    with bar(_("Predicting"), total) as shown:
        streams: Iterator[Iterable[Row]] = _whole(inputs) if model.task.reach else inputs
        for portion in streams:
            waiting, examples = itertools.tee(portion)
            for row, prediction in zip(waiting, model.stream(row.example for row in examples), strict=True):
                line = json.dumps(record(row, prediction, spans=spans), ensure_ascii=False)
                # An id may be half a character: the replacement is how JSON spells it.
                output.write(f"{line}\n".encode(errors="backslashreplace"))
                shown.advance()
            output.flush()


def _whole(portions: Iterator[list[Row]]) -> Iterator[Iterator[Row]]:
    """Yield all rows as one stream: a sentence that is read with its neighbours may have them in another portion."""
    yield itertools.chain.from_iterable(portions)


def _from_arguments(texts: list[str]) -> Iterator[Row]:
    for number, text in enumerate(texts, 1):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise SettingError(
                _("Text {n} is not valid in the terminal's encoding.").format(n=number),
                _("Put it into a file in UTF-8 and name it with --input."),
            ) from None
        yield Row(text)


def _destination(path: Path) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer) if path == STDOUT else whole_file(path)
