"""Every format is read as it was meant, and what was found out on the way is said."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import datasets
import openpyxl
import pytest

import tunery
from tunery.data.dataset import Dataset, Schema
from tunery.data.loading import load, read_examples
from tunery.data.settings import DataSettings
from tunery.errors import DataError, SettingError
from tunery.types import Example, Span

LABEL, SPANS, PAIR = Schema("label"), Schema("spans"), Schema("label", pair=True)


def read(path: Path, content: str | bytes, schema: Schema = LABEL, **settings: str) -> list[Example]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_examples(path, schema, DataSettings.model_validate(settings))


def targets(rows: list[Example]) -> list[tuple[str, object]]:
    return [(row.text, row.target) for row in rows]


def marked(row: Example) -> list[tuple[str, str]]:
    assert isinstance(row.target, tuple)
    return [(row.text[span.start : span.end], span.label) for span in row.target if isinstance(span, Span)]


def messages(data: Dataset, code: str) -> list[str]:
    return [problem.message for problem in data.notes if problem.code == code]


# -- columns of tokens -------------------------------------------------------------------------------------------------

CONLL = """-DOCSTART- -X- -X- O

# sent_id = s1
EU NNP B-NP B-ORG
rejects VBZ B-VP O
the DT B-NP O
# # B-NP O
call NN I-NP O

# O O O
一 CD B-NP B-NUM
个 NN I-NP I-NUM
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("gap", [" ", "\t", "   "])
def test_columns_with_documents_comments_and_hashes(end: str, gap: str, tmp_path: Path) -> None:
    content = (
        CONLL.replace("= ", "=_")
        .replace(" =_", "_=_")
        .replace(" ", gap)
        .replace("_=_", " = ")
        .replace("#" + gap + "sent", "# sent")
    )
    rows = read(tmp_path / "a.txt", content.replace("\n", end), SPANS)
    assert [row.text for row in rows] == ["EU rejects the # call", "#一个"]
    assert [marked(row) for row in rows] == [[("EU", "ORG")], [("一个", "NUM")]]
    assert [row.id for row in rows] == ["s1", None]
    assert [row.line for row in rows] == [4, 10]
    assert [row.document for row in rows] == ["a.txt:1", "a.txt:1"]
    assert rows[0].words == ((0, 2), (3, 10), (11, 14), (15, 16), (17, 21))


def test_where_a_file_lies_is_no_part_of_its_documents(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train.txt").write_text(CONLL, encoding="utf-8")
    first, second = (tunery.load_data(tmp_path / folder, "token-classification") for folder in ("a", "b"))
    assert first.fingerprint == second.fingerprint
    assert {row.document for split in first.values() for row in split} == {"train.txt:1"}


def test_two_columns_and_no_blank_line_at_the_end(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.tsv", "New\tB-LOC\nYork\tI-LOC\n.\tO", SPANS)
    assert marked(rows[0]) == [("New York", "LOC")]


def test_one_character_a_token_is_joined_without_spaces(tmp_path: Path) -> None:
    characters = "患者做CT检查２次，，，"
    content = "\n".join(
        f"{character} {'B-T' if character == 'C' else 'I-T' if character == 'T' else 'O'}" for character in characters
    )
    assert marked(read(tmp_path / "a.txt", content, SPANS)[0]) == [("CT", "T")]
    assert read(tmp_path / "a.txt", content, SPANS)[0].text == characters


def test_words_of_several_characters_keep_spaces_only_between_latin_ones(tmp_path: Path) -> None:
    content = "使用 O\nWindows B-OS\n10 I-OS\n系统 O\n（ O\ntest O\ncase O\n） O"
    row = read(tmp_path / "a.txt", content, SPANS)[0]
    assert row.text == "使用Windows 10系统（test case）"
    assert marked(row) == [("Windows 10", "OS")]


def test_mended_transitions_are_counted_with_their_lines(tmp_path: Path) -> None:
    for name in ("train", "dev", "test"):
        (tmp_path / f"{name}.conll").write_text("a B-X\nb I-X\n\nc I-X\nd I-Y\n\n" + "e B-Y\n\n" * 3, encoding="utf-8")
    data = load(tmp_path, SPANS)
    warnings = [problem for problem in data.notes if problem.code == "invalid-transition"]
    assert [(Path(problem.file or "").name, problem.line, problem.count) for problem in warnings] == [
        ("dev.conll", 4, 2),
        ("test.conll", 4, 2),
        ("train.conll", 4, 2),
    ]
    assert warnings[0].message == (
        "In IOB2, I-X after the start of the sentence is invalid; the span was mended. (2 in all, lines 4, 5)"
    )
    assert messages(data, "tag-scheme") == [
        "Tags follow IOB2 (B-X, B-Y, I-X, I-Y); they were read with 6 invalid transitions mended."
    ]


# -- tables ------------------------------------------------------------------------------------------------------------

WANTED = [("good, really", "x"), ('line\nbreak and "quotes"', "y"), ("", "x")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'text,label\n"good, really",x\n"line\nbreak and ""quotes""",y\n"",x\n'),
        ("a.csv", 'text;label;;\n"good, really";x;;\n"line\nbreak and ""quotes""";y;;\n"";x;;\n'),
        ("a.csv", 'label|text\nx|good, really\ny|"line\nbreak and ""quotes"""\nx|\n'),
        ("a.tsv", 'text\tlabel\ngood, really\tx\n"line\nbreak and ""quotes"""\ty\n\tx\n'),
        ("a.txt", 'text\tlabel\ngood, really\tx\n"line\nbreak and ""quotes"""\ty\n\tx\n'),
        ("a.csv.gz", gzip.compress(b'text,label\n"good, really",x\n"line\nbreak and ""quotes""",y\n"",x\n', mtime=0)),
    ],
)
def test_dialects_of_tables(name: str, content: str | bytes, tmp_path: Path) -> None:
    rows = read(tmp_path / name, content)
    assert targets(rows) == WANTED


