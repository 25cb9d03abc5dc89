"""Keys let in whom they should, as often as they should, whichever process asks."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunery.errors import ModelError, SettingError
from tunery.serving.keys import Key, Keys, Refusal
from tunery.serving.rates import parse_rate

DAY = 86_400.0
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "month": 30 * 86_400, "year": 360 * 86_400}


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: float = 1000 * DAY) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.db"


@pytest.fixture
def keys(path: Path, clock: Clock) -> Iterator[Keys]:
    with Keys(path, clock=clock) as opened:
        yield opened


def in_another_process(code: str, *arguments: object) -> str:
    program = f"import sys\nfrom tunery.serving.keys import Keys\n{code}"
    call = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout.strip()


def granted(keys: Keys, key: Key, texts: int = 1, tries: int = 1000) -> int:
    """How many charges in a row are granted before one is refused."""
    return next((n for n in range(tries) if keys.charge(key, texts) is not None), tries)


# -- keys --------------------------------------------------------------------------------------------------------------


def test_a_key_is_found_and_what_is_kept_of_it_comes_back(keys: Keys, path: Path) -> None:
    text, key = keys.create("网站", ["ner", "intents"], rate="100 per minute", quota="10000/DAY", admin=True)
    assert re.fullmatch(r"tk_[A-Za-z0-9_-]{43}", text)
    assert re.fullmatch(r"[0-9a-f]{8}", key.id)
    assert (key.rate, key.quota, key.admin, key.revoked) == ("100/minute", "10000/day", True, None)
    assert keys.find(text) == key
    assert keys.list() == (key,)
    with Keys(path) as others:
        assert others.find(text) == key


@pytest.mark.parametrize("text", ["", "tk_", "tk_x", "好", "tk_\ud800", "tk_" + "x" * 100_000])
def test_what_is_no_key_is_not_found(keys: Keys, text: str) -> None:
    keys.create("web")
    assert keys.find(text) is None


def test_no_file_holds_the_key(keys: Keys, path: Path) -> None:
    text, _key = keys.create("web")
    files = list(path.parent.iterdir())
    assert {file.name for file in files} >= {"keys.db", "keys.db-wal"}
    assert not any(text[3:].encode() in file.read_bytes() for file in files)
    keys.close()
    assert text[3:].encode() not in path.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="modes are Unix's")
def test_only_the_owner_may_read_the_files(keys: Keys, path: Path) -> None:
    keys.create("web")
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_a_revocation_by_another_process_is_seen_at_once(keys: Keys, path: Path) -> None:
    text, key = keys.create("web")
    other, _ = keys.create("other")
    assert keys.find(text) is not None
    in_another_process("Keys(sys.argv[1]).revoke(sys.argv[2])", path, key.id)
    assert keys.find(text) is None
    assert keys.find(other) is not None
    assert [one.revoked is None for one in keys.list()] == [False, True]


def test_a_key_that_another_process_makes_is_seen_at_once(keys: Keys, path: Path) -> None:
    text = in_another_process("print(Keys(sys.argv[1]).create('web')[0])", path)
    assert keys.find(text) is not None


def test_revoking_twice_keeps_the_first_time_and_an_unknown_key_is_named(keys: Keys, path: Path) -> None:
    _text, key = keys.create("web")
    first = keys.revoke(key.id)
    assert first.revoked is not None
    assert keys.revoke(key.id) == first
    with pytest.raises(SettingError, match=r"There is no key 00000000\. See what there is: tunery keys list --file"):
        keys.revoke("00000000")


def test_keys_go_with_the_file_they_are_in(keys: Keys, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunery.serving.keys._LOOK_AGAIN", 0.0)
    keys._look_again = 0.0
    text, _key = keys.create("web")
    assert keys.find(text) is not None
    with Keys(path.with_name("new.db")) as others:
        others.create("fresh")
    path.rename(path.with_name("old.db"))
    for _ in range(2):
        with pytest.raises(SettingError, match=r"keys\.db was moved or replaced while it was in use\. Stop whatever"):
            keys.find(text)
    path.with_name("new.db").rename(path)
    with pytest.raises(SettingError, match="was moved or replaced"):
        keys.find(text)


def test_a_key_is_for_its_endpoints(keys: Keys) -> None:
    _, some = keys.create("web", ["ner", "intents", "ner"])
    _, every = keys.create("all")
    _, star = keys.create("star", ["ner", "*"])
    assert some.endpoints == ("ner", "intents")
    assert [some.allows(name) for name in ("ner", "intents", "ner2", "", "*")] == [True, True, False, False, False]
    assert every.allows("anything")
    assert star.endpoints == ("*",)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 65])
def test_a_name_has_to_be_readable(keys: Keys, name: str) -> None:
    with pytest.raises(SettingError, match=r"can't be the name of a key\. Choose 1 to 64 characters"):
        keys.create(name)


@pytest.mark.parametrize("endpoints", [[], [""], ["a/b"], ["ner", "-x"], ["好"], ["ner\n"], [".."]])
def test_endpoints_have_to_be_names(keys: Keys, endpoints: list[str]) -> None:
    with pytest.raises(SettingError, match="can't be the name of an endpoint"):
        keys.create("web", endpoints)
    assert keys.list() == ()


# -- limits ------------------------------------------------------------------------------------------------------------


def test_a_rate_counts_requests_and_says_when_the_next_may_come(keys: Keys, clock: Clock) -> None:
    _, key = keys.create("web", rate="5/minute")
    assert granted(keys, key, texts=32) == 5
    refusal = keys.charge(key, 1)
    assert refusal == Refusal("rate", pytest.approx(72))  # a minute, and a fifth of the next until one of five is free
    clock.now += 71
    assert keys.charge(key, 1) is not None
    clock.now += 1.001
    assert granted(keys, key) == 1


def test_a_rate_gives_no_double_portion_at_the_turn_of_a_window(keys: Keys, clock: Clock) -> None:
    _, key = keys.create("web", rate="50/minute")
    clock.now += 59.9
    assert granted(keys, key) == 50
    clock.now += 0.2
    assert granted(keys, key) == 0
    clock.now += 30
    assert granted(keys, key) == 25


def test_a_quota_counts_texts_until_midnight(keys: Keys, clock: Clock) -> None:
    _, key = keys.create("web", quota="1000/day")
    clock.now += DAY / 4
    assert keys.charge(key, 990) is None
    assert keys.charge(key, 11) == Refusal("quota", 0.75 * DAY)
    assert keys.charge(key, 10) is None
    assert keys.charge(key, 0) is None
    clock.now += 0.75 * DAY
    assert keys.charge(key, 1000) is None


def test_a_request_that_the_quota_refuses_does_not_count_against_the_rate(keys: Keys) -> None:
    _, key = keys.create("web", rate="2/minute", quota="10/day")
    for _ in range(5):
        refusal = keys.charge(key, 11)
        assert refusal is not None
        assert refusal.kind == "quota"
    assert granted(keys, key) == 2


def test_a_key_without_limits_is_never_refused(keys: Keys) -> None:
    _, key = keys.create("web")
    assert granted(keys, key, texts=10**9, tries=100) == 100


def test_keys_have_limits_of_their_own(keys: Keys) -> None:
    (_, first), (_, second) = (keys.create(name, quota="5/day") for name in "ab")
    assert (granted(keys, first), granted(keys, second)) == (5, 5)


def test_a_quota_survives_a_restart(path: Path, clock: Clock) -> None:
    with Keys(path, clock=clock) as keys:
        text, key = keys.create("web", quota="5000/day")
        assert granted(keys, key, tries=1234) == 1234
    with Keys(path, clock=clock) as keys:
        found = keys.find(text)
        assert found is not None
        assert granted(keys, found, tries=10_000) == 5000 - 1234


_SPEND = """
keys = Keys(sys.argv[1], clock=lambda: 86_400_000.0)
key = keys.find(sys.argv[2])
print('ready', flush=True)
for line in sys.stdin:
    tries = int(line)
    print(next((3 * n for n in range(tries) if keys.charge(key, 3) is not None), 3 * tries), flush=True)
