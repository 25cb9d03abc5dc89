"""Results are written whole or not at all; words go to standard error."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tunery.cli.output import STDOUT, print_error, print_problems, save, say, whole_file, write
from tunery.errors import DataError, Problem, SettingError


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "out.txt"
    with whole_file(target) as file:
        file.write(b"one\n")
        assert not target.exists()
    assert target.read_bytes() == b"one\n"
    assert list(target.parent.iterdir()) == [target]


def test_a_file_is_readable_by_whoever_may_read_new_files(tmp_path: Path) -> None:
    plain, whole = tmp_path / "plain", tmp_path / "whole"
    plain.write_text("")
    with whole_file(whole):
        pass
    assert stat.S_IMODE(whole.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_failure_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError), whole_file(target) as file:
        file.writelines(text.encode("ascii") for text in ("half", "好"))
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_place_that_cannot_be_written_to_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match=r"file/out.txt can't be written: .*\. Name a file in a folder"):
        save(tmp_path / "file" / "out.txt", "text")


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="can't be written: Is a directory"):
        save(tmp_path, "text")
    assert list(tmp_path.iterdir()) == []


def test_a_hyphen_is_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    save(STDOUT, "报告")
    assert capfd.readouterr() == ("报告\n", "")


def test_results_and_words_do_not_mix(capfd: pytest.CaptureFixture[str]) -> None:
    write("result")
    say("[bold]words[/bold]")
    assert capfd.readouterr() == ("result\n", "[bold]words[/bold]\n")


def test_an_error_has_its_way_out_on_the_next_line(capfd: pytest.CaptureFixture[str]) -> None:
    print_error(SettingError("There is no [x].", "Use y."))
    assert capfd.readouterr().err == "Error: There is no [x].\n  Use y.\n"


def test_problems_name_their_place(capfd: pytest.CaptureFixture[str]) -> None:
    print_error(
        DataError([Problem("error", "ragged", "Two columns.", "Add one.", "a.txt", 7), Problem("note", "x", "N.")])
    )
    assert capfd.readouterr().err == "Error: a.txt:7: Two columns.\n  Add one.\nNote: N.\n"


def test_of_very_many_problems_the_first_are_shown_and_the_rest_counted(capfd: pytest.CaptureFixture[str]) -> None:
    print_problems([Problem("warning", "x", f"Number {n}.") for n in range(60)])
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "Warning: Number 0."
    assert lines[49:] == ["Warning: Number 49.", "... and 10 more."]
