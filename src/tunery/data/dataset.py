"""A data set: examples of one task in splits, and what was decided while reading them."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, overload

from tunery.errors import Problem
from tunery.i18n import _
from tunery.types import Example, Span

SplitName = Literal["train", "dev", "test"]
_SHOWN = 20
"""Labels shown by name in a notebook."""

UNLABELLED = "unlabelled"
"""Code of the note that texts were read without labels."""
SPLITS: tuple[SplitName, ...] = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Schema:
    """What a task needs from a row.

    Attributes:
        target: ``label`` for one or more classes of a whole text, ``spans`` for labelled stretches of it.
        pair: Whether a row holds two texts.
    """

    target: Literal["label", "spans"]
    pair: bool = False


class Split(Sequence[Example]):
    """The examples of one split, in the order of their file."""

    def __init__(self, name: str, examples: Sequence[Example], file: str | None = None) -> None:
        self.name = name
        self.file = file
        self._examples = tuple(examples)

    @overload
    def __getitem__(self, index: int) -> Example: ...

    @overload
    def __getitem__(self, index: slice) -> Split: ...

    def __getitem__(self, index: int | slice) -> Example | Split:
        if isinstance(index, slice):
            return Split(self.name, self._examples[index], self.file)
        return self._examples[index]

    def __len__(self) -> int:
        return len(self._examples)

    def __iter__(self) -> Iterator[Example]:
        return iter(self._examples)

    def __repr__(self) -> str:
        return f"Split({self.name!r}, {len(self)} examples)"


class Dataset(Mapping[str, Split]):
    """Splits by name, and how they came about.

    Args:
        splits: ``train``, ``dev`` and ``test``, as far as they exist.
        schema: What a row holds.
        source: Where the data came from, as a source URI with its revision pinned.
        notes: What was found and decided while reading: encoding, columns, tag scheme, splits that were made.
    """

    def __init__(
        self, splits: Mapping[str, Split], schema: Schema, source: str = "", notes: Sequence[Problem] = ()
    ) -> None:
        self._splits: dict[str, Split] = {name: splits[name] for name in SPLITS if name in splits}
        self.schema = schema
        self.source = source
        self.notes = tuple(notes)

    @property
    def unlabelled(self) -> bool:
        """Whether its texts were read without labels, to be labelled."""
        return any(note.code == UNLABELLED for note in self.notes)

    def __getitem__(self, name: str) -> Split:
        return self._splits[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._splits)

    def __len__(self) -> int:
        return len(self._splits)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Every label of the train split, sorted."""
        return labels_of(self._splits.get("train", ()))

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of every example in every split: equal for equal content, wherever it was read from."""
        digest = hashlib.sha256()
        for name, split in self._splits.items():
            for example in split:
                row = (
                    name,
                    example.text,
                    example.text_pair,
                    example.target,
                    example.words,
                    example.group,
                    example.document,
                )
                digest.update(json.dumps(row, ensure_ascii=False, default=_plain).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(split)}" for name, split in self._splits.items())
        return f"Dataset({sizes}; {len(self.labels)} labels)"

    def _repr_html_(self) -> str:
        rows = {
            _("Source"): self.source,
            **{name: _("{n} rows").format(n=len(split)) for name, split in self._splits.items()},
            _("Labels"): f"{len(self.labels)}: {', '.join(self.labels[:_SHOWN])}{' ...' * (len(self.labels) > _SHOWN)}",
        }
        cells = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in rows.items())
        return f"<table>{cells}</table>"


def labels_of(examples: Sequence[Example]) -> tuple[str, ...]:
    """Return the labels that occur in ``examples``, sorted."""
    found: set[str] = set()
    for example in examples:
        if isinstance(example.target, str):
            found.add(example.target)
        else:
            found.update(item.label if isinstance(item, Span) else item for item in example.target or ())
    return tuple(sorted(found))


def _plain(value: object) -> object:
    if isinstance(value, Span):
        return [value.start, value.end, value.label]
    raise TypeError(f"{type(value).__name__} has no place in an example")
