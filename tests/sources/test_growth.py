"""Progress of downloads that other programs do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tunery.sources.growth import growing


def test_what_arrives_in_a_folder_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TUNERY_PROGRESS", "1")
    monkeypatch.setattr("tunery.progress._QUIET_FOR", 0.0)
    monkeypatch.setattr("tunery.progress._LINE_EVERY", 0.0)
    monkeypatch.setattr("tunery.sources.growth._EVERY", 0.02)
    folder = tmp_path / "not-there-yet"

    with growing(folder, "Downloading x", 1000):
        folder.mkdir()
        (folder / "part").write_bytes(bytes(250))
        time.sleep(0.1)

    assert "Downloading x: 25%, " in capsys.readouterr().err


def test_an_error_in_the_block_is_not_lost(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), growing(tmp_path, "Downloading x"):
        raise KeyboardInterrupt
