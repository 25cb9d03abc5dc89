"""Models and data sets from the Hugging Face hub."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sources.conftest import DATA, MODEL, UNWANTED, files_of
from tests.sources.hub import TOKEN, Hub

from tunery.errors import SourceError
from tunery.i18n import use_language
from tunery.sources import fetch


def test_a_model_comes_with_its_commit_and_without_pickles_and_code(hf: Hub) -> None:
    commit = hf.add("team/bert", MODEL | UNWANTED).branches["main"]

    fetched = fetch("hf:team/bert", kind="model")

    assert fetched.uri == f"hf:team/bert@{commit}"
    assert fetched.revision == commit
    assert files_of(fetched.path) == set(MODEL)
    assert {name: (fetched.path / name).read_bytes() for name in MODEL} == MODEL
    assert not set(hf.downloads()) & {name.rsplit("/")[-1] for name in UNWANTED} - {"config.json"}


def test_a_name_without_an_owner_and_a_commit_is_understood(hf: Hub) -> None:
    commit = hf.add("bert-base-cased", MODEL).branches["main"]

    assert fetch(f"hf:bert-base-cased@{commit}", kind="model").uri == f"hf:bert-base-cased@{commit}"


def test_data_comes_from_the_repository_of_the_data_set(hf: Hub) -> None:
    commit = hf.add("team/reviews", DATA, "datasets").branches["main"]

    fetched = fetch("hf:team/reviews", kind="data")

    assert fetched.uri == f"hf:team/reviews@{commit}"
    assert files_of(fetched.path) == {"data/train.jsonl", "data/test.jsonl.gz", "README.md"}


def test_a_pinned_revision_gives_the_same_bytes_after_the_branch_has_moved(hf: Hub) -> None:
    repository = hf.add("team/bert", MODEL)
    pinned = fetch("hf:team/bert", kind="model")
    repository.commit(MODEL | {"config.json": b'{"model_type": "roberta"}'})

    assert fetch("hf:team/bert", kind="model").revision != pinned.revision
    again = fetch(pinned.uri, kind="model")
    assert again == pinned
    assert (again.path / "config.json").read_bytes() == MODEL["config.json"]


def test_a_pinned_revision_that_is_cached_asks_nobody(hf: Hub) -> None:
    hf.add("team/bert", MODEL)
    uri = fetch("hf:team/bert", kind="model").uri
    hf.requests.clear()

    fetch(uri, kind="model")

    assert hf.requests == []


def test_a_branch_and_a_path_can_be_named(hf: Hub) -> None:
    repository = hf.add(
        "team/many", {"small/model.safetensors": b"s", "small/config.json": b"{}", "large/model.safetensors": b"l"}
    )
    commit = repository.commit({"small/model.safetensors": b"s2", "small/config.json": b"{}"}, "next")

    fetched = fetch("hf:team/many/small@next", kind="model")

    assert fetched.uri == f"hf:team/many/small@{commit}"
    assert files_of(fetched.path) == {"model.safetensors", "config.json"}
    assert fetch(fetched.uri, kind="model") == fetched


def test_a_data_file_can_be_named(hf: Hub) -> None:
    hf.add("team/reviews", DATA, "datasets")

    assert fetch("hf:team/reviews/data/train.jsonl", kind="data").path.read_bytes() == DATA["data/train.jsonl"]


def test_one_gguf_of_many_is_chosen_by_name(hf: Hub) -> None:
    hf.add("team/quantised", {"q4.gguf": b"GGUF4", "q8.gguf": b"GGUF8", "config.json": b"{}"})

    with pytest.raises(SourceError) as caught:
        fetch("hf:team/quantised", kind="model")
    assert str(caught.value) == (
        "hf:team/quantised holds 2 GGUF models: q4.gguf, q8.gguf. Say which: hf:team/quantised/q4.gguf"
    )
    assert fetch("hf:team/quantised/q8.gguf", kind="model").path.read_bytes() == b"GGUF8"
    assert hf.downloads() == ["q8.gguf"]


@pytest.mark.parametrize("revision", ["", "@main"])
def test_what_is_cached_is_used_when_the_network_is_down(
    hf: Hub, revision: str, caplog: pytest.LogCaptureFixture
) -> None:
    hf.add("team/bert", MODEL)
    before = fetch("hf:team/bert", kind="model")
    hf.stop()

    with caplog.at_level(logging.WARNING, "tunery"):
        assert fetch(f"hf:team/bert{revision}", kind="model") == before
    assert "the connection was refused or broken. What is cached is used: hf:team/bert@" in caplog.text


def test_what_is_cached_is_used_when_the_hub_has_a_fault(hf: Hub) -> None:
    hf.add("team/bert", MODEL)
    before = fetch("hf:team/bert", kind="model")
    hf.fault = 503

    assert fetch("hf:team/bert", kind="model") == before


def test_an_interrupted_download_goes_on_where_it_stopped(hf: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    # What arrived is kept in pieces of this size, by default ten megabytes.
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 100_000)
    hf.add("team/bert", MODEL)
    hf.cut_after["model.safetensors"] = [300_000]

    fetched = fetch("hf:team/bert", kind="model")

    assert (fetched.path / "model.safetensors").read_bytes() == MODEL["model.safetensors"]
    ranges = [request.range for request in hf.requests if request.path.endswith("model.safetensors") and request.range]
    assert ranges == ["bytes=300000-"]


def test_an_unfinished_download_is_not_taken_for_a_cached_one(hf: Hub, tmp_path: Path) -> None:
    hf.add("team/bert", MODEL)
    fetched = fetch("hf:team/bert", kind="model")
    (fetched.path / "tokenizer.json").unlink()
    hf.stop()

    with pytest.raises(SourceError, match="the connection was refused or broken"):
        fetch(fetched.uri, kind="model")


def test_files_that_are_there_are_not_downloaded_again(hf: Hub) -> None:
    hf.add("team/bert", MODEL)
    fetched = fetch("hf:team/bert", kind="model")
    (fetched.path / "tokenizer.json").unlink()
    hf.requests.clear()

    assert fetch("hf:team/bert", kind="model") == fetched
    assert hf.downloads() in (["tokenizer.json"], [])


def test_an_unknown_repository_is_named_with_the_hub_that_was_asked(hf: Hub) -> None:
    with pytest.raises(SourceError) as caught:
        fetch("hf:team/brt", kind="model")
    assert str(caught.value) == (
        f"There is no model team/brt on {hf.url}, or it is private. "
        "Check the spelling; for a private one log in with: hf auth login (or set HF_TOKEN)."
    )


def test_a_private_repository_opens_with_a_token(hf: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hf.add("team/secret", MODEL).private = True
    with pytest.raises(SourceError, match=r"There is no model team/secret .* or it is private.*set HF_TOKEN"):
        fetch("hf:team/secret", kind="model")

    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert files_of(fetch("hf:team/secret", kind="model").path) == set(MODEL)


def test_a_gated_repository_says_where_to_accept_its_terms(hf: Hub) -> None:
    hf.add("team/gated", MODEL).gated = True

    with pytest.raises(SourceError) as caught:
        fetch("hf:team/gated", kind="model")
    assert str(caught.value) == (
        "hf:team/gated is gated: its owners give it to those who accept their terms. "
        f"Accept them at {hf.url}/team/gated, then log in with: hf auth login (or set HF_TOKEN)."
    )


def test_an_unknown_revision_is_an_error_even_where_another_is_cached(hf: Hub) -> None:
    hf.add("team/bert", MODEL)
    fetch("hf:team/bert", kind="model")

    with pytest.raises(SourceError, match=r"team/bert has no revision v9\. Its branches and commits are listed at"):
        fetch("hf:team/bert@v9", kind="model")


def test_pickled_weights_are_refused_with_the_way_to_convert_them(hf: Hub) -> None:
    hf.add("team/old", {"config.json": b"{}", "pytorch_model.bin": b"\x80\x04"})

    with pytest.raises(SourceError) as caught:
        fetch("hf:team/old", kind="model")
    text = str(caught.value)
    assert text.startswith("hf:team/old has its weights only as a pickle (pytorch_model.bin), which could run any code")
    assert "weights_only=True" in text
    assert "safe_serialization=True" in text
    assert hf.downloads() == []


def test_a_file_name_that_leads_out_of_the_folder_is_refused(hf: Hub) -> None:
    hf.add("team/evil", MODEL | {"../../../evil.json": b"{}"})

    with pytest.raises(SourceError, match=r"'../../../evil.json' leads out of the folder"):
        fetch("hf:team/evil", kind="model")
    assert hf.downloads() == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [(500, "the server has a fault (HTTP 500)"), (429, "too many requests (HTTP 429)"), (403, "denied (HTTP 403)")],
)
def test_a_refusal_says_what_the_hub_answered_and_what_to_do(
    hf: Hub, fault: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hf.fault = fault

    with pytest.raises(SourceError) as caught:
        fetch("hf:team/bert", kind="model")
    assert words in caught.value.message
    assert caught.value.hint


def test_a_hub_that_does_not_answer_is_given_up(hf: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunery.sources.hf._TIMEOUT", 0.1)
    hf.delay = 0.5

    with pytest.raises(SourceError, match=r"the server did not answer in time\. Check the network"):
        fetch("hf:team/bert", kind="model")


def test_a_name_that_does_not_resolve_is_said(hf: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://hub.invalid")

    with pytest.raises(SourceError, match=r"from http://hub\.invalid: the server's name could not be resolved"):
        fetch("hf:team/bert", kind="model")


@pytest.mark.parametrize("name", ["", "a/b@", "-x/y", "a/../b", "a/b/../../c", "/etc/passwd", "a/b@-r", "a b/c"])
def test_what_is_no_name_is_refused_without_asking(hf: Hub, name: str) -> None:
    with pytest.raises(SourceError, match="is not the name of a repository"):
        fetch(f"hf:{name}", kind="model")
    assert hf.requests == []


def test_errors_speak_chinese_without_losing_the_facts(hf: Hub) -> None:
    with use_language("zh"), pytest.raises(SourceError, match="team/brt"):
        fetch("hf:team/brt", kind="model")


def test_offline_mode_asks_nobody_and_does_not_wonder(
    hf: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    hf.add("team/bert", MODEL)
    with pytest.raises(SourceError) as caught:
        fetch("hf:team/bert", kind="model")
    assert str(caught.value) == (
        "hf:team/bert is not cached, and HF_HUB_OFFLINE is set. "
        "Fetch it once while online, or set HF_HOME to the cache that holds it."
    )

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    before = fetch("hf:team/bert", kind="model")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    hf.requests.clear()

    assert fetch("hf:team/bert", kind="model") == before
    assert hf.requests == []
    assert caplog.text == ""


def test_the_environment_of_the_hub_library_is_honoured(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add("team/bert", MODEL).branches["main"]
    code = "from tunery.sources import fetch; print(fetch('hf:team/bert', kind='model').uri)"

    for environment in ({"HF_ENDPOINT": hub.url}, {"HF_HUB_OFFLINE": "1"}):
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "HF_HOME": str(tmp_path / "home"), **environment},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout == f"hf:team/bert@{commit}\n", done.stderr

    assert (tmp_path / "home" / "hub" / "models--team--bert").is_dir()
