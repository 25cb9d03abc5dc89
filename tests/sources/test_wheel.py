"""What a wheel may do on its way onto the disk, and what it may not."""

from __future__ import annotations

import random
import stat
import zipfile
from collections import namedtuple
from contextlib import suppress
from pathlib import Path

import pytest
from tests.sources.conftest import files_of
from tests.sources.wheels import Member, make_wheel

from tunery.errors import SourceError
from tunery.sources import wheel
from tunery.sources.wheel import Wheel


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (("../evil.txt", b""), "the name of its member '../evil.txt' leads out of the folder"),
        (("pkg/../../evil.txt", b""), "leads out of the folder"),
        (("/etc/evil.txt", b""), "leads out of the folder"),
        (("C:/evil.txt", b""), "leads out of the folder"),
        (("pkg\\..\\evil.txt", b""), "leads out of the folder"),
        (("pkg//evil.txt", b""), "leads out of the folder"),
        (("./evil.txt", b""), "leads out of the folder"),
        ((link("pkg/link.txt"), b"/etc/passwd"), "its member 'pkg/link.txt' is a link or a device"),
        (("pkg/A.txt", b""), "it has two members of the same name"),
    ],
)
def test_a_hostile_member_makes_the_whole_wheel_refused(tmp_path: Path, member: Member, reason: str) -> None:
    path = make_wheel(tmp_path, "evil", "1.0", {"pkg/a.txt": b"a"}, [member])

    with pytest.raises(SourceError) as caught:
        Wheel(path)
    assert str(caught.value).startswith("evil-1.0-py3-none-any.whl was refused: ")
    assert reason in str(caught.value)
    assert str(caught.value).endswith("Don't use this package, and tell whoever keeps the index.")


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "evil", "1.0", {"pkg/a.txt": b"a"}, [("pkg/a.txt", b"b")])

    with pytest.raises(SourceError, match="two members of the same name"):
        Wheel(path)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "evil", "1.0", {"pkg/a.txt": b"a"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)

    with pytest.raises(SourceError, match=r"'pkg/a\.txt' is encrypted, or packed as no wheel is"):
        Wheel(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "_FREE", 1000)
    path = make_wheel(tmp_path / "wheels", "bomb", "1.0", {"pkg/a.txt": bytes(10_000_000)})
    target = tmp_path / "out"
    target.mkdir()

    with pytest.raises(SourceError, match="was refused: it would unpack to 10000000 bytes"):
        Wheel(path).extract(["pkg/a.txt"], "", target)
    assert files_of(target) == set()


def test_an_archive_of_too_many_members_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "MAX_MEMBERS", 3)

    with pytest.raises(SourceError, match="it has 4 members"):
        Wheel(make_wheel(tmp_path, "many", "1.0", {"a.txt": b""}))


def test_a_member_that_says_it_is_smaller_than_it_is_does_not_get_more(tmp_path: Path) -> None:
    path = make_wheel(tmp_path / "wheels", "liar", "1.0", {"pkg/a.txt": bytes(100_000)})
    content = path.read_bytes().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(content)
    target = tmp_path / "out"
    target.mkdir()

    with pytest.raises(SourceError, match="is broken: "):
        Wheel(path).extract(["pkg/a.txt"], "", target)


def test_a_full_disk_is_noticed_before_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_wheel(tmp_path, "big", "1.0", {"pkg/a.txt": bytes(100_000)})
    monkeypatch.setattr(wheel.shutil, "disk_usage", lambda folder: namedtuple("Usage", "free")(99_999))

    with pytest.raises(SourceError) as caught:
        Wheel(path).extract(["pkg/a.txt"], "", tmp_path)
    assert str(caught.value) == (
        "big-1.0-py3-none-any.whl needs 100000 bytes on the disk, and there is not so much room. "
        "Make room, or put the cache elsewhere with TUNERY_CACHE."
    )


def test_only_what_is_asked_for_is_unpacked_below_the_folder(tmp_path: Path) -> None:
    path = make_wheel(tmp_path / "wheels", "good", "1.0", {"pkg/data/a.txt": b"a", "pkg/data/b.txt": b"b", "c.py": b""})
    target = tmp_path / "out"
    target.mkdir()

    opened = Wheel(path)
    assert opened.names == ["c.py", "pkg/data/a.txt", "pkg/data/b.txt"]
    opened.extract(["pkg/data/a.txt"], "pkg/", target)

    assert (target / "data" / "a.txt").read_bytes() == b"a"
    assert files_of(target) == {"data/a.txt"}


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_wheel_is_refused_or_unpacked_but_nothing_else(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    files = {"pkg/a.txt": b"some text " * 30, "pkg/b.txt": bytes(range(256))}
    path = make_wheel(tmp_path / "wheels", "damaged", "1.0", files)
    content = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 4)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content[: chance.choice([len(content), chance.randrange(len(content))])])
    target = tmp_path / "out"
    target.mkdir()

    with suppress(SourceError):
        opened = Wheel(path)
        opened.extract(opened.names, "", target)
    assert {found.name for found in tmp_path.iterdir()} == {"wheels", "out"}
