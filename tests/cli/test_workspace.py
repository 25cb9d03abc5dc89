"""``tunery workspace``: backups, restoring, checking, clearing up, with the real command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.calls import Tunery

from tunery.store import projects
from tunery.store.workspace import Workspace


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TUNERY_WORKSPACE", "TUNERY_DATABASE", "TUNERY_BLOBS"):
        monkeypatch.delenv(name, raising=False)
    with Workspace.open(tmp_path / "workspace") as workspace:
        with workspace.writing() as session:
            projects.create(session, name="意图", user=None)
        workspace.blobs.put(b"an orphan")
    return tmp_path / "workspace"


def test_a_workspace_goes_into_a_file_and_comes_out_of_it(tunery: Tunery, folder: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "backup.zip", tmp_path / "new"
    made = tunery("workspace", "backup", file, "--workspace", folder)
    assert (made.code, made.out) == (0, "")
    assert made.err.startswith(f"{file} holds the workspace: ")
    restored = tunery("workspace", "restore", file, "--workspace", new)
    assert (restored.code, restored.out) == (0, "")
    assert restored.err.startswith(f"The workspace in {new} is as it was at 20")
    with Workspace.open(new, create=False) as workspace, workspace.reading() as session:
        assert [one.name for one in projects.page(session).items] == ["意图"]
    again = tunery("workspace", "restore", file, "--workspace", new)
    assert (again.code, again.err.splitlines()[0]) == (1, f"Error: The workspace {new} is not empty.")


def test_check_says_what_is_wrong_and_fails(tunery: Tunery, folder: Path) -> None:
    sound = tunery("workspace", "check", "--workspace", folder)
    assert (sound.code, sound.out, sound.err) == (0, "", "Nothing is wrong with the workspace.\n")
    (folder / "models" / "unknown").mkdir(parents=True)
    answer = tunery("workspace", "check", "--workspace", folder)
    assert (answer.code, answer.out) == (1, f"{folder}/models/unknown is a copy of no model.\n")
    found = tunery("workspace", "check", "--workspace", folder, "--json")
    assert found.code == 1
    assert [fault["kind"] for fault in json.loads(found.out)["faults"]] == ["copy"]


def test_gc_says_how_much_is_free_again(tunery: Tunery, folder: Path) -> None:
    answer = tunery("workspace", "gc", "--workspace", folder)
    assert (answer.code, answer.err) == (0, "0.0 MB are free again.\n")
    assert json.loads(tunery("workspace", "gc", "--workspace", folder, "--json").out) == {"freed": 0}


def test_info_says_where_it_lies_and_what_it_holds(tunery: Tunery, folder: Path) -> None:
    found = json.loads(tunery("workspace", "info", "--workspace", folder, "--json").out)
    assert (found["workspace"], found["projects"], found["models"]) == (str(folder), 1, 0)
    lines = tunery("workspace", "info", "--workspace", folder).out.splitlines()
    assert f"Workspace: {folder}" in lines
    assert "Projects: 1" in lines


def test_what_can_not_be_done_is_said_without_a_traceback(tmp_path: Path, folder: Path) -> None:
    def call(*arguments: str, language: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/bin:/bin", "TUNERY_LANG": language, "PYTHONPATH": ":".join(sys.path)}
        command = [sys.executable, "-m", "tunery", "workspace", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)

    nothing = call("info", "--workspace", str(tmp_path / "none"), language="en")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert nothing.stderr.startswith("Error: There is no workspace in ")
    (tmp_path / "no-backup").write_text("text")
    broken = call("restore", str(tmp_path / "no-backup"), "--workspace", str(tmp_path / "none"), language="zh")
    assert broken.returncode == 1
    assert "Traceback" not in broken.stderr
    assert broken.stderr.startswith("错误")
    unwritable = call("backup", "/proc/backup.zip", "--workspace", str(folder), language="en")
    assert unwritable.returncode == 1
    assert unwritable.stderr.startswith("Error: /proc/backup.zip can't be written: ")
