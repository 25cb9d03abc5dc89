"""What people answered goes to annotation tools and comes back character by character."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tunery
from tunery.data.annotation_formats import Annotated, Answer, names, project, read, write
from tunery.data.dataset import Schema
from tunery.data.loading import read_examples
from tunery.errors import DataError, SettingError
from tunery.types import Example, Span, Target

LABEL, SPANS = Schema("label"), Schema("spans")
LABELS = ("neg", "pos", "积极")
EMOJI = "😀 Ann met 🧑‍🚒 Bob"
FORMATS = ("doccano", "doccano-relations", "label-studio")


def item(text: str, target: Target | None = None, *answers: Answer, predictions: tuple[Answer, ...] = ()) -> Annotated:
    return Annotated(Example(text, target), answers, predictions)


def test_the_formats_have_names() -> None:
    assert names() == FORMATS
    with pytest.raises(SettingError, match=r"there is no format word\. There are: doccano, doccano-relations, label"):
        write([], "word", LABEL, LABELS)


# -- there and back ----------------------------------------------------------------------------------------------------

TEXTS = st.text(
    st.sampled_from("a \n\"'<😀病\u2028\u200d\u0301")
    | st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
    min_size=1, max_size=15,
)  # fmt: skip
TIMES = st.one_of(st.none(), st.just("2026-03-01T10:00:00Z"))
SECONDS = st.one_of(st.none(), st.floats(0, 1e6))
PEOPLE = st.sampled_from(["ann", "李雷", "bob@example.org", "7", "a b c", ""])


@st.composite
def spans(draw: st.DrawFn, text: str) -> tuple[Span, ...]:
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    return tuple(Span(a, b, draw(st.sampled_from(LABELS))) for a, b in zip(cuts[::2], cuts[1::2], strict=False))


def targets(kind: str, text: str) -> st.SearchStrategy[Target]:
    if kind == "one":
        return st.sampled_from(LABELS)
    if kind == "several":
        return st.sets(st.sampled_from(LABELS)).map(lambda chosen: tuple(sorted(chosen)))
    return spans(text)


@st.composite
def items(draw: st.DrawFn, kind: str, models: bool = True) -> Annotated:
    text = draw(TEXTS)
    one = targets(kind, text)
    answers = st.builds(Answer, PEOPLE, one, TIMES, SECONDS)
    predictions = st.builds(
        Answer, st.sampled_from(["", "v1"]), one, TIMES, st.none(), st.one_of(st.none(), st.floats(0, 1))
    )
    example = Example(
        text,
        draw(st.none() | one),
        text_pair=draw(st.none() | TEXTS),
        id=draw(st.none() | st.sampled_from(["x1", "17", "编号"])),
        timestamp=draw(TIMES),
        group=draw(st.none() | st.just("g")),
        document=draw(st.none() | st.just("d")),
        words=draw(st.none() | st.just(((0, 1),))),
    )
    proposed = draw(st.lists(predictions, max_size=2)) if models else []
    return Annotated(example, tuple(draw(st.lists(answers, max_size=3))), tuple(proposed))


@pytest.mark.parametrize("tool", FORMATS)
@pytest.mark.parametrize("kind", ["one", "several", "spans"])
@settings(max_examples=80)
@given(data=st.data())
def test_everything_comes_back(tool: str, kind: str, data: st.DataObject) -> None:
    given_items = data.draw(st.lists(items(kind, models=tool == "label-studio"), min_size=1, max_size=3))
    schema = SPANS if kind == "spans" else LABEL
    content = write(given_items, tool, schema, LABELS)
    assert read(content, schema, several=kind == "several") == given_items


@pytest.mark.parametrize("tool", FORMATS)
def test_whether_a_text_has_several_labels_follows_from_the_answers(tool: str) -> None:
    single = [item("a", None, Answer("ann", "pos")), item("b", None, Answer("bob", "neg"))]
    assert read(write(single, tool, LABEL, LABELS), LABEL) == single
    several = [item("a", None, Answer("ann", ("pos",))), item("b", None, Answer("bob", ("neg", "pos")))]
    assert read(write(several, tool, LABEL, LABELS), LABEL) == several


# -- Label Studio ------------------------------------------------------------------------------------------------------


def exported(*annotations: dict[str, Any], text: str = EMOJI, **more: Any) -> bytes:
    return json.dumps([{"id": 5, "data": {"text": text}, "annotations": list(annotations), **more}]).encode()


def region(start: int, end: int, label: str, text: str | None) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": [label]} | ({} if text is None else {"text": text})
    return {"from_name": "label", "to_name": "text", "type": "labels", "value": value}


def choices(*chosen: str) -> dict[str, Any]:
    return {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": list(chosen)}}


def test_an_export_of_label_studio_gives_every_answer() -> None:
    first = {
        "completed_by": 1, "created_username": "Ann Lee ann@example.org, 1", "result": [choices("pos")],
        "created_at": "2026-03-01T10:00:00Z", "lead_time": 4.288, "was_cancelled": False, "ground_truth": False,
    }  # fmt: skip
    second = {"completed_by": {"id": 2, "email": "bob@example.org"}, "result": [choices("neg")], "ground_truth": True}
    skipped = {"completed_by": 3, "result": [], "was_cancelled": True}
    third = {"completed_by": 4, "result": [choices("pos")]}
    content = exported(
        first, second, skipped, third, predictions=[{"model_version": "v1", "score": 0.5, "result": [choices("neg")]}]
    )
    assert read(content, LABEL) == [
        Annotated(
            Example(EMOJI, "neg", id="5"),
            (
                Answer("ann@example.org", "pos", "2026-03-01T10:00:00Z", 4.288),
                Answer("bob@example.org", "neg"),
                Answer("4", "pos"),
            ),
            (Answer("v1", "neg", score=0.5),),
        )
    ]


@pytest.mark.parametrize(
    "regions",
    [
        [region(2, 5, "PER", "Ann"), region(14, 17, "PER", "Bob")],  # characters, as it counts now
        [region(3, 6, "PER", "Ann"), region(17, 20, "PER", "Bob")],  # UTF-16 units, as it counted once
        [region(2, 5, "PER", None), region(14, 17, "PER", None)],
    ],
)
def test_spans_of_label_studio_are_where_the_words_are(regions: list[dict[str, Any]]) -> None:
    [found] = read(exported({"completed_by": 1, "result": regions}), SPANS)
    assert found.answers == (Answer("1", (Span(2, 5, "PER"), Span(14, 17, "PER"))),)
    assert [EMOJI[span.start : span.end] for span in (Span(2, 5, "PER"), Span(14, 17, "PER"))] == ["Ann", "Bob"]


def test_label_studio_gets_offsets_in_characters_with_the_words_beside_them() -> None:
    content = write([item(EMOJI, None, Answer("ann", (Span(14, 17, "PER"),)))], "label-studio", SPANS, ["PER"])
    [task] = json.loads(content)
    [result] = task["annotations"][0]["result"]
    assert result["value"] == {"start": 14, "end": 17, "text": "Bob", "labels": ["PER"]}
    assert (result["from_name"], result["to_name"], result["type"]) == ("label", "text", "labels")


def test_label_studio_is_told_of_people_only_what_it_takes() -> None:
    people = [item("a", "pos", *(Answer(name, "neg") for name in ("ann", "bob@example.org", "7")))]
    [task] = json.loads(write(people, "label-studio", LABEL, LABELS))
    assert [a.get("completed_by") for a in task["annotations"]] == [None, {"email": "bob@example.org"}, 7, None]
    assert [a["ground_truth"] for a in task["annotations"]] == [False, False, False, True]
    content = write(people, "label-studio", LABEL, LABELS, members=False)
    assert not any("completed_by" in a for a in json.loads(content)[0]["annotations"])
    assert read(content, LABEL) == people


def test_what_was_settled_is_marked_on_the_answer_that_says_so() -> None:
    content = write([item("a", "pos", Answer("ann", "neg"), Answer("bob", "pos"))], "label-studio", LABEL, LABELS)
    assert [a["ground_truth"] for a in json.loads(content)[0]["annotations"]] == [False, True]


@pytest.mark.parametrize(("schema", "several"), [(LABEL, False), (LABEL, True), (SPANS, False)])
def test_the_labelling_configuration_fits_the_results(schema: Schema, several: bool) -> None:
    root = ElementTree.fromstring(project("label-studio", schema, ['a"<&', "积极"], several=several))  # noqa: S314
    control = root.find("Labels" if schema.target == "spans" else "Choices")
    assert control is not None
    assert (control.get("name"), control.get("toName")) == ("label", "text")
    assert [child.get("value") for child in control] == ['a"<&', "积极"]
    assert control.get("choice") == (None if schema.target == "spans" else "multiple" if several else "single")
    assert [text.get("value") for text in root.iter("Text")] == ["$text"]


# -- doccano -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "text": EMOJI, "label": [[3, 6, "PER"], [17, 20, "PER"]]},
        {"id": 1, "text": EMOJI, "label": [[2, 5, "PER"], [14, 17, "PER"]]},
        {"id": 1, "data": EMOJI, "label": [[3, 6, "PER"], [17, 20, "PER"]]},
        {
            "id": 1, "text": EMOJI, "relations": [{"id": 4, "from_id": 9, "to_id": 8, "type": "met"}], "Comments": [],
            "entities": [
                {"id": 9, "label": "PER", "start_offset": 3, "end_offset": 6},
                {"id": 8, "label": "PER", "start_offset": 17, "end_offset": 20},
            ],
        },
    ],
)  # fmt: skip
def test_spans_of_doccano_whichever_way_they_were_counted(row: dict[str, Any], tmp_path: Path) -> None:
    content = json.dumps(row).encode()
    wanted = (Span(2, 5, "PER"), Span(14, 17, "PER"))
    assert read(content, SPANS) == [Annotated(Example(EMOJI, wanted, id="1"))]
    (tmp_path / "a.jsonl").write_bytes(content)
    assert [row.target for row in read_examples(tmp_path / "a.jsonl", SPANS)] == [wanted]


def test_doccano_gets_offsets_as_it_counts_them() -> None:
    content = write([item(EMOJI, (Span(14, 17, "PER"),)), item("Bob", (Span(0, 3, "PER"),))], "doccano", SPANS, ["PER"])
    assert [json.loads(line) for line in content.decode().splitlines()] == [
        {"text": EMOJI, "label": [[17, 20, "PER"]], "offset_unit": "utf-16"},
        {"text": "Bob", "label": [[0, 3, "PER"]]},
    ]


def test_doccano_with_relations_gets_entities_with_numbers() -> None:
    content = write([item(EMOJI, (Span(2, 5, "PER"),))], "doccano-relations", SPANS, ["PER"])
    assert json.loads(content) == {
        "text": EMOJI,
        "entities": [{"id": 0, "label": "PER", "start_offset": 3, "end_offset": 6}],
        "relations": [],
        "offset_unit": "utf-16",
    }


def test_labels_of_doccano() -> None:
    content = b'{"id": 1, "text": "a", "label": ["x"]}\n\n{"id": 2, "text": "b", "label": ["y"]}\n'
    assert [row.example.target for row in read(content, LABEL)] == ["x", "y"]
    assert [row.example.target for row in read(content, LABEL, several=True)] == [("x",), ("y",)]
    as_array = b'[{"text": "a", "label": ["x", "w"]}, {"text": "b", "label": []}]'
    assert [row.example.target for row in read(as_array, LABEL)] == [("w", "x"), ()]


def test_the_labels_of_a_doccano_project() -> None:
    found = json.loads(project("doccano", LABEL, LABELS))
    assert [label["text"] for label in found] == list(LABELS)
    assert len({label["background_color"] for label in found}) == 3


# -- as ordinary data --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tool", "suffix"), [("label-studio", "json"), ("doccano", "jsonl")])
@pytest.mark.parametrize(
    ("task", "target", "other"),
    [
        ("text-classification", "pos", "neg"),
        ("text-classification", ("neg", "pos"), ("pos",)),
        ("token-classification", (Span(14, 17, "pos"),), ()),
    ],
)
def test_what_is_written_is_data_to_tune_on(
    tool: str, suffix: str, task: str, target: Target, other: Target, tmp_path: Path
) -> None:
    path = tmp_path / f"x.{suffix}"
    rows = [item(f"{EMOJI} {n}", target, Answer("ann", other), Answer("bob", target)) for n in range(20)]
    schema = SPANS if task.startswith("token") else LABEL
    path.write_bytes(write(rows, tool, schema, LABELS))
    data = tunery.load_data(path, task)
    assert sum(map(len, data.values())) == 20
    assert {row.target for split in data.values() for row in split} == {target}


def test_one_label_a_text_from_doccano_is_one_label(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a", "label": ["x"]}\n{"text": "b", "label": ["y"]}\n', encoding="utf-8")
    assert [row.target for row in read_examples(path, LABEL)] == ["x", "y"]


# -- what can't be used ------------------------------------------------------------------------------------------------


def test_all_faults_are_reported_together_with_their_lines() -> None:
    rows = [
        {"data": {"text": "Ann"}, "annotations": [{"result": [region(0, 9, "PER", None)]}]},
        {"data": {"n": 3}, "annotations": []},
        {"data": {"text": "Bob"}, "annotations": [{"result": [region(0, 3, "PER", "Ann")]}]},
        {"data": {"text": "Bob"}, "annotations": 7},
        "nothing",
    ]
    content = "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]"
    with pytest.raises(DataError) as caught:
        read(content.encode(), SPANS, name="upload.json")
    assert {(problem.place, problem.code) for problem in caught.value.problems} == {
        ("upload.json:2", "span-outside-text"),
        ("upload.json:3", "text-missing"),
        ("upload.json:4", "span-text-differs"),
        ("upload.json:5", "label-studio-form"),
        ("upload.json:6", "label-studio-task"),
    }
    assert all(problem.hint for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("content", "schema", "several", "code"),
    [
        (b"", LABEL, None, "empty-file"),
        (b" \n", LABEL, None, "empty-file"),
        (b"[]", LABEL, None, "format-unknown"),
        (b"text,label\na,b\n", LABEL, None, "format-unknown"),
        (b'[{"data": {"text": "a"}, "annotations": [', LABEL, None, "json-invalid"),
        (b'{"text": "a", "label": ["x"]}\n{"text": ', LABEL, None, "json-invalid"),
        (b'{"text": "a", "label": ["x"]}\n7', LABEL, None, "json-invalid"),
        (b'{"text": "a", "label": ["x", "y"]}', LABEL, False, "not-one-label"),
        (b'{"text": "a", "label": [""]}', LABEL, False, "label-blank"),
        (b'{"text": "a", "label": ["x"]}', SPANS, None, "span-form"),
        (b'{"text": "a\\u0000", "label": ["x"]}', LABEL, None, "no-character"),
        (b'{"text": "ab", "label": [[0, 2, "X"], [1, 2, "Y"]]}', SPANS, None, "spans-overlap"),
        (exported({"result": [choices("x")]}), SPANS, None, "answer-of-another-task"),
        (exported({"result": [region(0, 1, "X", None)]}), LABEL, None, "answer-of-another-task"),
        (exported({"result": [{"type": "labels", "value": {"start": 0, "end": 1, "labels": ["X", "Y"]}}]}), SPANS,
         None, "label-studio-labels"),
        (exported({"result": "x"}), SPANS, None, "label-studio-form"),
        (exported({"result": [choices("x")]}, text="a" * 1_000_001), LABEL, None, "text-too-long"),
        (exported(*[{"result": [choices("x")]}] * 1001), LABEL, None, "too-many-answers"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used(content: bytes, schema: Schema, several: bool | None, code: str) -> None:
    with pytest.raises(DataError) as caught:
        read(content, schema, several=several)
    assert code in [problem.code for problem in caught.value.problems]


def test_content_that_is_too_large_is_not_looked_at() -> None:
    with pytest.raises(DataError, match="more than 10 bytes"):
        read(b"[" * 11, LABEL, max_bytes=10)


@pytest.mark.parametrize(
    ("items_", "schema", "code"),
    [
        (lambda: [item("a\0", "pos")], LABEL, "no-character"),
        (lambda: [item("a", "nobody")], LABEL, "label-unknown"),
        (lambda: [item("a", "pos"), item("b", ("pos",))], LABEL, "mixed-answers"),
        (lambda: [item("a", "pos")], SPANS, "answer-of-another-task"),
        (lambda: [item("a", (Span(0, 1, "pos"),))], LABEL, "answer-of-another-task"),
        (lambda: [item("a", None, Answer("ann", (Span(0, 2, "pos"),)))], SPANS, "span-outside-text"),
        (lambda: [item("ab", (Span(0, 2, "pos"), Span(1, 2, "pos")))], SPANS, "spans-overlap"),
    ],
)
@pytest.mark.parametrize("tool", FORMATS)
def test_what_would_not_come_back_is_not_written(
    items_: Callable[[], list[Annotated]], schema: Schema, code: str, tool: str
) -> None:
    with pytest.raises(DataError) as caught:
        write(items_(), tool, schema, LABELS)
    assert [problem.code for problem in caught.value.problems] == [code]


@pytest.mark.parametrize("label", ["null", " a", "", "x" * 201])
def test_labels_that_no_file_can_hold(label: str) -> None:
    with pytest.raises(DataError, match="No file can hold the label"):
        write([], "doccano", LABEL, [label])


@settings(max_examples=150)
@given(
    rows=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.floats(), st.sampled_from(["", "a", "x\ud83d"])),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    ["data", "text", "annotations", "predictions", "result", "type", "value", "labels", "label",
                     "start", "end", "choices", "completed_by", "item", "offset_unit", "entities",
                     "start_offset", "end_offset"]
                ),
                inner | st.sampled_from(["labels", "choices", "utf-16", "😀a"]), max_size=5,
            ),
        ),
        max_leaves=20,
    ),
    tool=st.sampled_from(FORMATS), schema=st.sampled_from([LABEL, SPANS]),
)  # fmt: skip
def test_no_values_crash_a_format(rows: object, tool: str, schema: Schema) -> None:
    with suppress(DataError):
        read(json.dumps([rows] if not isinstance(rows, list) else rows).encode(), schema, format=tool)
