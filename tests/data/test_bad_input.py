"""What is wrong with a file is said: what, where, and what to do; all of it at once."""

from __future__ import annotations

# ruff: noqa: E501 - whole messages stand beside the input that they are about
import gzip
import pickle
import threading
from pathlib import Path

import pytest

from tunery.data.dataset import Schema
from tunery.data.files import MAX_LINE, read_bytes
from tunery.data.loading import load, read_examples
from tunery.data.settings import DataSettings
from tunery.errors import DataError, SettingError
from tunery.i18n import use_language

LABEL, SPANS = Schema("label"), Schema("spans")


def refused(path: Path, content: str | bytes, schema: Schema = LABEL, **settings: str) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        read_examples(path, schema, DataSettings.model_validate(settings))
    assert all(problem.hint for problem in caught.value.problems)
    return str(caught.value).replace(str(path), path.name)


JSONL = [
    ("", "a.jsonl: The file is empty."),
    ("\n \n", "a.jsonl: The file is empty."),
    ('{"text": "a", "label": "x"}\n{"text": "b"', "a.jsonl:2: The line is not a JSON object: a comma is missing, or what was opened is not closed at column 13."),
    ('{"text": "a", "label": "x"}\n["b"]', "a.jsonl:2: The line is not a JSON object but \"['b']\""),
    ('{"text": "a", "text": "b", "label": "x"}', "a.jsonl:1: The line is not a JSON object: key 'text' occurs twice"),
    ('{"text": "a", "label": ' + "[" * 90 + "]" * 90 + "}", "it is nested too deeply"),
    ('{"text": "a", "label": ' + "9" * 5000 + "}", "a number has too many digits"),
    ('{"text": "a", "label": "x"}\n{"text": "b", "label": " "}\n{"text": "b", "label": null}',
     "a.jsonl:2: The label is blank (found ' '). (2 in all, lines 2, 3) Label the row or take it out."),
    ('{"text": "a", "label": "x"}\n{"text": "b", "label": NaN}', "a.jsonl:2: The label is blank (found nan)."),
    ('{"text": "a", "label": "x"}\n{"text": "b", "label": "nan"}', "a.jsonl:2: The label is blank (found 'nan')."),
    ('{"text": "a", "label": "x"}\n{"text": "b", "label": {"a": 1}}', "a.jsonl:2: The label is not a name but \"{'a': 1}\"."),
    ('{"text": "a", "label": "x"}\n{"text": null, "label": "x"}', "a.jsonl:2: The row has no text (found None)."),
    ('{"text": "a", "label": "x"}\n{"text": ["b"], "label": "x"}', "a.jsonl:2: The row has no text (found \"['b']\")."),
    ('{"text": "a\\ud83d", "label": "x"}', "a.jsonl:1: At character 1 of the text stands U+D83D, which is no character."),
    ('{"text": "\\u0000", "label": "x"}', "a.jsonl:1: At character 0 of the text stands U+0000, which is no character."),
    ('{"text": "a", "label": "x", "labels": ["x"]}\n{"text": "b", "label": "x", "labels": []}', "More than one column could be the label: label, labels. Decide with --set label_column=label."),
]  # fmt: skip


@pytest.mark.parametrize(("content", "words"), JSONL)
def test_json_lines(content: str, words: str, tmp_path: Path) -> None:
    assert words in refused(tmp_path / "a.jsonl", content)


SPAN_ROWS = [
    ('[{"start": 0, "end": 9, "label": "X"}]', "The span 0-9 (X) lies outside its text of 5 characters, or is empty. Offsets count Unicode characters"),
    ('[{"start": 3, "end": 3, "label": "X"}]', "The span 3-3 (X) lies outside"),
    ('[{"start": -1, "end": 3, "label": "X"}]', "The span -1-3 (X) lies outside"),
    ('[{"start": "0", "end": 3, "label": "X"}]', "A span has no whole numbers for start and end"),
    ('[{"start": true, "end": 3, "label": "X"}]', "A span has no whole numbers for start and end"),
    ('[{"start": 0, "end": 3, "label": ""}]', "A span has no name for a label"),
    ('[{"start": 0, "end": 3, "label": "X", "text": "bcd"}]', "The span 0-3 is said to be 'bcd', but the text there is 'ab😀'."),
    ('[{"start": 0, "end": 3, "label": "X"}, {"start": 2, "end": 4, "label": "Y"}]', "The spans 'ab😀' (X) and '😀c' (Y) overlap."),
    ('[{"start": 0, "end": 4, "label": "X"}, {"start": 1, "end": 2, "label": "Y"}]', "The spans 'ab😀c' (X) and 'b' (Y) overlap."),
]  # fmt: skip


