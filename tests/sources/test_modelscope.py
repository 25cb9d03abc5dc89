"""Models and data sets from ModelScope."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest
from tests.sources.conftest import DATA, MODEL, UNWANTED, files_of
from tests.sources.hub import TOKEN, Hub

from tunery.errors import MissingExtraError, SourceError
from tunery.sources import fetch


def test_a_model_comes_with_its_commit_and_without_pickles_and_code(modelscope: Hub) -> None:
    commit = modelscope.add("team/bert", MODEL | UNWANTED).branches["master"]

    fetched = fetch("modelscope:team/bert", kind="model")

    assert fetched.uri == f"modelscope:team/bert@{commit}"
    assert fetched.revision == commit
    assert files_of(fetched.path) == set(MODEL)
    assert {name: (fetched.path / name).read_bytes() for name in MODEL} == MODEL


def test_data_comes_from_the_repository_of_the_data_set(modelscope: Hub) -> None:
    commit = modelscope.add("team/reviews", DATA, "datasets").branches["master"]

    fetched = fetch("modelscope:team/reviews/data", kind="data")

    assert fetched.uri == f"modelscope:team/reviews/data@{commit}"
    assert files_of(fetched.path) == {"train.jsonl", "test.jsonl.gz"}


def test_a_pinned_revision_gives_the_same_bytes_after_the_branch_has_moved(modelscope: Hub) -> None:
    repository = modelscope.add("team/bert", MODEL)
    pinned = fetch("modelscope:team/bert", kind="model")
    repository.commit(MODEL | {"config.json": b'{"model_type": "roberta"}'})

    assert fetch("modelscope:team/bert", kind="model").revision != pinned.revision
    again = fetch(pinned.uri, kind="model")
    assert again == pinned
    assert (again.path / "config.json").read_bytes() == MODEL["config.json"]


def test_a_hub_that_tells_no_commits_is_pinned_by_content(modelscope: Hub) -> None:
    modelscope.tells_commits = False
    repository = modelscope.add("team/bert", MODEL)

    pinned = fetch("modelscope:team/bert", kind="model")
    assert pinned.uri == f"modelscope:team/bert@master@sha256:{pinned.revision}"
    assert fetch(pinned.uri, kind="model") == pinned

    repository.commit(MODEL | {"vocab.txt": b"other\n"})
    with pytest.raises(
        SourceError, match=f"modelscope:team/bert@master has changed: its sha256 is .*{pinned.revision}"
    ):
        fetch(pinned.uri, kind="model")


def test_a_pinned_revision_that_is_cached_asks_nobody(modelscope: Hub) -> None:
    modelscope.add("team/bert", MODEL)
    uri = fetch("modelscope:team/bert", kind="model").uri
    modelscope.requests.clear()

    fetch(uri, kind="model")

    assert modelscope.requests == []


@pytest.mark.parametrize("revision", ["", "@master"])
def test_what_is_cached_is_used_when_the_network_is_down(
    modelscope: Hub, revision: str, caplog: pytest.LogCaptureFixture
) -> None:
    modelscope.add("team/bert", MODEL)
    before = fetch(f"modelscope:team/bert{revision}", kind="model")
    modelscope.stop()

    with caplog.at_level(logging.WARNING, "tunery"):
        assert fetch(f"modelscope:team/bert{revision}", kind="model") == before
    assert "What is cached is used: modelscope:team/bert@" in caplog.text


def test_what_modelscopes_own_tools_have_fetched_is_used_offline(modelscope: Hub) -> None:
    from modelscope_hub import HubApi

    modelscope.add("team/bert", MODEL | UNWANTED)
    HubApi().download_repo("team/bert", "model")
    modelscope.stop()

    fetched = fetch("modelscope:team/bert", kind="model")

    assert fetched.uri == f"modelscope:team/bert@master@sha256:{fetched.revision}"
    assert (fetched.path / "model.safetensors").read_bytes() == MODEL["model.safetensors"]


def test_an_interrupted_download_goes_on_where_it_stopped(modelscope: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelscope_hub._download.DOWNLOAD_CHUNK_SIZE", 100_000)
    modelscope.add("team/bert", MODEL)
    modelscope.cut_after["model.safetensors"] = [300_000]

    fetched = fetch("modelscope:team/bert", kind="model")

    assert (fetched.path / "model.safetensors").read_bytes() == MODEL["model.safetensors"]
    assert any(request.range == "bytes=300000-" for request in modelscope.requests)


def test_a_damaged_cache_is_mended(modelscope: Hub) -> None:
    modelscope.add("team/bert", MODEL)
    fetched = fetch("modelscope:team/bert", kind="model")
    (fetched.path / "config.json").write_text("{}")

    assert fetch(fetched.uri, kind="model") == fetched
    assert (fetched.path / "config.json").read_bytes() == MODEL["config.json"]


def test_an_unknown_repository_is_named(modelscope: Hub) -> None:
    with pytest.raises(SourceError) as caught:
        fetch("modelscope:team/brt", kind="model")
    assert str(caught.value) == (
        "ModelScope has no modelscope:team/brt, or it is private. "
        "Check the spelling and the revision; for a private one log in with: ms login (or set MODELSCOPE_API_TOKEN)."
    )


def test_a_private_repository_opens_with_a_token(modelscope: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    modelscope.add("team/secret", MODEL).private = True
    with pytest.raises(SourceError, match=r"doesn't let you have modelscope:team/secret.*set MODELSCOPE_API_TOKEN"):
        fetch("modelscope:team/secret", kind="model")

    monkeypatch.setenv("MODELSCOPE_API_TOKEN", TOKEN)
    assert files_of(fetch("modelscope:team/secret", kind="model").path) == set(MODEL)


def test_pickled_weights_are_refused_before_anything_is_downloaded(modelscope: Hub) -> None:
    modelscope.add("team/old", {"config.json": b"{}", "pytorch_model.bin": b"\x80\x04"})

    with pytest.raises(SourceError, match="modelscope:team/old has its weights only as a pickle"):
        fetch("modelscope:team/old", kind="model")
    assert modelscope.downloads() == []


def test_a_file_name_that_leads_out_of_the_folder_is_refused(modelscope: Hub, tmp_path: Path) -> None:
    modelscope.add("team/evil", MODEL | {"../../../../../evil.json": b"{}"})

    with pytest.raises(SourceError, match="leads out of the folder"):
        fetch("modelscope:team/evil", kind="model")
    assert not list(tmp_path.rglob("evil.json"))


def test_a_hub_with_a_fault_is_said(modelscope: Hub) -> None:
    modelscope.fault = 400

    with pytest.raises(SourceError, match=r"could not be fetched from ModelScope: the server refused \(HTTP 400\)"):
        fetch("modelscope:team/bert", kind="model")


def test_a_name_needs_an_owner(modelscope: Hub) -> None:
    with pytest.raises(SourceError, match=r"'bert' is not the name of a repository\. It is written: modelscope:OWNER/"):
        fetch("modelscope:bert", kind="model")


def test_the_extra_is_named_where_the_library_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modelscope_hub", None)

    with pytest.raises(MissingExtraError, match=r'pip install "tunery\[modelscope\]"'):
        fetch("modelscope:team/bert", kind="model")
