"""What a server sends is written where it was asked for, and nowhere else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tunery.app.rest.archives import zipped
from tunery.app.unpacking import unpack
from tunery.errors import ServerError, SettingError


def archive(path: Path, *names: str, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name in names:
            file.writestr(name, "x" * 1000)
    return path


def test_a_folder_that_was_sent_is_the_same_folder(tmp_path: Path) -> None:
    model = tmp_path / "model"
    (model / "模型").mkdir(parents=True)
    (model / "config.json").write_bytes(b"{}")
    (model / "模型" / "weights.bin").write_bytes(bytes(range(256)) * 100)
    sent = Path(zipped(model, "model-1", tmp_path).path)

    unpack(sent, tmp_path / "a" / "mine")

    found = {path.relative_to(tmp_path / "a" / "mine"): path for path in (tmp_path / "a" / "mine").rglob("*")}
    assert set(found) == {path.relative_to(model) for path in model.rglob("*")}
    assert (tmp_path / "a" / "mine" / "模型" / "weights.bin").read_bytes() == bytes(range(256)) * 100
    assert list((tmp_path / "a").iterdir()) == [tmp_path / "a" / "mine"]


@pytest.mark.parametrize(
    "name", ["model/../../out", "/model/out", "model/../out", "out", "model/", "model/a\\..\\..\\out", "model/C:out"]
)
def test_nothing_is_written_elsewhere(tmp_path: Path, name: str) -> None:
    sent = archive(tmp_path / "sent.zip", "model/config.json", name)
    with pytest.raises(ServerError, match="not a model's"):
        unpack(sent, tmp_path / "in" / "mine")
    assert list((tmp_path / "in").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "sent.zip"]


def test_what_would_grow_while_it_is_unpacked_is_refused(tmp_path: Path) -> None:
    sent = archive(tmp_path / "sent.zip", "model/a", compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ServerError, match="not a model's"):
        unpack(sent, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_a_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    sent = archive(tmp_path / "sent.zip", "model/a", "model/b")
    content = bytearray(sent.read_bytes())
    content[content.index(b"x" * 1000)] ^= 1
    sent.write_bytes(content)
    with pytest.raises(ServerError, match="can't be unpacked"):
        unpack(sent, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_what_is_there_is_not_touched(tmp_path: Path) -> None:
    sent = archive(tmp_path / "sent.zip", "model/a")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own").write_text("kept", encoding="utf-8")
    with pytest.raises(SettingError, match="holds something already"):
        unpack(sent, tmp_path / "mine")
    assert (tmp_path / "mine" / "own").read_text(encoding="utf-8") == "kept"


def test_a_place_that_can_not_be_written_is_said_in_words(tmp_path: Path) -> None:
    sent = archive(tmp_path / "sent.zip", "model/a")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SettingError, match="can't be written"):
        unpack(sent, tmp_path / "file" / "mine")