@pytest.mark.parametrize(("spans", "words"), SPAN_ROWS)
def test_spans(spans: str, words: str, tmp_path: Path) -> None:
    content = '{"text": "ab😀cd", "spans": [[0, 1, "X"]]}\n{"text": "ab😀cd", "spans": %s}'
    assert f"a.jsonl:2: {words}" in refused(tmp_path / "a.jsonl", content % spans, SPANS)


TOKENS = [
    ("EU B-ORG\nrejects\nGerman B-MISC\n", "a.conll:2: The line has 1 columns where the others have 2: 'rejects'."),
    ("EU NNP B-ORG\nrejects VBZ O\nGerman B-MISC\n", "a.conll:3: The line has 2 columns where the others have 3: 'German B-MISC'."),
    ("EU\tB-ORG\nrejects\t\nGerman\tB-MISC\n", "a.conll:2: The line has 1 columns where the others have 2"),
    ("EU B-ORG\nrejects O\n\nGerman MISC\n", "a.conll:4: The tag 'MISC' has no prefix, and others have (they follow IOB2)."),
]  # fmt: skip


@pytest.mark.parametrize(("content", "words"), TOKENS)
def test_columns_of_tokens(content: str, words: str, tmp_path: Path) -> None:
    assert words in refused(tmp_path / "a.conll", content, SPANS)


def test_tokens_and_tags_of_different_number(tmp_path: Path) -> None:
    content = '{"tokens": ["a", "b"], "tags": ["O", "O"]}\n{"tokens": ["a", "b"], "tags": ["O"]}'
    assert "a.jsonl:2: There are 2 tokens and 1 tags." in refused(tmp_path / "a.jsonl", content, SPANS)


TABLES = [
    ('text,label\n"good,x\nbad,y\n', 'a.csv:2: A quotation mark is opened and not closed, or closed in the middle of a cell. Write quotation marks inside a quoted cell twice: "say ""hello""".'),
    ('text,label\ngood,x\n"so "so" la, la",y\nfine,x\n', "a.csv:3: A quotation mark is opened and not closed"),
    ("text,label\ngood,x\nbad, very bad,y\n", "a.csv:3: The row has 3 columns where there should be 2."),
    ("text,label\ngood,x\nbad\n", "a.csv:3: The row has 1 columns where there should be 2."),
    ("text,label\n", "a.csv: There are no rows in the file."),
    ("text,label,label\na,x,y\n", "a.csv:1: The header names more than one column 'label'."),
    ("text,label,category\na b c,x,u\nd e f,y,u\ng h i,x,w\nj k l,y,w\n", "More than one column could be the label: label, category. Decide with --set label_column=label."),
    ("text,label\ngood,x\nbad,\nugly,nan\n", "a.csv:3: The label is blank (found ''). (2 in all, lines 3, 4)"),
    ("text,gpt_prediction\ngood,x\nbad,y\nugly,x\nfine,y\n", "No column holds labels; columns: text, gpt_prediction. Columns called like a model's answers are not taken: gpt_prediction."),
]  # fmt: skip


@pytest.mark.parametrize(("content", "words"), TABLES)
def test_tables(content: str, words: str, tmp_path: Path) -> None:
    assert words in refused(tmp_path / "a.csv", content)


