"""Whatever bytes a file holds, reading it gives examples or a `DataError`, and nothing else."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tunery.data.dataset import Schema
from tunery.data.loading import read_examples
from tunery.data.settings import DataSettings
from tunery.errors import DataError

FORMATS = ("conll", "jsonl", "json", "csv", "tsv", "excel", "parquet", "label-studio", "doccano", "datasets")
SCHEMAS = (Schema("label"), Schema("spans"), Schema("label", pair=True))
FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
PIECES = st.sampled_from(
    [b"{", b"}", b"[", b"]", b'"', b",", b":", b"\n", b"\r\n", b"\t", b";", b" O", b" B-X", b"# text = ", b"-DOCSTART-",
     b"text", b"label", b'"text": "a"', b'"label": ', b'"spans": [[0, 1, "X"]]', b'"tokens": ["a"]', b'"tags": ["O"]',
     b'"data": {"text": "a"}', b'"annotations": [{"result": []}]', b"NaN", b"null", b"1e999", b"\\ud800", b"\\u0000",
     b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\xc4\xe3\xba\xc3", "é".encode("latin-1"), "病".encode(), b"9" * 5000]
)  # fmt: skip
BYTES = st.one_of(st.binary(max_size=80), st.lists(st.one_of(PIECES, st.binary(max_size=3)), max_size=30).map(b"".join))


def read_or_refuse(path: Path, schema: Schema, kind: str | None = None) -> None:
    with suppress(DataError):
        read_examples(path, schema, DataSettings(format=kind))


@FEW
@given(content=BYTES, kind=st.sampled_from(FORMATS), schema=st.sampled_from(SCHEMAS), packed=st.booleans())
@example(content=b"[" * 100_000, kind="json", schema=SCHEMAS[0], packed=False)
@example(content=b'{"a":' * 100_000, kind="jsonl", schema=SCHEMAS[0], packed=False)
@example(content=b"PAR1" + b"\0" * 40 + b"PAR1", kind="parquet", schema=SCHEMAS[0], packed=False)
def test_no_bytes_crash_a_reader(content: bytes, kind: str, schema: Schema, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(gzip.compress(content) if packed else content)
    read_or_refuse(path, schema, kind)


@FEW
@given(
    content=BYTES,
    suffix=st.sampled_from(
        [".txt", ".jsonl", ".json", ".csv", ".tsv", ".conll", ".xlsx", ".parquet", ".arrow", ".x", ".gz"]
    ),
    schema=st.sampled_from(SCHEMAS),
)
def test_no_bytes_crash_the_recognition_of_formats(content: bytes, suffix: str, schema: Schema, tmp_path: Path) -> None:
    path = tmp_path / f"data{suffix}"
    path.write_bytes(content)
    read_or_refuse(path, schema)


@cache
def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in (["text", "label"], ["a", "x"], ["b", "y"]):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


TABLE = pa.table({"text": ["a", "b"], "label": ["x", "y"]})


@cache
def parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(TABLE, stream)
    return stream.getvalue()


@cache
def arrow() -> bytes:
    stream = io.BytesIO()
    with ipc.new_stream(stream, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return stream.getvalue()


@pytest.mark.parametrize(("make", "suffix"), [(workbook, ".xlsx"), (parquet, ".parquet"), (arrow, ".arrow")])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_binary_files_are_refused(
    make: Callable[[], bytes], suffix: str, data: st.DataObject, tmp_path: Path
) -> None:
    content = bytearray(make())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    path = tmp_path / f"data{suffix}"
    path.write_bytes(content)
    read_or_refuse(path, Schema("label"))


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 9),
        st.floats(),
        st.sampled_from(["", "a", "B-X", "O", "nan", "\ud83d"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["start", "end", "label", "text", "result", "value", "labels"]), inner, max_size=4
        ),
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["text", "label", "labels", "spans", "tokens", "tags", "words", "entities", "id", "timestamp", "group", "data",
     "annotations", "text_a", "text_b", "train", "test"]
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.dictionaries(KEYS, VALUES, max_size=5), min_size=1, max_size=3),
    kind=st.sampled_from(["jsonl", "json", "doccano", "label-studio"]),
    schema=st.sampled_from(SCHEMAS),
)
def test_no_values_crash_the_readers_of_json(
    rows: list[dict[str, object]], kind: str, schema: Schema, tmp_path: Path
) -> None:
    path = tmp_path / "data"
    document = json.dumps(rows) if kind in ("json", "label-studio") else "\n".join(map(json.dumps, rows))
    path.write_text(document, encoding="utf-8")
    read_or_refuse(path, schema, kind)
