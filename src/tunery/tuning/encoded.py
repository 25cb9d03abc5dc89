"""Tokenised examples on disk: Arrow, memory-mapped, so that many of them take hardly any memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tunery import progress
from tunery.i18n import _
from tunery.tasks.base import Encoding
from tunery.tasks.portions import encode_in_portions

if TYPE_CHECKING:
    from tunery.models.model import Answerer
    from tunery.types import Example

_PORTION = 1000
"""Examples tokenised at a time."""
_BATCH = 10_000
"""Windows in a record batch of the file."""
_COLUMNS = ("input_ids", "positions", "words", "labels")


class Encodings(Sequence[Encoding]):
    """The windows of a split, read from the file that `encode` wrote whenever one is asked for.

    Attributes:
        lengths: The length of each window in tokens.
        rows: Which example each window belongs to; of several in one window, the first.
        weights: Each window's share in its example, or how many examples it holds.
        hidden: What the lowest layers of the network gave for the tokens of all windows, one after another (tokens x
            width), where that has been kept.
    """

    def __init__(self, path: Path) -> None:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        batches = table.to_batches()
        self._columns = [[_flat(batch.column(name)) for name in _COLUMNS] for batch in batches]
        self._ends = np.cumsum([len(batch) for batch in batches])
        nothing = np.zeros(0, np.int64)
        self.lengths: NDArray[np.int64] = np.concatenate(
            [nothing, *(np.diff(columns[0][0]) for columns in self._columns)]
        )
        self.rows: NDArray[np.int64] = np.concatenate([nothing, *(batch.column("row").to_numpy() for batch in batches)])
        self.weights: NDArray[np.float64] = np.concatenate(
            [nothing, *(batch.column("weight").to_numpy() for batch in batches)]
        )
        self._offsets = np.concatenate([[0], np.cumsum(self.lengths)])
        self.hidden: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    @overload
    def __getitem__(self, index: int) -> Encoding: ...

    @overload
    def __getitem__(self, index: slice) -> list[Encoding]: ...

    def __getitem__(self, index: int | slice) -> Encoding | list[Encoding]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        batch = int(np.searchsorted(self._ends, index, side="right"))
        inside = index - (int(self._ends[batch - 1]) if batch else 0)
        ids, positions, words, labels = (
            values[offsets[inside] : offsets[inside + 1]] for offsets, values in self._columns[batch]
        )
        hidden = None if self.hidden is None else self.hidden[self._offsets[index] : self._offsets[index + 1]]
        weight = float(self.weights[index])
        return Encoding(int(self.rows[index]), ids, positions, words, labels, weight, hidden)

    def __iter__(self) -> Iterator[Encoding]:
        return (self[number] for number in range(len(self)))


def encode(answerer: Answerer, examples: Sequence[Example], path: Path, *, labelled: bool) -> Encodings:
    """Tokenise examples into a file, and return what is in it.

    Args:
        answerer: Gives task, tokenizer and labels.
        examples: The examples of a split.
        path: The Arrow file; it appears when it is whole.
        labelled: For learning: leave out windows from which nothing can be learned.
    """
    part = path.with_suffix(".part")
    schema = None
    with pa.OSFile(str(part), "wb") as sink:
        writer = None
        for windows in _batched(_windows(answerer, examples, labelled=labelled), _BATCH):
            schema = schema or _schema(windows[0])
            writer = writer or pa.ipc.new_file(sink, schema)
            writer.write_batch(_record_batch(windows, schema))
        if writer is None:
            writer = pa.ipc.new_file(sink, _schema(Encoding(0, np.zeros(0, np.int32))))
        writer.close()
    part.replace(path)
    return Encodings(path)


def _windows(answerer: Answerer, examples: Sequence[Example], *, labelled: bool) -> Iterator[Encoding]:
    portions = (
        _to_learn(answerer, examples)
        if labelled
        else encode_in_portions(answerer.task, examples, answerer.encoder, answerer.labels, _PORTION)
    )
    with progress.bar(_("Tokenising"), len(examples)) as bar:
        start = 0
        for portion, windows in portions:
            for window in windows:
                window.row += start
                yield window
            start += len(portion)
            bar.advance(len(portion))


def _to_learn(answerer: Answerer, examples: Sequence[Example]) -> Iterator[tuple[Sequence[Example], list[Encoding]]]:
    """Yield the examples in portions, with the windows that something can be learned from."""
    for start in range(0, len(examples), _PORTION):
        portion = examples[start : start + _PORTION]
        windows = answerer.task.encode_to_learn(portion, answerer.encoder, answerer.labels)
        yield portion, [window for window in windows if window.labels.size]


def _batched(windows: Iterable[Encoding], size: int) -> Iterator[list[Encoding]]:
    batch: list[Encoding] = []
    for window in windows:
        batch.append(window)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _schema(window: Encoding) -> pa.Schema:
    values = pa.float32() if window.labels.dtype == np.float32 else pa.int32()
    lists = {name: pa.list_(values if name == "labels" else pa.int32()) for name in _COLUMNS}
    return pa.schema([("row", pa.int64()), *lists.items(), ("weight", pa.float32())])


def _record_batch(windows: Sequence[Encoding], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array([window.row for window in windows], pa.int64())]
    for name in _COLUMNS:
        values = [getattr(window, name) for window in windows]
        offsets = np.concatenate([[0], np.cumsum([len(value) for value in values])]).astype(np.int32)
        flat = pa.array(np.concatenate(values), schema.field(name).type.value_type)
        columns.append(pa.ListArray.from_arrays(pa.array(offsets), flat))
    columns.append(pa.array([window.weight for window in windows], pa.float32()))
    return pa.record_batch(columns, schema=schema)


def _flat(column: pa.ListArray) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return a list column's offsets and values as views of the file; several labels at once are float32."""
    return column.offsets.to_numpy(), column.values.to_numpy()
