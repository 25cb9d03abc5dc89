"""``tunery keys``: the key on standard output, words on standard error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.calls import Tunery

from tunery.serving.keys import Keys


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.db"


def test_create_prints_the_key_alone_and_says_the_rest_beside_it(tunery: Tunery, file: Path) -> None:
    answer = tunery("keys", "create", "--file", file, "--name", "web", "--endpoints", "ner, intents",
                    "--rate", "100/minute", "--quota", "10000/day")  # fmt: skip
    assert answer.code == 0
    with Keys(file) as keys:
        key = keys.find(answer.out.removesuffix("\n"))
    assert key is not None
    assert (key.name, key.endpoints, key.rate, key.quota, key.admin) == (
        "web", ("ner", "intents"), "100/minute", "10000/day", False,
    )  # fmt: skip
    assert answer.err == (
        f"Key {key.id} (web) for ner,intents is in {file}. It is shown only now: keep it where secrets are kept.\n"
    )


def test_list_shows_everything_but_the_keys(tunery: Tunery, file: Path) -> None:
    secrets = [
        tunery("keys", "create", "--file", file, "--name", name, *more).out.strip()
        for name, *more in [("网站", "--rate", "5/minute"), ("ops", "--admin")]
    ]
    (first, second) = json.loads(tunery("keys", "list", "--file", file, "--json").out)["keys"]
    assert (first["name"], first["rate"], first["admin"], second["admin"]) == ("网站", "5/minute", False, True)
    assert tunery("keys", "revoke", second["id"], "--file", file).code == 0
    answer = tunery("keys", "list", "--file", file)
    assert (answer.code, answer.err) == (0, "")
    title, *rows = answer.out.splitlines()
    assert title.split() == ["id", "name", "endpoints", "rate", "quota", "created", "state"]
    day = first["created"][:10]
    assert [row.split() for row in rows] == [
        [first["id"], "网站", "*", "5/minute", "-", day, "good"],
        [second["id"], "ops", "*", "-", "-", day, "revoked"],
    ]
    assert not any(secret in answer.out for secret in secrets)


def test_revoke_says_whose_key_it_was_and_servers_refuse_it(tunery: Tunery, file: Path) -> None:
    text = tunery("keys", "create", "--file", file, "--name", "web").out.strip()
    with Keys(file) as serving:
        key = serving.find(text)
        assert key is not None
        answer = tunery("keys", "revoke", key.id, "--file", file)
        assert (answer.code, answer.out) == (0, "")
        assert answer.err == f"Key {key.id} (web) is revoked; running servers refuse it from now on.\n"
        assert serving.find(text) is None


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("list",), "There is no file of keys at"),
        (("revoke", "00000000"), "There is no file of keys at"),
        (("create", "--name", ""), "'' can't be the name of a key."),
        (("create", "--name", "web", "--rate", "often"), "'often' is not one amount and one period."),
        (("create", "--name", "web", "--endpoints", "a,,b"), "'' can't be the name of an endpoint."),
    ],
)
def test_a_wrong_call_is_told_and_exits_with_2(tunery: Tunery, file: Path, call: tuple[str, ...], said: str) -> None:
    answer = tunery("keys", *call, "--file", file)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"Error: {said}")


def test_a_file_of_something_else_exits_with_1_and_is_left_alone(tunery: Tunery, file: Path) -> None:
    file.write_text("plain words")
    answer = tunery("keys", "create", "--file", file, "--name", "web")
    assert (answer.code, answer.out) == (1, "")
    assert "is not a file of keys" in answer.err
    assert file.read_text() == "plain words"
