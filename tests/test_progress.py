from __future__ import annotations

import threading

import pytest

from tunery import progress
from tunery.progress import bar, listening, tell, without_words


class _Ear:
    def __init__(self) -> None:
        self.moves: list[tuple[str, float | None, float | None, str]] = []
        self.words: list[str] = []

    def moved(self, description: str, share: float | None, left: float | None, note: str) -> None:
        self.moves.append((description, share, left, note))

    def told(self, words: str) -> None:
        self.words.append(words)


def test_a_listener_is_told_how_far_a_bar_is_even_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    ear = _Ear()
    with listening(ear), bar("Reading", 4) as shown:
        shown.advance()
        shown.say("loss 1")
        shown.advance(3)
    assert [(name, share, note) for name, share, _left, note in ear.moves] == [
        ("Reading", 0.25, ""), ("Reading", 0.25, "loss 1"), ("Reading", 1.0, "loss 1"),
    ]  # fmt: skip
    lefts = [left for _name, _share, left, _note in ear.moves]
    assert all(left is not None and left >= 0 for left in lefts)
    assert lefts[-1] == 0
    assert capsys.readouterr().err == ""


def test_a_bar_without_a_total_has_no_share() -> None:
    ear = _Ear()
    with listening(ear), bar("Reading") as shown:
        shown.advance()
        shown.resize(2)
    assert [(share, left is None) for _name, share, left, _note in ear.moves] == [(None, True), (0.5, False)]


def test_words_are_passed_on_once_unless_there_are_to_be_none() -> None:
    ear = _Ear()
    with listening(ear):
        tell("decided")
        with bar("Reading", 1) as shown:
            shown.tell("found")
        with without_words():
            tell("kept back")
    tell("too late")
    assert ear.words == ["decided", "found"]


def test_a_bar_that_another_thread_moves_tells_the_one_who_listened_when_it_was_made() -> None:
    ear = _Ear()
    with listening(ear), bar("Fetching", 2) as shown:
        thread = threading.Thread(target=shown.advance)
        thread.start()
        thread.join()
    assert [share for _name, share, _left, _note in ear.moves] == [0.5]


def test_a_log_has_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TUNERY_PROGRESS", "1")
    monkeypatch.setattr(progress, "_QUIET_FOR", 0.0)
    monkeypatch.setattr(progress, "_LINE_EVERY", 0.0)
    with bar("Reading", 2) as shown:
        shown.advance()
    assert capsys.readouterr().err == "Reading: 50%, 0:00 left\n"
