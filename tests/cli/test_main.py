"""Calls that can't be meant, and errors: what is said, on which stream, with which exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.calls import Tunery

import tunery as package

TASK = ("--task", "text-classification")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            "foo",
            "There is no command tunery foo.\n"
            "  There are: data, models, jobs, keys, workspace, tune, search, evaluate, compare, export, predict, "
            "serve, up, worker, login, deploy, package.",
        ),
        ("tun", "There is no command tunery tun.\n  Did you mean tune?"),
        ("data chek", "There is no command tunery data chek.\n  Did you mean check?"),
        ("--verison", "There is no option --verison.\n  Did you mean --version?"),
        ("tune --epoch 3", "There is no option --epoch.\n  Did you mean --epochs?"),
        ("tune", "Option --data is missing.\n  See what there is: tunery tune --help"),
        ("evaluate --data x", "Argument MODEL is missing.\n  See what there is: tunery evaluate --help"),
        ("evaluate m --data", "Option --data lacks its value, or was given one that it does not take."),
        ("tune --resume=yes", "Option --resume lacks its value, or was given one that it does not take."),
        ("evaluate m n --data x", "tunery evaluate does not take n.\n  See what there is: tunery evaluate --help"),
        ("data check x --task entities", "There is no task 'entities'."),
        ("data check x --task text-classification --set columns", "--set columns has no name and value."),
        ("data check x --task text-classification --set txt_column=a", "There is no setting txt_column."),
        ("tune --data x --output y", "No task is named."),
        ("tune --data x --output y --task text-classification", "No base model is named."),
        ("tune --data x --output y --task text-classification --strategy fool", "There is no strategy 'fool'."),
        (
            "tune --data x --output y --recipe none.yaml",
            "The recipe none.yaml can't be read: No such file or directory.",
        ),
    ],
)
def test_a_wrong_call_is_told_and_exits_with_2(tunery: Tunery, call: str, said: str) -> None:
    answer = tunery(*call.split())
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"Error: {said}")


def test_all_wrong_settings_are_told_before_anything_is_fetched(tunery: Tunery) -> None:
    answer = tunery("tune", "--data", "hf:no/such", "--output", "y", *TASK, "--base", "hf:no/such", "--epochs", "0",
                    "--learning-rate", "fast", "--schedule", "steep", "--budget", "soon")  # fmt: skip
    assert answer.code == 2
    assert sorted(answer.err.removeprefix("Error: ").splitlines()) == [
        "budget: must be a number (found 'soon').",
        "epochs: must be greater than 0 (found '0').",
        "learning_rate: must be a number (found 'fast').",
        "schedule: must be one of 'linear', 'cosine', 'constant' (found 'steep').",
    ]


def test_a_setting_of_another_strategy_is_refused(tunery: Tunery) -> None:
    answer = tunery("tune", "--data", "x", "--output", "y", *TASK, "--base", "b", "--strategy", "full", "--layers", "2")
    assert answer.code == 2
    assert answer.err.startswith("Error: There is no setting layers.")


@pytest.mark.parametrize(
    "call",
    [("data", "check", "none", *TASK), ("evaluate", "none", "--data", "none"), ("predict", "none", "text")],
    ids=lambda call: call[0],
)
def test_what_is_not_there_exits_with_1_and_is_named(tunery: Tunery, call: tuple[str, ...]) -> None:
    answer = tunery(*call)
    assert (answer.code, answer.out) == (1, "")
    assert "none" in answer.err
    assert "Traceback" not in answer.err


def test_chinese_speaks_chinese_in_errors_and_help(tunery: Tunery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNERY_LANG", "zh_CN")
    assert tunery("tun").err == "错误：没有 tunery tun 这个命令。\n  您是不是想写 tune？\n"
    page = tunery("tune", "--help").out
    assert all(word in page for word in ("用法：", "选项", "必填", "显示本帮助并退出。", "学习率"))
    assert not any(word in page for word in ("Usage", "Options", "required", "Show this", "Default:"))


def test_chinese_help_is_not_cut_off(tunery: Tunery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNERY_LANG", "zh")
    monkeypatch.setenv("COLUMNS", "80")
    assert "…" not in tunery("tune", "--help").out


@pytest.mark.parametrize("call", [(), ("data",), ("data", "check"), ("tune",)])
def test_h_is_help_everywhere(tunery: Tunery, call: tuple[str, ...]) -> None:
    answer = tunery(*call, "-h")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == tunery(*call, "--help").out


def test_the_version_is_a_result(tunery: Tunery) -> None:
    answer = tunery("--version")
    assert (answer.code, answer.out, answer.err) == (0, f"tunery {package.__version__}\n", "")


@pytest.mark.parametrize("call", [(), ("data",)], ids=["tunery", "tunery data"])
def test_no_command_shows_the_help_and_is_a_wrong_call(tunery: Tunery, call: tuple[str, ...]) -> None:
    answer = tunery(*call)
    assert answer.code == 2
    assert "Usage:" in answer.out + answer.err


def start(*arguments: str, **streams: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tunery", *arguments], **streams)  # type: ignore[call-overload]


def test_a_reader_that_has_enough_is_no_error(intents: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = start("data", "check", str(intents), *TASK, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, b"")


def test_an_interruption_ends_with_a_sentence_and_130(classifier: Path, tmp_path: Path) -> None:
    target = tmp_path / "answers.jsonl"
    process = start("predict", str(classifier), "--output", str(target), stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"text\n")
    process.stdin.flush()
    for _ in range(600):
        if any(path.stat().st_size for path in tmp_path.iterdir()):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.decode()) == (130, "Stopped. Nothing was left half-written.\n")
    assert list(tmp_path.iterdir()) == []
