"""``tunery predict --url``: the same lines in and out, answered by a server."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.calls import Tunery
from tests.serving import small_server as can
from tests.serving.small_server import SmallServer, running

from tunery.cli.remote import divided
from tunery.errors import SettingError


@pytest.fixture
def small() -> Iterator[SmallServer]:
    with running() as server:
        yield server


@pytest.mark.parametrize("path", ["/intents", "/intents/", "/v1/predict/intents"])
def test_texts_are_answered_in_their_order(tunery: Tunery, small: SmallServer, path: str) -> None:
    answer = tunery("predict", "--url", small.url + path, "My card", "", "a//b rate")
    assert (answer.code, answer.err) == (0, "")
    assert answer.rows == [
        {"text": "My card", "label": "card_arrival", "score": 0.875},
        {"text": "", "label": "card_arrival", "score": 0.875},
        {"text": "a//b rate", "label": "exchange_rate", "score": 0.875},
    ]


def test_entities_and_sets_of_labels_look_as_those_of_a_model(tunery: Tunery, small: SmallServer) -> None:
    rows = tunery("predict", "--url", f"{small.url}/ner", "🙂安娜", "nobody").rows
    assert rows == [
        {"text": "🙂安娜", "spans": [{"start": 1, "end": 3, "label": "PER", "text": "安娜", "score": 0.75}]},
        {"text": "nobody", "spans": []},
    ]
    (row,) = tunery("predict", "--url", f"{small.url}/moods", "Hurray").rows
    assert row == {"text": "Hurray", "labels": ["joy"], "scores": {"joy": 0.75}}


def test_a_file_gives_a_line_for_each_line_and_ids_come_back(
    tunery: Tunery, small: SmallServer, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps({"text": f"rate {n}", "id": n}) + "\n" for n in range(2000)))
    answer = tunery("predict", "--url", f"{small.url}/intents", "--input", source, "--output", target)
    assert (answer.code, answer.out) == (0, "")
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [(row["id"], row["text"]) for row in rows] == [(n, f"rate {n}") for n in range(2000)]


def test_a_slow_stream_is_answered_line_by_line(small: SmallServer) -> None:
    call = [sys.executable, "-m", "tunery", "predict", "--url", f"{small.url}/intents"]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("one", "two"):
            process.stdin.write(f"{text}\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_the_key_comes_from_the_option_or_else_the_environment(
    tunery: Tunery, small: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNERY_KEY", "tk_environment")
    tunery("predict", "--url", f"{small.url}/intents", "x")
    tunery("predict", "--url", f"{small.url}/intents", "--key", "tk_option", "x")
    monkeypatch.setenv("TUNERY_KEY", "")
    tunery("predict", "--url", f"{small.url}/intents", "x")
    assert [seen.headers.get("Authorization") for seen in small.seen if seen.method == "POST"] == [
        "Bearer tk_environment", "Bearer tk_option", None,
    ]  # fmt: skip


def test_a_refusal_is_told_in_the_servers_words_and_no_file_is_left(
    tunery: Tunery, small: SmallServer, tmp_path: Path
) -> None:
    small.failures.append(can.refuse(401, "no-key"))
    target = tmp_path / "out.jsonl"
    answer = tunery("predict", "--url", f"{small.url}/intents", "--output", target, "x")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "Error: Refused: no-key.\n  Give a key of the server, which tunery keys create prints.\n"
    assert list(tmp_path.iterdir()) == []


def test_an_endpoint_that_is_not_there_is_named(tunery: Tunery, small: SmallServer) -> None:
    answer = tunery("predict", "--url", f"{small.url}/nothing", "x")
    assert answer.code == 1
    assert answer.err.startswith("Error: There is no endpoint nothing.\n  See which endpoints the server has")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("--url", "http://127.0.0.1:8000", "x"), "'http://127.0.0.1:8000' is not the address of an endpoint."),
        (("--url", "127.0.0.1:8000/ner", "x"), "'127.0.0.1:8000/ner' is not the address of an endpoint."),
        (("--url", "http://h/ner", "x", "--input", "f"), "Texts and --input are both given."),
        (("--input", "f"), "Argument MODEL is missing.\n  Name the folder of a model, or an endpoint with --url."),
    ],
)
def test_a_wrong_call_is_told_and_exits_with_2(tunery: Tunery, call: tuple[str, ...], said: str) -> None:
    answer = tunery("predict", *call)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"Error: {said}")


@pytest.mark.parametrize(
    ("url", "server", "name"),
    [
        ("http://127.0.0.1:8000/ner", "http://127.0.0.1:8000", "ner"),
        ("https://host/models/v1/predict/a.b-c/", "https://host/models", "a.b-c"),
        ("http://[::1]:8000/behind/ner", "http://[::1]:8000/behind", "ner"),
        ("http://host/v1/predict/%E5%A5%BD", "http://host", "好"),
    ],
)
def test_an_address_is_a_server_and_a_name(url: str, server: str, name: str) -> None:
    assert divided(url) == (server, name)


@pytest.mark.parametrize("url", ["", "ner", "http://", "http://host/", "http://host/ner?x=1", "http://[::1/ner"])
def test_an_address_without_an_endpoint_is_refused(url: str) -> None:
    with pytest.raises(SettingError, match=r"is not the address of an endpoint\. Write the server's address and"):
        divided(url)


_PEAK = """
import contextlib, resource
from tunery.cli import main
with contextlib.suppress(SystemExit):
    main()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_eight_times_as_many_lines_take_no_more_memory(small: SmallServer, tmp_path: Path) -> None:
    draw = random.Random(0)
    source, target = tmp_path / "in.txt", tmp_path / "out.jsonl"
    peaks = []
    for count in (2048, 16384):
        source.write_text("".join(f"{' card' * draw.randint(1, 99)} {n}\n" for n in range(count)), encoding="utf-8")
        call = [sys.executable, "-c", _PEAK, "predict", "--url", f"{small.url}/intents", "--input", str(source),
                "--output", str(target)]  # fmt: skip
        peaks.append(int(subprocess.run(call, check=True, capture_output=True, text=True).stdout))
        assert len(target.read_text(encoding="utf-8").splitlines()) == count
    assert peaks[1] - peaks[0] < 10_000  # kilobytes
