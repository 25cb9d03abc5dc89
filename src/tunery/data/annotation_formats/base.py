"""What a format is, and what it gives: texts with the answers of several people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tunery.data.dataset import Schema
from tunery.data.findings import Findings
from tunery.types import Example, Target


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person, or one model, answered for a text.

    Attributes:
        annotator: Who answered; for predictions the version of the model. Empty where it isn't known.
        target: The answer, in the form of `Example.target`.
        created: When, ISO 8601.
        seconds: How long it took.
        score: For predictions, how sure the model was.
    """

    annotator: str
    target: Target
    created: str | None = None
    seconds: float | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Annotated:
    """A text with all its answers.

    Attributes:
        example: The text; its target is what was settled in the end, None where nothing was.
        answers: What people answered, in the order of the file.
        predictions: What models proposed.
    """

    example: Example
    answers: tuple[Answer, ...] = ()
    predictions: tuple[Answer, ...] = ()


@dataclass(slots=True)
class RawAnswer:
    """An answer as a file has it, not yet held against its text.

    Attributes:
        annotator: Who answered; None where it is what was settled.
        value: Names of labels, or spans as `tunery.data.rows.spans.read_spans` takes them.
        created: When.
        seconds: How long it took.
        score: How sure.
        predicted: Whether a model gave it.
        settled: Whether it is what was settled as well.
    """

    annotator: str | None
    value: list[object]
    created: object = None
    seconds: object = None
    score: object = None
    predicted: bool = False
    settled: bool = False


@dataclass(slots=True)
class RawItem:
    """A text as a file has it: where it starts, what else is known of it, and its answers."""

    line: int
    text: object
    fields: Mapping[str, object]
    answers: list[RawAnswer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be read, and where problems go.

    Attributes:
        schema: What the task needs of a row.
        shown: The file's name for messages.
        findings: Where problems go.
    """

    schema: Schema
    shown: str
    findings: Findings

    @property
    def spans(self) -> bool:
        """Whether answers are spans rather than labels."""
        return self.schema.target == "spans"

    def error(self, code: str, message: str, hint: str, line: int) -> None:
        """Report what makes an entry unusable."""
        self.findings.error(code, message, hint, self.shown, line)


class AnnotationFormat(ABC):
    """How a tool writes and reads what people answered in it."""

    name: ClassVar[str]
    """What it is called in calls."""
    rank: ClassVar[int] = 0
    """Who is asked first, the higher the sooner."""

    @abstractmethod
    def recognises(self, text: str) -> bool:
        """Say whether a document is of this format."""

    @abstractmethod
    def parse(self, text: str, asked: Asked) -> list[RawItem]:
        """Return the texts of a document; what is wrong with single ones goes to ``asked``.

        Raises:
            DataError: The document as a whole can't be read.
        """

    @abstractmethod
    def compose(self, items: Sequence[Annotated], *, members: bool) -> str:
        """Return a document that the tool imports.

        Args:
            items: What is in it; it has been checked.
            members: Whether the tool knows the people by the names that they have here.
        """

    @abstractmethod
    def project(self, labels: Sequence[str], schema: Schema, *, several: bool) -> str:
        """Return what sets up a project in the tool for documents of this format."""


FIELDS = ("id", "text_pair", "timestamp", "group", "document")
"""What else an example has, under the same names in files."""


def fields_of(example: Example) -> dict[str, object]:
    """Return what an example has besides its text and target."""
    found: dict[str, object] = {name: getattr(example, name) for name in FIELDS if getattr(example, name) is not None}
    if example.words is not None:
        found["words"] = [list(word) for word in example.words]
    return found


def labels_in(target: Target) -> list[str]:
    """Return the labels that a target of labels consists of."""
    return [target] if isinstance(target, str) else [item for item in target if isinstance(item, str)]