keys.close()
"""
"""Charges three texts as often as it is told, as far as it may, and says how many were granted."""


def spender(path: Path, text: str) -> subprocess.Popen[str]:
    program = f"import sys\nfrom tunery.serving.keys import Keys\n{_SPEND}"
    call = [sys.executable, "-c", program, str(path), text]
    return subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def tell(process: subprocess.Popen[str], tries: int = 1) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{tries}\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_processes_together_spend_a_quota_and_no_more(keys: Keys, path: Path) -> None:
    text, key = keys.create("web", quota="6000/day")
    processes = [spender(path, text) for _ in range(2)]
    assert [said(process) for process in processes] == ["ready", "ready"]
    for process in processes:
        tell(process, 10_000)
    spent = sum(int(said(process)) for process in processes)
    # What may be missing is in the other's hands.
    assert 6000 - 60 <= spent <= 6000
    for process in processes:
        process.communicate()
    assert spent + granted(keys, key) == 6000


def test_processes_together_keep_a_rate_exactly_where_it_is_small(keys: Keys, path: Path) -> None:
    text, key = keys.create("web", rate="150/minute")
    process = spender(path, text)
    assert said(process) == "ready"
    assert granted(keys, key, tries=70) == 70
    tell(process, 1000)
    assert said(process) == f"{3 * 80}"  # three texts in each request
    assert granted(keys, key) == 0
    process.communicate()


def test_a_file_that_another_makes_while_it_is_looked_at_is_no_strangers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Keys] = []
    other = threading.Thread(target=lambda: made.append(Keys(path)))

    class Interrupted(sqlite3.Connection):
        def execute(self, statement: str, *given: Any) -> sqlite3.Cursor:
            found = super().execute(statement, *given)
            if statement == "PRAGMA application_id" and other.ident is None:
                monkeypatch.undo()
                other.start()
                other.join(0.5)  # long enough to make the file, where nothing keeps it from that
            return found

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **more: connect(*given, factory=Interrupted, **more))
    Keys(path).create("web")
    other.join()
    assert [key.name for key in made[0].list()] == ["web"]


def test_processes_that_make_the_file_at_the_same_time_make_one(path: Path) -> None:
    program = "import sys\nfrom tunery.serving.keys import Keys\nsys.stdin.readline()\nKeys(sys.argv[1]).create('web')"
    call = [sys.executable, "-c", program, str(path)]
    processes = [subprocess.Popen(call, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        tell(process)
    assert [process.communicate()[1] for process in processes] == [""] * 4
    with Keys(path, create=False) as keys:
        assert len(keys.list()) == 4


def test_a_process_that_is_killed_takes_no_more_than_its_share_along(keys: Keys, path: Path) -> None:
    text, key = keys.create("web", quota="6000/day")
    process = spender(path, text)
    assert said(process) == "ready"
    tell(process)
    assert said(process) == "3"
    process.kill()
    process.communicate()
    assert 6000 - 60 <= granted(keys, key, tries=10_000) <= 5997


def test_flushing_gives_others_what_was_not_spent(keys: Keys, path: Path, clock: Clock) -> None:
    _, key = keys.create("web", quota="1000/day")
    with Keys(path, clock=clock) as others:
        assert keys.charge(key, 1) is None
        assert granted(others, key, tries=2000) == 990
        keys.flush()
        assert granted(others, key, tries=2000) == 9


def test_a_charge_is_rarely_a_write(keys: Keys, path: Path) -> None:
    _, key = keys.create("web", rate="100000/minute", quota="1000000/day")
    with Keys(path) as watching:
        before = watching._connection.execute("PRAGMA data_version").fetchone()
        assert keys.charge(key, 1) is None
        taken = watching._connection.execute("PRAGMA data_version").fetchone()
        assert granted(keys, key, tries=900) == 900
        assert watching._connection.execute("PRAGMA data_version").fetchone() == taken != before


@given(st.integers(1, 10**15), st.sampled_from(sorted(UNITS)), st.sampled_from(["/", " per ", " / "]), st.booleans())
def test_rates_are_read_and_written_alike(amount: int, unit: str, between: str, plural: bool) -> None:
    rate = parse_rate(f"{amount}{between}{unit}{'s' * plural}")
    assert (rate.amount, rate.seconds) == (amount, UNITS[unit])
    assert parse_rate(rate.text) == rate


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{1,3} ?/ ?[0-9]{0,2} ?[a-z;,]{1,8}", fullmatch=True))
def test_any_words_are_a_rate_or_a_setting_error(text: str) -> None:
    # Anything but a SettingError fails the test.
    with contextlib.suppress(SettingError):
        rate = parse_rate(text)
        assert min(rate.amount, rate.seconds) >= 1
        assert parse_rate(rate.text) == rate


@pytest.mark.parametrize("text", ["0/minute", "-1/day", "100", "1/fortnight", "1/second;5/minute", "9" * 5000 + "/day"])
def test_a_limit_that_can_not_be_kept_is_refused(keys: Keys, text: str) -> None:
    for name in ("rate", "quota"):
        with pytest.raises(SettingError, match=r"is not one amount and one period|is not a limit that can be kept"):
            keys.create("web", **{name: text})  # type: ignore[arg-type]
    assert keys.list() == ()


@given(
    amount=st.integers(1, 1000), before=st.integers(0, 1000), used=st.integers(0, 1000), wanted=st.integers(1, 1000),
    now=st.floats(0, 1e9), seconds=st.sampled_from([1, 60, 86_400]),
)  # fmt: skip
def test_after_waiting_as_told_there_is_enough(
    amount: int, before: int, used: int, wanted: int, now: float, seconds: int
) -> None:
    rate = parse_rate(f"{amount}/{ {1: 'second', 60: 'minute', 86_400: 'day'}[seconds] }")
    before, used, wanted = min(before, amount), min(used, amount), min(wanted, amount)
    wait = rate.wait(before, used, wanted, now, "sliding")
    assert wait >= 0
    then = now + wait + 1e-4 * seconds
    passed = rate.window(then) - rate.window(now)
    history = [before, used, 0, 0]
    assert passed <= 2
    assert rate.free(history[passed], history[passed + 1], then, "sliding") >= wanted


# -- bad files ---------------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_only_made_where_that_is_meant(path: Path) -> None:
    with pytest.raises(SettingError, match=r"There is no file of keys at .*tunery keys create --file"):
        Keys(path, create=False)
    assert not path.exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"none/keys\.db can't be used: No such file or directory"):
        Keys(tmp_path / "none" / "keys.db")


@pytest.mark.parametrize("data", [b"x", b"not a database" * 1000, b"SQLite format 3\0" + bytes(4096)])
def test_what_is_no_database_is_told_and_left_alone(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"keys\.db is not a file of keys, or it is damaged: .* Name the file that"):
        Keys(path)
    assert path.read_bytes() == data


def test_another_programs_database_is_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE customers (name TEXT)")
    connection.commit()
    connection.close()
    data = path.read_bytes()
    with pytest.raises(ModelError, match="it is another program's database"):
        Keys(path)
    assert path.read_bytes() == data


def test_a_later_version_is_told(path: Path) -> None:
    Keys(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=9")
    connection.close()
    with pytest.raises(ModelError, match=r"is of version 9, this Tunery reads 1\."):
        Keys(path)


@settings(max_examples=50)
@given(where=st.integers(0, 200), junk=st.binary(min_size=1, max_size=64))
def test_damage_is_words_or_does_no_harm(where: int, junk: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("damage") / "keys.db"
    with Keys(path) as keys:
        keys.create("web", rate="5/minute")
    data = bytearray(path.read_bytes())
    place = where * len(data) // 201
    data[place : place + len(junk)] = junk
    path.write_bytes(data)
    # Anything but words fails the test.
    with contextlib.suppress(SettingError, ModelError), Keys(path) as keys:
        for key in keys.list():
            keys.charge(key, 1)
        keys.create("more")
