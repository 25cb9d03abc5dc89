"""Data sets that the `datasets` library saved (``save_to_disk``): Arrow files, read without the library."""

from __future__ import annotations

from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.ipc as ipc
from typing_extensions import override

from tunery.data.files import unchanged
from tunery.data.readers.base import Place, Reader, Reading, Row, Table
from tunery.data.readers.parquet import class_names, rows_of, unreadable
from tunery.i18n import _
from tunery.progress import bar

_FILE_MAGIC = b"ARROW1"
_STREAM_MAGIC = b"\xff\xff\xff\xff"


class Saved(Reader):
    """Arrow files, as streams (what the library writes) or as files."""

    name: ClassVar[str] = "datasets"
    suffixes: ClassVar[tuple[str, ...]] = (".arrow",)
    rank: ClassVar[int] = 40

    @override
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        return suffix in self.suffixes or start.startswith((_FILE_MAGIC, _STREAM_MAGIC))

    @override
    def read(self, place: Place, reading: Reading) -> list[Table]:
        with unchanged(place.path, place.shown):
            try:
                return [_table(place)]
            except (pa.ArrowException, OSError, ValueError) as error:
                raise unreadable(error, place) from None


def _table(place: Place) -> Table:
    rows: list[Row] = []
    with pa.memory_map(str(place.path)) as source, bar(_("Reading {file}").format(file=place.shown)) as progress:
        if source.read(len(_FILE_MAGIC)) == _FILE_MAGIC:
            opened = ipc.open_file(source)
            batches = (opened.get_batch(number) for number in range(opened.num_record_batches))
        else:
            source.seek(0)
            opened = ipc.open_stream(source)
            batches = iter(opened)
        for batch in batches:
            batch.validate(full=True)
            rows += rows_of(batch, len(rows))
            progress.advance(batch.num_rows)
        schema = opened.schema
    return Table(place.shown, list(schema.names), rows, label_names=class_names(schema))
