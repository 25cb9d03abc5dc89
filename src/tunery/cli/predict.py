"""``tunery predict``: texts in, one JSON line for each out, in the same order and in constant memory."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO
from urllib.parse import quote

import typer

import tunery
from tunery.cli import arguments, servers
from tunery.cli.output import STDOUT, whole_file
from tunery.cli.remote import KEY, endpoint_at
from tunery.cli.texts import Row, count_lines, opened, portions, record, rows, waiting_portions
from tunery.errors import SettingError
from tunery.i18n import _
from tunery.progress import bar
from tunery.types import Example, Prediction

_AT_ONCE = 100
"""Texts in one request to the server that ``--server`` names."""


@dataclass(frozen=True)
class _Answering:
    """Who answers.

    Attributes:
        stream: Answers texts in their order.
        spans: Whether it answers with spans.
        whole: Whether it is given all texts as one stream, not in portions.
    """

    stream: Callable[[Iterable[Example]], Iterator[Prediction]]
    spans: bool
    whole: bool


def predict(
    model: Annotated[str | None, arguments.model()] = None,
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT", help=_("Texts to label."))] = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="<url>",
            help=_("Ask an endpoint of a server, for example http://127.0.0.1:8000/ner; MODEL is then left out."),
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="<text>", help=_("Key for the server. Default: {name}.").format(name=f"${KEY}")),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--input", metavar="<file>", help=_("File of texts or JSON lines; - is standard input.")),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", metavar="<file>", help=_("File for the answers; - is standard output."))
    ] = STDOUT,
) -> None:
    """Label texts given as arguments, in a file, or on standard input."""
    if url is None and model is None:
        raise SettingError(
            _("{name} is missing.").format(name=_("Argument {name}").format(name="MODEL")),
            _("Name the folder of a model, or an endpoint with --url."),
        )
    if url is not None and model is not None:
        texts = [model, *(texts or [])]  # what stands first is a text then
    if texts and source is not None:
        raise SettingError(_("Texts and --input are both given."), _("Give one of them."))
    if not texts and source is None and sys.stdin.isatty():
        raise SettingError(
            _("There is no text to label."), _("Write it behind the model, or name a file with --input.")
        )
    with ExitStack() as stack:
        inputs, total = _inputs(texts, source or STDOUT, stack)
        if url is not None:
            answering = _endpoint(url, key, total is not None, stack)
        elif servers.wanted():
            answering = _of_server(str(model), stack)
        else:
            answering = _model(str(model))
        _answer(answering, inputs, total, stack.enter_context(_destination(output)))


def _model(folder: str) -> _Answering:
    loaded = tunery.load_model(folder)
    # A sentence that is read with its neighbours may have them in another portion.
    return _Answering(loaded.stream, loaded.task.reads.target == "spans", loaded.task.reach > 0)


def _endpoint(url: str, key: str | None, there: bool, stack: ExitStack) -> _Answering:
    """Return an endpoint; what is there as a whole needs no portions, which would let the server wait in between."""
    remote = stack.enter_context(endpoint_at(url, key))
    return _Answering(remote.stream, remote.task.reads.target == "spans", there)


def _of_server(endpoint: str, stack: ExitStack) -> _Answering:
    """Return an endpoint of the project that is worked in at a server."""
    from tunery import tasks
    from tunery.serving.replies import from_wire

    server = stack.enter_context(servers.server())
    path = server.in_project(f"/endpoints/{quote(endpoint, safe='')}")
    champion = server.ask("GET", path)["champion"]
    task = tasks.get(str(server.ask("GET", f"/models/{champion}")["task"]))

    def stream(examples: Iterable[Example]) -> Iterator[Prediction]:
        remaining = iter(examples)
        while texts := [one.text for one in itertools.islice(remaining, _AT_ONCE)]:
            for found in server.ask("POST", f"{path}/predictions", json={"inputs": texts})["predictions"]:
                yield from_wire(found)

    return _Answering(stream, task.reads.target == "spans", False)


def _inputs(texts: list[str] | None, source: Path, stack: ExitStack) -> tuple[Iterator[list[Row]], int | None]:
    """Return the rows in the portions they are answered in, and how many there are if that is known."""
    if texts:
        return portions(_from_arguments(texts)), len(texts)
    found = rows(stack.enter_context(opened(source)), source)
    if source.is_file():
        return portions(found), count_lines(source)
    return waiting_portions(found), None


def _answer(answering: _Answering, inputs: Iterator[list[Row]], total: int | None, output: BinaryIO) -> None:
    with bar(_("Predicting"), total) as shown:
        streams: Iterator[Iterable[Row]] = _whole(inputs) if answering.whole else inputs
        for portion in streams:
            waiting, examples = itertools.tee(portion)
            for row, prediction in zip(waiting, answering.stream(row.example for row in examples), strict=True):
                line = json.dumps(record(row, prediction, spans=answering.spans), ensure_ascii=False)
                # An id may be half a character: the replacement is how JSON spells it.
                output.write(f"{line}\n".encode(errors="backslashreplace"))
                shown.advance()
            output.flush()


def _whole(portions: Iterator[list[Row]]) -> Iterator[Iterator[Row]]:
    """Yield all rows as one stream."""
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
