"""The command line, carried out by a running application: real processes on both sides."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from tests.app.rest.servers import PASSWORD, Up

import tunery

LABELS = ("card_arrival", "exchange_rate")


@pytest.fixture(scope="module")
def home(up: Up, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder that is signed in to the application."""
    folder = tmp_path_factory.mktemp("home")
    said = run(up, folder, "login", up.url, "--email", "ada@example.com", stdin=f"{PASSWORD}\n", server=False)
    assert said.returncode == 0, said.stderr
    kept = folder / "tunery" / "tokens.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in kept.read_text(encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def project(ada: httpx.Client) -> str:
    """A project that is worked in from the command line."""
    assert ada.post("/projects", json={"name": "remote"}).status_code == 201
    return "remote"


@pytest.fixture(scope="module")
def rows(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Banking77, some rows of two classes."""
    folder = tmp_path_factory.mktemp("rows") / "intents"
    folder.mkdir()
    for split, size in {"train": 60, "dev": 16, "test": 30}.items():
        with gzip.open(shared / "data/banking77" / f"{split}.jsonl.gz", "rt", encoding="utf-8") as file:
            found = [line for line in file if json.loads(line)["label"] in LABELS]
        (folder / f"{split}.jsonl").write_text("".join(found[:: max(1, len(found) // size)][:size]), encoding="utf-8")
    return folder


def run(
    up: Up, home: Path, *words: object, stdin: str = "", server: bool = True
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    options = ["--server", up.url, "--project", "remote"] if server else []
    environment = {**os.environ, "XDG_CONFIG_HOME": str(home), "TUNERY_LANG": "en", "TUNERY_PROGRESS": "0"}
    environment.pop("TUNERY_TOKEN", None)
    return subprocess.run(
        [sys.executable, "-m", "tunery", *options, *map(str, words)],
        input=stdin, capture_output=True, text=True, env=environment, timeout=600, check=False,
    )  # fmt: skip


@pytest.mark.long
def test_from_a_file_to_an_endpoint_without_leaving_the_terminal(
    up: Up, ada: httpx.Client, home: Path, project: str, rows: Path, tiny_base: str
) -> None:
    checked = run(up, home, "data", "check", rows / "train.jsonl", "--task", "text-classification")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "card_arrival" in checked.stdout

    tuned = run(
        up, home, "tune", "--data", rows, "--task", "text-classification", "--base", tiny_base, "--strategy", "probe"
    )  # fmt: skip
    assert tuned.returncode == 0, tuned.stderr
    model = tuned.stdout.strip()
    assert "dev " in tuned.stderr

    why = ada.post(f"/models/{model}/explanations", json={"text": "where is my card 😀?", "label": "card_arrival"})
    assert why.status_code == 200, why.text
    spoken = {"where is my card 😀?"[one["start"] : one["end"]] for one in why.json()["words"]}
    assert {"where", "card"} <= spoken
    assert set(LABELS) == set(why.json()["labels"])
    assert any(one["weight"] != 0 for one in why.json()["words"])
    nothing = ada.post(f"/models/{model}/explanations", json={"text": "card", "label": "no such label"})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "unusable")

    listed = json.loads(run(up, home, "models", "list", "--json").stdout)["models"]
    assert [one["id"] for one in listed] == [model]
    fetched = run(up, home, "models", "download", model[:12], "--output", home / "mine")
    assert (fetched.returncode, fetched.stdout.strip()) == (0, str(home / "mine")), fetched.stderr
    [answer] = tunery.load_model(home / "mine").predict(["where is my card, it has not arrived yet"])
    assert answer.target == "card_arrival"
    again = run(up, home, "models", "download", model[:12], "--output", home / "mine")
    assert (again.returncode, "holds something already" in again.stderr) == (2, True)

    measured = run(up, home, "evaluate", model, "--data", "intents")
    assert measured.returncode == 0, measured.stderr
    assert "exchange_rate" in measured.stdout

    deployed = run(up, home, "deploy", model, "--name", "intents")
    assert (deployed.returncode, deployed.stdout.strip()) == (0, "intents"), deployed.stderr
    for _turn in range(120):
        predicted = run(up, home, "predict", "intents", "where is my card, it has not arrived yet")
        if predicted.returncode == 0:
            break
        time.sleep(1)  # the server of the endpoints is loading the model
    assert json.loads(predicted.stdout)["label"] == "card_arrival", predicted.stderr

    listed = json.loads(run(up, home, "jobs", "list", "--json").stdout)["jobs"]
    assert [one["kind"] for one in listed] == ["evaluate", "tune", "import"]
    assert {one["state"] for one in listed} == {"done"}
    ended = run(up, home, "jobs", "cancel", listed[0]["id"])
    assert "ended already" in ended.stderr
    assert run(up, home, "jobs", "log", listed[1]["id"]).returncode == 0


@pytest.mark.long
def test_what_is_searched_ranked_and_foretold_there_is_shown_as_here(
    up: Up, ada: httpx.Client, home: Path, project: str, rows: Path, tiny_base: str
) -> None:
    about = ("--data", rows, "--task", "text-classification")
    how = ("--base", tiny_base, "--strategy", "head", "--max-steps", "4")
    ranked = run(up, home, "models", "rank", tiny_base, "file:/nowhere", *about)
    assert ranked.returncode == 0, ranked.stderr
    assert "file:/nowhere" in ranked.stdout

    searched = run(up, home, "search", *about, *how, "--trials", "2", "--output", home / "best")
    assert searched.returncode == 0, searched.stderr
    assert "the defaults" in searched.stdout
    assert searched.stdout.split()[-1] == str(home / "best")
    assert tunery.load_model(home / "best").task.name == "text-classification"

    curve = run(up, home, "data", "curve", rows, "--task", "text-classification", *how, "--points", "3", "--json")
    assert curve.returncode == 0, curve.stderr
    assert len({one["rows"] for one in json.loads(curve.stdout)["runs"]}) >= 3


def test_a_folder_of_folders_becomes_one_version(
    up: Up, ada: httpx.Client, home: Path, project: str, tmp_path: Path
) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / "nested" / split).mkdir(parents=True)
        lines = [json.dumps({"text": f"{split} text {number}", "label": "ab"[number % 2]}) for number in range(4)]
        (tmp_path / "nested" / split / "part-0.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "nested" / ".DS_Store").write_bytes(b"\0\0")
    (tmp_path / "nested" / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "nested" / "empty.txt").touch()
    sent = run(up, home, "data", "upload", tmp_path / "nested", "--task", "text-classification")
    assert sent.returncode == 0, sent.stderr
    version = ada.get(f"/versions/{sent.stdout.strip()}").json()
    assert {split: found["rows"] for split, found in version["counts"].items()} == {"train": 4, "dev": 4, "test": 4}
    assert "picture.png" not in version["source"]


def test_what_no_server_does_is_refused_and_not_done_here(up: Up, home: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "a", "label": "b"}\n', encoding="utf-8")
    for words in (
        ("data", "convert", bad, tmp_path / "out", "--task", "text-classification"),
        ("compare", "a", "b", "--data", bad), ("package", "m", "--output", tmp_path / "p"), ("serve", "m"), ("up",),
        ("worker",), ("keys", "list"), ("workspace", "info"),
    ):  # fmt: skip
        said = run(up, home, *words)
        assert said.returncode == 2, words
        assert "is not carried out by a server" in said.stderr, words
        assert "Leave --server out" in said.stderr
    assert not (tmp_path / "out").exists()
    assert run(up, home, "data", "convert", "--help").returncode == 0


def test_what_is_wrong_with_data_is_said_as_it_is_here(up: Up, home: Path, project: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "a"}\n', encoding="utf-8")
    there = run(up, home, "data", "check", bad, "--task", "text-classification")
    here = run(up, home, "data", "check", bad, "--task", "text-classification", server=False)
    assert there.returncode == here.returncode == 1
    assert there.stderr
    assert there.stderr == here.stderr.replace(f"{tmp_path}/", "")


def test_without_a_token_it_is_said_how_to_get_one(up: Up, tmp_path: Path) -> None:
    said = run(up, tmp_path, "jobs", "list")
    assert said.returncode == 2
    assert f"tunery login {up.url}" in said.stderr


def test_a_command_of_servers_needs_one(up: Up, tmp_path: Path) -> None:
    said = run(up, tmp_path, "jobs", "list", server=False)
    assert said.returncode == 2
    assert "--server" in said.stderr


def test_an_unreachable_server_is_said_in_words(up: Up, home: Path) -> None:
    environment = {**os.environ, "TUNERY_TOKEN": "x", "TUNERY_LANG": "en"}
    said = subprocess.run(
        [sys.executable, "-m", "tunery", "--server", "http://127.0.0.1:1", "jobs", "list"],
        capture_output=True, text=True, env=environment, timeout=120, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert "can't be reached" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_wrong_password_gives_no_token(up: Up, tmp_path: Path) -> None:
    said = run(up, tmp_path, "login", up.url, "--email", "nobody@example.com", stdin="wrong\n", server=False)
    assert said.returncode == 1
    assert "don't belong together" in said.stderr
    assert not (tmp_path / "tunery").exists()