def test_crlf_inside_and_between_cells(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", 'text,label\r\n"a\r\nb",x\r\nc,y\r\n')
    assert targets(rows) == [("a\r\nb", "x"), ("c", "y")]
    assert [row.line for row in rows] == [2, 4]


def test_quotation_marks_between_tabs_can_be_characters(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.tsv", 'text\tlabel\n"so she said\tx\n5" pipe\ty\n')
    assert targets(rows) == [('"so she said', "x"), ('5" pipe', "y")]


def test_a_table_without_header_is_told_by_its_content(tmp_path: Path) -> None:
    content = "".join(f"{'x' if number % 3 else 'y'}\tthis is text number {number}\n" for number in range(12))
    (tmp_path / "a.txt").write_text(content, encoding="utf-8")
    data = load(tmp_path / "a.txt", LABEL)
    assert sum(map(len, data.values())) == 12
    assert messages(data, "no-header") == ["The table has no header; its columns are called 1 to 2."]
    assert messages(data, "columns") == ["Columns taken: text = 2, label = 1."]


def test_a_header_of_unknown_names_is_told_by_what_follows(tmp_path: Path) -> None:
    content = "notiz,abteilung\n" + "".join(f"dies ist die Notiz {n},{'nord' if n % 2 else 'süd'}\n" for n in range(12))
    rows = read(tmp_path / "a.csv", content)
    assert len(rows) == 12
    assert rows[0].target == "süd"


def test_columns_can_be_told_by_name_or_number(tmp_path: Path) -> None:
    content = "title,body,topic,mood\na a,b b b,x,u\nc c,d d d,y,w\n"
    rows = read(tmp_path / "a.csv", content, text_column="title", label_column="4")
    assert targets(rows) == [("a a", "u"), ("c c", "w")]


def test_numbers_beside_names_are_the_same_labels(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", "text,label,label_text\nabc def,0,no\nghi jkl,1,yes\nmno pqr,0,no\n")
    assert [row.target for row in rows] == ["no", "yes", "no"]


def test_empty_columns_at_the_end_of_a_header(tmp_path: Path) -> None:
    content = "v1,v2,,\n" + "ham,see you at nine,,\nspam,you have won a prize,,\n" * 4
    assert targets(read(tmp_path / "a.csv", content))[:2] == [
        ("see you at nine", "ham"),
        ("you have won a prize", "spam"),
    ]


def test_a_separator_that_is_told(tmp_path: Path) -> None:
    assert targets(read(tmp_path / "a.csv", "text^label\na,b^x\n", delimiter="^")) == [("a,b", "x")]
    assert targets(read(tmp_path / "a.csv", "text\tlabel\na,b\tx\n", delimiter="\\t")) == [("a,b", "x")]
    with pytest.raises(SettingError, match="delimiter: it must be one character, found '::'"):
        read(tmp_path / "a.csv", "text::label\na::x\n", delimiter="::")


def test_id_time_and_group_are_taken_along(tmp_path: Path) -> None:
    row = read(tmp_path / "a.csv", "id,text,label,timestamp,group\n7,abc,x,2024-01-01,g\n")[0]
    assert (row.id, row.timestamp, row.group) == ("7", "2024-01-01", "g")


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        ("text,labels\nabc,b|a\ndef,a\nghi,b\n", {}),
        ("text,topics\nabc,b/a\ndef,a\nghi,b\n", {"label_column": "topics", "label_separator": "/"}),
        ('text,label\nabc,"[""b"", ""a""]"\ndef,"[""a""]"\nghi,"[""b""]"\n', {}),
        ("text,label\nabc,\"['b', 'a']\"\ndef,['a']\nghi,['b']\n", {}),
    ],
)
def test_several_labels_in_a_cell(content: str, settings: dict[str, str], tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", content, **settings)
    assert [row.target for row in rows] == [("a", "b"), ("a",), ("b",)]


def test_label_names_beside_the_file_stand_for_numbers(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("no\nyes\n", encoding="utf-8")
    (tmp_path / "train.csv").write_text("text,label\n" + "abc def,0\nghi jkl,1\n" * 5, encoding="utf-8")
    data = load(tmp_path, LABEL)
    assert data.labels == ("no", "yes")
    assert messages(data, "label-names") == ["Numbers in label stand for the 2 label names that came with the data."]


def test_a_column_can_say_the_split(tmp_path: Path) -> None:
    content = "text,label,split\n" + "aa,x,train\nbb,y,train\ncc,x,validation\ndd,y,test\n"
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    assert {name: len(split) for name, split in load(tmp_path / "a.csv", LABEL).items()} == {
        "train": 2,
        "dev": 1,
        "test": 1,
    }


def test_spans_in_the_cells_of_a_table(tmp_path: Path) -> None:
    content = (
        'text,entities\nAnn met Bob,"[[0, 3, ""PER""], {""start"": 8, ""end"": 11, ""label"": ""PER""}]"\nno one,\n'
    )
    assert [marked(row) for row in read(tmp_path / "a.csv", content, SPANS)] == [[("Ann", "PER"), ("Bob", "PER")], []]


def test_excel_sheets_named_for_splits(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    book.active.append(["nothing", "here"])
    for name in ("train", "dev", "test"):
        sheet = book.create_sheet(name)
        for row in (["text", "label", None], [f"{name} 😀", "x", None], [None, None, None], [3, "y", None]):
            sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    data = load(tmp_path / "a.xlsx", LABEL)
    assert targets(list(data["dev"])) == [("dev 😀", "x"), ("3", "y")]
    assert [row.line for row in data["dev"]] == [2, 4]
    assert messages(data, "sheets") == ["Sheets read: train, dev, test; left alone: Notes."]


# -- the datasets library ----------------------------------------------------------------------------------------------


def classes() -> datasets.Dataset:
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    return datasets.Dataset.from_dict({"text": ["a b", "c d", "e f"], "label": [1, 0, 1]}, features=features)


def entities() -> datasets.Dataset:
    tags = datasets.Sequence(datasets.ClassLabel(names=["O", "B-X", "I-X"]))
    features = datasets.Features({"tokens": datasets.Sequence(datasets.Value("string")), "ner_tags": tags})
    return datasets.Dataset.from_dict({"tokens": [["a", "b", "c"]], "ner_tags": [[1, 2, 0]]}, features=features)


def test_parquet_with_class_names(tmp_path: Path) -> None:
    classes().to_parquet(tmp_path / "train-00000-of-00001.parquet")
    assert targets(read_examples(tmp_path, LABEL)) == [("a b", "yes"), ("c d", "no"), ("e f", "yes")]
    entities().to_parquet(tmp_path / "train-00000-of-00001.parquet")
    assert [marked(row) for row in read_examples(tmp_path, SPANS)] == [[("a b", "X")]]


def test_a_saved_data_set(tmp_path: Path) -> None:
    datasets.DatasetDict({"train": classes(), "validation": classes(), "test": classes()}).save_to_disk(
        tmp_path / "saved"
    )
    data = load(tmp_path / "saved", LABEL)
    assert {name: len(split) for name, split in data.items()} == {"train": 3, "dev": 3, "test": 3}
    assert data.labels == ("no", "yes")
    entities().save_to_disk(tmp_path / "single")
    assert [marked(row) for row in read_examples(tmp_path / "single", SPANS)] == [[("a b", "X")]]


def test_shards_and_split_folders(tmp_path: Path) -> None:
    for number, name in enumerate(
        ("train-00000-of-00002", "train-00001-of-00002", "validation-00000-of-00001", "test-00000-of-00001")
    ):
        (tmp_path / "data").mkdir(exist_ok=True)
        classes().select(range(1 + number % 2)).to_parquet(tmp_path / "data" / f"{name}.parquet")
    (tmp_path / "README.md").write_text("# Card", encoding="utf-8")
    assert {name: len(split) for name, split in load(tmp_path, LABEL).items()} == {"train": 3, "dev": 1, "test": 2}


# -- annotation tools --------------------------------------------------------------------------------------------------


def task(text: str, *annotations: list[dict[str, object]], **more: object) -> dict[str, object]:
    return {"id": 1, "data": {"text": text}, "annotations": [{"result": result, **more} for result in annotations]}


def region(start: int, end: int, label: str, text: str) -> dict[str, object]:
    return {"type": "labels", "value": {"start": start, "end": end, "labels": [label], "text": text}}


def choice(*names: str) -> dict[str, object]:
    return {"type": "choices", "value": {"choices": list(names)}}


def test_spans_from_label_studio_count_utf_16_units(tmp_path: Path) -> None:
    tasks = [task("😀 Ann met Bob", [region(3, 6, "PER", "Ann"), region(11, 14, "PER", "Bob")]), task("nobody", [])]
    rows = read(tmp_path / "a.json", json.dumps(tasks), SPANS)
    assert [marked(row) for row in rows] == [[("Ann", "PER"), ("Bob", "PER")], []]


def test_choices_from_label_studio(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.json", json.dumps([task("a", [choice("x")]), task("b", [choice("y")])]))
    assert targets(rows) == [("a", "x"), ("b", "y")]
    rows = read(tmp_path / "a.json", json.dumps([task("a", [choice("x", "w")]), task("b", [choice("y")])]))
    assert targets(rows) == [("a", ("w", "x")), ("b", ("y",))]


def test_the_first_annotator_who_did_not_cancel_counts(tmp_path: Path) -> None:
    cancelled = task("a", [choice("z")], was_cancelled=True)
    several = task("b", [choice("x")], [choice("y")])
    (tmp_path / "a.json").write_text(json.dumps([cancelled, several, task("c", [choice("y")])]), encoding="utf-8")
    assert targets(read_examples(tmp_path / "a.json", LABEL)) == [("b", "x"), ("c", "y")]
    data = load(tmp_path / "a.json", LABEL)
    assert messages(data, "several-annotators") == ["Of several annotations of a task the first was taken."]
    assert messages(data, "not-annotated") == ["Tasks without a submitted annotation were left out."]


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "text": "😀 Ann", "label": [[2, 5, "PER"]]},
        {"id": 1, "data": "😀 Ann", "label": [[2, 5, "PER"]]},
        {"id": 1, "text": "😀 Ann", "labels": [[2, 5, "PER"]]},
        {
            "id": 1,
            "text": "😀 Ann",
            "entities": [{"id": 3, "label": "PER", "start_offset": 2, "end_offset": 5}],
            "relations": [],
        },
    ],
)
def test_spans_from_doccano(row: dict[str, object], tmp_path: Path) -> None:
    rows = read(tmp_path / "a.jsonl", json.dumps(row) + '\n{"id": 2, "text": "no one", "label": []}\n', SPANS)
    assert [marked(row) for row in rows] == [[("Ann", "PER")], []]


def test_classes_from_doccano(tmp_path: Path) -> None:
    rows = read(
        tmp_path / "a.jsonl", '{"id": 1, "text": "a", "label": ["x"]}\n{"id": 2, "text": "b", "label": ["y", "x"]}\n'
    )
    assert targets(rows) == [("a", ("x",)), ("b", ("x", "y"))]


# -- JSON --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        '[{"text": "a", "label": "x"},\n {"text": "b", "label": "y"}]',
        '[["a", "x"],\n ["b", "y"]]',
        '{"version": "1", "data": [{"text": "a", "label": "x"},\n {"text": "b", "label": "y"}]}',
        '{"train": [["a", "x"]],\n "oos_train": [["b", "y"]]}',
        '{"text": "a", "label": "x"}\n{"text": "b", "label": "y"}',
    ],
)
def test_documents_of_json(content: str, tmp_path: Path) -> None:
    rows = read(tmp_path / "a.json", content)
    assert targets(rows) == [("a", "x"), ("b", "y")]
    assert [row.line for row in rows] == [1, 2]


def test_tokens_with_their_text_keep_it(tmp_path: Path) -> None:
    content = '{"text": "It\'s  ok.", "tokens": ["It", "\'s", "ok", "."], "tags": ["O", "O", "B-X", "O"]}'
    row = read(tmp_path / "a.jsonl", content, SPANS)[0]
    assert row.text == "It's  ok."
    assert marked(row) == [("ok", "X")]
    with pytest.raises(DataError, match="The tokens don't follow each other in the text: \"It's  ok"):
        read(tmp_path / "a.jsonl", content.replace('"ok", "."', '"no", "."'), SPANS)


def test_unusual_names_are_found(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.jsonl", '{"utterance": "a b c", "intent": "x"}\n{"utterance": "d e f", "intent": "y"}\n')
    assert targets(rows) == [("a b c", "x"), ("d e f", "y")]
    rows = read(tmp_path / "b.jsonl", '{"sentence1": "a", "sentence2": "b", "label": "x"}\n', PAIR)
    assert (rows[0].text, rows[0].text_pair) == ("a", "b")
    rows = read(tmp_path / "c.csv", "评论,标签\n很好吃,好评\n太难吃了,差评\n")
    assert targets(rows) == [("很好吃", "好评"), ("太难吃了", "差评")]