BINARY = [
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture"),
    (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
    (pickle.dumps([{"text": "a", "label": "x"}]), "a Python pickle, which may run code when it is opened and so never is"),
    (b"SQLite format 3\0", "a database"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "kind"), BINARY)
@pytest.mark.parametrize("settings", [{}, {"encoding": "latin-1"}])
def test_files_that_are_no_text_are_called_what_they_are(
    content: bytes, kind: str, settings: dict[str, str], tmp_path: Path
) -> None:
    words = f"a.csv: The file holds no text; it is {kind}. Give a file with labelled examples, for example a table"
    assert refused(tmp_path / "a.csv", content, **settings).startswith(words)


def test_a_column_of_texts_that_is_blank_is_named(tmp_path: Path) -> None:
    words = "a.csv: The column 'text' is blank in every row; columns: text, label. Check how the file was written"
    assert refused(tmp_path / "a.csv", "text,label\n" + "  ,a\n ,b\n" * 20).startswith(words)


def test_a_truth_value_among_names_is_taken_with_a_warning(tmp_path: Path) -> None:
    rows = ['{"text": "a", "label": "x"}', '{"text": "b", "label": true}', '{"text": "c", "label": "y"}']
    (tmp_path / "a.jsonl").write_text("\n".join(rows), encoding="utf-8")
    data = load(tmp_path / "a.jsonl", LABEL)
    assert data.labels == ("true", "x", "y")
    warning = next(problem for problem in data.notes if problem.code == "label-is-a-truth-value")
    assert str(warning).endswith(
        "a.jsonl:2: The label is the truth value true, where others are names; it is taken as the name of a class."
        " Write the name of the class, in quotation marks."
    )


def test_truth_values_alone_are_classes(tmp_path: Path) -> None:
    rows = '{"text": "a", "label": true}\n{"text": "b", "label": false}\n'
    (tmp_path / "a.jsonl").write_text(rows * 3, encoding="utf-8")
    data = load(tmp_path / "a.jsonl", LABEL)
    assert data.labels == ("false", "true")
    assert "label-is-a-truth-value" not in {problem.code for problem in data.notes}


def test_a_reason_in_another_language_is_translated_where_it_is_a_usual_one(tmp_path: Path) -> None:
    (tmp_path / "train.csv").mkdir()
    with use_language("zh"), pytest.raises(DataError, match=r"无法读取文件：它是一个文件夹。请确认"):
        read_bytes(tmp_path / "train.csv", "train.csv", lines=True)


def test_measurements_are_no_classes(tmp_path: Path) -> None:
    rows = "".join(f"title {number},{number * 1.37:.2f}\n" for number in range(60))
    words = "The labels are 60 different numbers, for example 0.00, 1.37, 10.96; they measure, and are no classes."
    assert words in refused(tmp_path / "a.csv", "text,label\n" + rows)


def test_a_different_label_in_nearly_every_row(tmp_path: Path) -> None:
    rows = "".join(f"what is number {number}?,it is {number}\n" for number in range(30))
    words = "The 30 rows have 30 different labels, for example it is 0, it is 1, it is 10; they are no classes. Name another"
    assert words in refused(tmp_path / "a.csv", "question,answer\n" + rows)


def test_numbers_as_classes_are_taken_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "good,1\nbad,0\n" * 10, encoding="utf-8")
    data = load(tmp_path / "a.csv", LABEL)
    assert data.labels == ("0", "1")
    warning = next(problem for problem in data.notes if problem.code == "label-is-a-number")
    assert (
        str(warning)
        .split("a.csv")[1]
        .startswith(
            ":2: The label is a number (1); it is taken as the name of a class. (20 in all, lines 2, 3, 4, 5, 6, ...)"
        )
    )


def test_all_faults_of_all_files_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"text": "a", "label": "x"}\n{"text": "b"\n', encoding="utf-8")
    (tmp_path / "dev.jsonl").write_text("", encoding="utf-8")
    (tmp_path / "test.jsonl").write_bytes(b"\xff\xfeabc")
    with pytest.raises(DataError) as caught:
        load(tmp_path, LABEL)
    assert {(Path(problem.file or "").name, problem.code) for problem in caught.value.problems} == {
        ("train.jsonl", "json-invalid"),
        ("dev.jsonl", "empty-file"),
        ("test.jsonl", "encoding"),
    }


def test_all_faulty_rows_are_reported_together(tmp_path: Path) -> None:
    rows = ['{"text": "a", "label": ""}', '{"text": 5.5, "label": {}}', '{"text": [], "label": "x"}'] * 30
    (tmp_path / "a.jsonl").write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "a.jsonl", LABEL)
    assert {(problem.code, problem.line, problem.count) for problem in caught.value.problems} == {
        ("label-blank", 1, 30),
        ("label-form", 2, 30),
        ("text-missing", 3, 30),
    }


def test_a_line_of_two_gigabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as stream:
        stream.write(b'{"text": "a", "label": "x"}\n')
        stream.truncate(2 * 1024**3 + 50)
    with pytest.raises(DataError, match=rf"a\.jsonl:2: The line is longer than {MAX_LINE} bytes\. Check that rows end"):
        read_examples(path, LABEL)


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunery.data.files._FREE", 2**20)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress((b" " * 1000 + b"\n") * 20_000))
    with pytest.raises(DataError, match=r"The file has more than \d+ bytes \(unpacked\)"):
        read_examples(tmp_path / "a.jsonl.gz", LABEL)


