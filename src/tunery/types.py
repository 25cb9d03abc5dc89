"""The plain types that everyone shares: what is labelled, what is answered, and who answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, cast, runtime_checkable

Offsets: TypeAlias = tuple[int, int]
"""Where a stretch of text starts and ends, in characters (Unicode code points), end exclusive."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A labelled stretch of a text: ``text[start:end]`` is of kind ``label``.

    ``score`` is the probability that the whole span, boundaries and label, is right; None in labelled data.
    """

    start: int
    end: int
    label: str
    score: float | None = field(default=None, compare=False)


Target: TypeAlias = str | tuple[str, ...] | tuple[Span, ...]
"""What is predicted: one label, a set of labels (sorted), or spans (by position)."""


@dataclass(frozen=True, slots=True)
class Example:
    """One text and, where somebody has labelled it, what is right for it.

    Attributes:
        text: What the model reads, exactly as the file holds it.
        target: The right answer; None when it is not known.
        text_pair: The second text, for tasks on pairs.
        words: The words of `text` as its annotators split it, as offsets; None for text that came unsplit.
        id: The caller's own name for the row.
        timestamp: When it was written, ISO 8601.
        group: Rows of one group are never divided between splits.
        document: Neighbouring rows of one document are sentences that follow each other in it.
        line: Where it starts in its file, counted from 1.
    """

    text: str
    target: Target | None = None
    text_pair: str | None = None
    words: tuple[Offsets, ...] | None = None
    id: str | None = None
    timestamp: str | None = None
    group: str | None = None
    document: str | None = None
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Prediction:
    """A predictor's answer for one input.

    Attributes:
        target: The answer, in the form of `Example.target`.
        score: The probability of the answer as a whole, where the predictor gives one.
        scores: For classes, each label's probability, the highest first.
        windows: How many overlapping windows the text was read in; 1 unless it exceeds the model's limit.
    """

    target: Target
    score: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    windows: int = 1

    @property
    def label(self) -> str:
        """The class, where there is one."""
        if not isinstance(self.target, str):
            raise TypeError("this prediction has no single label; see .labels or .spans")
        return self.target

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes; of a single class, that one."""
        if isinstance(self.target, str):
            return (self.target,)
        if any(isinstance(item, Span) for item in self.target):
            raise TypeError("this prediction has spans, not labels; see .spans")
        return cast(tuple[str, ...], self.target)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The entities, by position."""
        if isinstance(self.target, str) or not all(isinstance(item, Span) for item in self.target):
            raise TypeError("this prediction has labels, not spans; see .label or .labels")
        return cast(tuple[Span, ...], self.target)


Input: TypeAlias = str | Example
"""What a predictor takes: a text, or an example whose `words` it may use and whose `target` it must not."""


@runtime_checkable
class Predictor(Protocol):
    """Anything that answers: a tuned model, a hosted model, recorded answers."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it can answer with, in a fixed order."""
        ...

    def predict(self, inputs: Sequence[Input]) -> list[Prediction]:
        """Return one prediction for each input, in the same order."""
        ...
