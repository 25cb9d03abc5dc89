"""``tunery predict``: one JSON line for each text, in their order, from wherever the texts come."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.calls import Tunery

from tunery import load_data, tune

TEXTS = ["Where is my card?", "", "What is the exchange rate?", "Where is my card?"]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Put bytes on standard input."""

    def put(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def test_texts_are_answered_in_their_order(tunery: Tunery, classifier: Path) -> None:
    answer = tunery("predict", classifier, *TEXTS)
    assert (answer.code, answer.err) == (0, "")
    assert [row["text"] for row in answer.rows] == TEXTS
    assert [answer.rows[n]["label"] for n in (0, 2)] == ["card_arrival", "exchange_rate"]
    assert set(answer.rows[0]) == {"text", "label", "score"}


def test_spans_are_character_offsets(tunery: Tunery, tagger: Path) -> None:
    text = "🙂医生您好，我咳嗽三天了，还有点发烧，需要吃头孢吗？"
    (row,) = tunery("predict", tagger, text).rows
    assert row["spans"]
    assert all(text[span["start"] : span["end"]] == span["text"] for span in row["spans"])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_gives_a_line_for_each_line(tunery: Tunery, classifier: Path, tmp_path: Path, end: str) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_bytes("".join(f"{text}{end}" for text in TEXTS).encode())
    answer = tunery("predict", classifier, "--input", source, "--output", target)
    assert (answer.code, answer.out) == (0, "")
    assert [json.loads(line)["text"] for line in target.read_text().splitlines()] == TEXTS


def test_json_lines_keep_their_ids(
    tunery: Tunery, classifier: Path, typed: Callable[[bytes], None], tmp_path: Path
) -> None:
    typed(b'{"text": "Where is my card?", "id": "a1"}\n{"id": 2, "text": "x", "label": "ignored"}\n')
    rows = tunery("predict", classifier, "--input", "-").rows
    assert [(row["id"], row["text"]) for row in rows] == [("a1", "Where is my card?"), (2, "x")]


def test_an_id_comes_back_whatever_it_holds(tunery: Tunery, classifier: Path, typed: Callable[[bytes], None]) -> None:
    typed(b'{"text": "x", "id": "\\ud800\\u597d"}\n')
    assert tunery("predict", classifier).rows[0]["id"] == "\ud800好"


def test_standard_input_is_read_where_no_text_is_given(
    tunery: Tunery, classifier: Path, typed: Callable[[bytes], None]
) -> None:
    typed(b"one\ntwo")
    assert [row["text"] for row in tunery("predict", classifier).rows] == ["one", "two"]


def test_rows_stay_in_order_from_one_portion_to_the_next(
    tunery: Tunery, classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunery.cli.texts._PORTION", 7)
    source = tmp_path / "in.txt"
    texts = [f"{'long ' * (n % 5)}text {n}" for n in range(20)]
    source.write_text("\n".join(texts))
    assert [row["text"] for row in tunery("predict", classifier, "--input", source).rows] == texts


def test_a_bad_line_is_named_and_no_file_is_left(tunery: Tunery, classifier: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "a"}\n{"txt": "b"}\n')
    answer = tunery("predict", classifier, "--input", source, "--output", target)
    assert answer.code == 1
    assert answer.err.startswith(f"Error: {source}:2: There is no text in the field text.\n  Every line has to look")
    assert list(tmp_path.iterdir()) == [source]


def test_texts_and_a_file_together_are_a_wrong_call(tunery: Tunery, classifier: Path) -> None:
    answer = tunery("predict", classifier, "text", "--input", "file.txt")
    assert (answer.code, answer.err) == (2, "Error: Texts and --input are both given.\n  Give one of them.\n")


def test_a_text_the_terminal_garbled_is_refused(tunery: Tunery, classifier: Path) -> None:
    answer = tunery("predict", classifier, "fine", "b\udcffd")
    assert answer.code == 2
    assert answer.err.startswith("Error: Text 2 is not valid in the terminal's encoding.\n  Put it into a file")


_PEAK = """
import contextlib, resource
from tunery.cli import main
with contextlib.suppress(SystemExit):
    main()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.long
def test_eight_times_as_many_lines_take_no_more_memory(intents: Path, tiny_base: str, tmp_path: Path) -> None:
    model = tmp_path / "model"
    tune(load_data(str(intents), task="text-classification"), tiny_base, strategy="probe", output=model)
    draw = random.Random(0)
    source, target = tmp_path / "in.txt", tmp_path / "out.jsonl"
    peaks = []
    for count in (1024, 8192):
        source.write_text("".join(f"{' card' * draw.randint(1, 9)} {n}\n" for n in range(count)), encoding="utf-8")
        call = [sys.executable, "-c", _PEAK, "predict", str(model), "--input", str(source), "--output", str(target)]
        peaks.append(int(subprocess.run(call, check=True, capture_output=True, text=True).stdout))
        assert len(target.read_text(encoding="utf-8").splitlines()) == count
    assert peaks[1] - peaks[0] < 30_000  # kilobytes