def test_a_gzip_archive_that_was_cut_off(tmp_path: Path) -> None:
    content = gzip.compress(b'{"text": "a", "label": "x"}\n' * 500)
    words = refused(tmp_path / "a.jsonl.gz", content[:60])
    assert words.startswith("a.jsonl.gz: The gzip archive is broken: ")
    assert words.endswith("Copy or download it again; it may have been cut off.")


def test_a_file_that_is_written_to_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "a", "label": "x"}\n' * 1_000_000)
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            with path.open("ab") as stream:
                stream.write(b'{"text": "b", "label": "x"}\n')
            done.wait(0.0005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(
            DataError, match=r"a\.jsonl: The file changed while it was read \(from \d+ to \d+ bytes\)\. Wait"
        ):
            read_examples(path, LABEL)
    finally:
        done.set()
        writer.join()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xlsx", b"PK\x03\x04 not really", "a.xlsx: The file is not a readable Excel workbook: File is not a zip file."),
        ("a.xls", b"\xd0\xcf\x11\xe0" * 9, "a.xls: The file is not a readable Excel workbook"),
        ("a.parquet", b"PAR1 not really", "a.parquet: The file is not a readable Parquet or Arrow file"),
        ("a.arrow", b"not really", "a.arrow: The file is not a readable Parquet or Arrow file"),
        ("a.json", b'{"version": 1}', "No column holds texts; columns: version."),
        ("a.json", b"[1, 2]", "a.json:1: The row is neither an object nor a pair of text and label: '1'. (so in 2 places)"),
        ("a.json", b'[\n{"text": "a", "label": "x"},\n]', "a.json:3: The file is not valid JSON: a value is missing at column 1."),
        ("a.json", b'[{"data": {"text": "a"}, "annotations": []}]', "a.json: None of the 1 tasks is annotated."),
    ],
)  # fmt: skip
def test_other_formats(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    assert words in refused(tmp_path / name, content)


def test_a_json_document_too_large_for_memory_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunery.data.files.MAX_DOCUMENT", 2**20)
    assert "a.json: The file has more than 1048576 bytes" in refused(tmp_path / "a.json", b"[" + b" " * 2**21)


def test_spans_are_no_labels_of_texts(tmp_path: Path) -> None:
    row = '{"text": "Peter", "%s": [%s]}\n'
    words = "The data holds texts with spans, not texts with labels"
    for column, span in (("spans", '{"start": 0, "end": 5, "label": "PER"}'), ("label", '[0, 5, "PER"]')):
        message = refused(tmp_path / "a.jsonl", row % (column, span))
        assert words in message
        assert "Use --task token-classification" in message


def test_a_label_beside_spans_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Peter", "spans": [{"start": 0, "end": 5, "label": "PER"}], "label": "x"}\n')
    assert [example.target for example in read_examples(path, LABEL)] == ["x"]


def test_a_faulty_label_is_not_warned_of_as_well(tmp_path: Path) -> None:
    message = refused(tmp_path / "a.jsonl", '{"text": "a", "label": "x"}\n{"text": "b", "label": NaN}')
    assert "is a number" not in message


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"The folder is empty\. Name files for their split"):
        load(tmp_path, LABEL)


def test_places_without_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none: There is no such file or folder\. Check the path; other places are"):
        load(tmp_path / "none", LABEL)
    (tmp_path / "README.md").write_text("# Data", encoding="utf-8")
    (tmp_path / "labels.txt").write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"There is no data in the folder; found: README\.md, labels\.txt\. Name files"):
        load(tmp_path, LABEL)
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("text,label\na,x\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"can't be told which of one\.csv, two\.csv is for what\. Name files for their"
    ):
        load(tmp_path, LABEL)


def test_settings_that_name_what_is_not_there(tmp_path: Path) -> None:
    content = "text,label\na,x\nb,y\n"
    words = refused(tmp_path / "a.csv", content, text_column="txt")
    assert "There is no column 'txt'; columns: text, label. Correct --set text_column=..." in words
    with pytest.raises(
        SettingError, match=r"there is no format word\. There are: conll, csv, datasets, doccano, excel"
    ):
        read_examples(tmp_path / "a.csv", LABEL, DataSettings(format="word"))
