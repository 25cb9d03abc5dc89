"""Parquet files, with the names of classes where the `datasets` library stored them in the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from typing_extensions import override

from tunery.data.files import MAX_FILE, failure, unchanged
from tunery.data.readers.base import Place, Reader, Reading, Row, Table
from tunery.data.strict_json import JsonError, parse_whole
from tunery.errors import DataError
from tunery.i18n import _
from tunery.progress import bar


class Parquet(Reader):
    """Parquet files."""

    name: ClassVar[str] = "parquet"
    suffixes: ClassVar[tuple[str, ...]] = (".parquet",)
    rank: ClassVar[int] = 40

    @override
    def recognises(self, suffix: str, start: bytes, target: Literal["label", "spans"]) -> bool:
        return suffix in self.suffixes or start.startswith(b"PAR1")

    @override
    def read(self, place: Place, reading: Reading) -> list[Table]:
        with unchanged(place.path, place.shown):
            try:
                return [_table(place)]
            except (pa.ArrowException, OSError, ValueError) as error:
                raise unreadable(error, place) from None


def unreadable(error: Exception, place: Place) -> DataError:
    """Return the error for a file that Arrow can't read."""
    return failure(
        "parquet-unreadable",
        _("The file is not a readable Parquet or Arrow file: {reason}.").format(reason=_reason(error)),
        _("Export or download it again; it may have been cut off."),
        place.shown,
    )


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0][:160].rstrip(". ") or type(error).__name__


def _table(place: Place) -> Table:
    with pq.ParquetFile(place.path) as file:
        size = sum(file.metadata.row_group(number).total_byte_size for number in range(file.metadata.num_row_groups))
        if size > MAX_FILE:
            raise failure(
                "file-too-large",
                _("The file has more than {limit} bytes (unpacked).").format(limit=MAX_FILE),
                _("Divide it into several files."),
                place.shown,
            )
        rows: list[Row] = []
        with bar(_("Reading {file}").format(file=place.shown), file.metadata.num_rows) as progress:
            for batch in file.iter_batches():
                rows += rows_of(batch, len(rows))
                progress.advance(batch.num_rows)
        schema = file.schema_arrow
    return Table(place.shown, list(schema.names), rows, label_names=class_names(schema))


def rows_of(batch: Any, before: int) -> list[Row]:
    """Return the rows of an Arrow record batch; they are counted from 1, after ``before`` others."""
    return [Row(before + number, values) for number, values in enumerate(batch.to_pylist(), 1)]


def class_names(schema: Any) -> dict[str, Sequence[str]]:
    """Return the names of classes by column, as the `datasets` library writes them into an Arrow schema."""
    stored = (schema.metadata or {}).get(b"huggingface")
    if stored is None:
        return {}
    try:
        content = parse_whole(stored.decode("utf-8"))
    except (JsonError, UnicodeDecodeError):
        return {}
    info = content.get("info") if isinstance(content, Mapping) else None
    features = info.get("features") if isinstance(info, Mapping) else None
    if not isinstance(features, Mapping):
        return {}
    named = {str(column): _names(feature) for column, feature in features.items()}
    return {column: names for column, names in named.items() if names}


def _names(feature: object) -> list[str]:
    # A class, or a list of classes, which its versions write as {"feature": ...} or as a list of one.
    if isinstance(feature, list) and len(feature) == 1:
        return _names(feature[0])
    if not isinstance(feature, Mapping):
        return []
    if "feature" in feature:
        return _names(feature["feature"])
    names = feature.get("names")
    return [str(name) for name in names] if isinstance(names, list) else []
