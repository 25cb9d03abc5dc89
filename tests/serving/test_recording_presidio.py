"""A server whose project redacts with Presidio: names and accounts are not stored, and answers don't wait for it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.serving.test_recording import counted, eventually, fill, recording, stored
from tests.store.test_presidio import IBAN, made_model

import tunery
from tunery.errors import ServerError
from tunery.serving import recording as recordings
from tunery.serving.recording import Asked, Recorder
from tunery.store import feedback
from tunery.store.redaction import Redacted, redact
from tunery.store.settings import WorkspaceSettings
from tunery.store.workspace import Workspace
from tunery.types import Prediction

pytest.importorskip("presidio_analyzer")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return made_model(tmp_path_factory.mktemp("models"), "zh", {"王小明": "PERSON", "Ann": "PERSON"})


def test_neither_names_nor_accounts_are_stored(local_workspace: Workspace, models: Path, model: str) -> None:
    project = fill(local_workspace, models, presidio=True, presidio_models=[model])
    with recording(local_workspace, models) as running:
        answer = running.ask("intents", [f"我叫王小明，请退款到{IBAN}", "where is my card"])
        running.ask("entities", f"13812345678 {IBAN} went to Rome.")
        rows = eventually(lambda: stored(local_workspace, project), lambda rows: len(rows) == 3)
        with tunery.Client(running.url) as client:
            client.feedback("intents", answer["request_id"], "wrong", note=f"王小明 has {IBAN}")
    assert rows[0].text == "我叫[person]，请退款到[iban_code]"
    assert rows[0].redactions == {"person": 1, "iban_code": 1}
    assert rows[2].text == "[phone] [iban_code] went to Rome."
    for start, end, _label in json.loads(rows[2].answer or ""):
        assert rows[2].text[start:end].strip(" .") in ("Rome", "to Rome", "went to Rome")
    with local_workspace.reading() as session:
        assert [one.note for one in feedback.of(session, [rows[0].id])[rows[0].id]] == ["[person] has [iban_code]"]
    database = b"".join(path.read_bytes() for path in local_workspace.folder.glob("workspace.db*"))
    assert IBAN.encode() not in database
    assert "王小明".encode() not in database


def test_without_presidio_nothing_is_stored_and_it_is_said_and_counted(
    local_workspace: Workspace, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The project was set up where Presidio was installed; here it is not.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['presidio_analyzer'] = None\n", encoding="utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(tunery.__file__).parent.parent}")
    project = fill(local_workspace, models, presidio=True)
    with recording(local_workspace, models) as running:
        running.wait_for(lambda: any("pip install" in str(line.get("reason")) for line in running.log()))
        answer = running.ask("intents", [f"pay to {IBAN}", "call 13812345678"])
        counts = eventually(lambda: counted(local_workspace, "intents"), lambda found: found.lost == 2)
        assert (counts.requests, counts.texts, counts.stored) == (1, 2, 0)
        with running.client() as client:
            assert 'tunery_requests_lost_total{endpoint="intents"} 2.0' in client.get("/metrics").text
        with tunery.Client(running.url) as client, pytest.raises(ServerError) as caught:
            client.feedback("intents", answer["request_id"], "right")
        assert caught.value.status == 404
    assert stored(local_workspace, project) == []


class Answers:
    """What a recorder asks of a model that is served."""

    threshold_of_abstention = None

    def __init__(self, name: str) -> None:
        self.folder = Path(name)


def asked(text: str, call: str = "call") -> Asked:
    model: Any = Answers("intents")
    return Asked("intents", model, call, [0], [text], [Prediction("a", 0.5)], 1.0, None, "api", 0.0)


def test_a_redactor_that_blocks_does_not_keep_answers_waiting(
    local_workspace: Workspace, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = fill(local_workspace, models)
    begun, go_on = threading.Event(), threading.Event()

    def slow(text: str) -> Redacted:
        begun.set()
        go_on.wait()
        return redact(text)

    monkeypatch.setattr(recordings.redactors, "of", lambda settings: slow)
    recorder = Recorder(WorkspaceSettings(workspace=local_workspace.folder), lambda endpoint, number: None)
    recorder.start()
    recorder.add(asked("first"))
    assert begun.wait(120)
    for number in range(100):  # were they redacted here, this would never end
        recorder.add(asked(f"{number}"))
        recorder.count("intents", 200, 0.001)
    assert stored(local_workspace, project) == []
    go_on.set()
    recorder.close(120)
    assert len(stored(local_workspace, project)) == 101


def test_a_text_that_can_not_be_redacted_is_lost_alone(
    local_workspace: Workspace, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = fill(local_workspace, models)

    def picky(text: str) -> Redacted:
        if "bad" in text:
            raise ValueError(text)
        return redact(text)

    lost: list[tuple[str, int]] = []
    monkeypatch.setattr(recordings.redactors, "of", lambda settings: picky)
    recorder = Recorder(
        WorkspaceSettings(workspace=local_workspace.folder), lambda endpoint, number: lost.append((endpoint, number))
    )
    recorder.start()
    for text in ("one", "a bad one", "two"):
        recorder.add(asked(text))
    recorder.close(120)
    assert [row.text for row in stored(local_workspace, project)] == ["one", "two"]
    assert lost == [("intents", 1)]
    counts = counted(local_workspace, "intents")
    assert (counts.stored, counts.lost) == (2, 1)


def test_a_call_that_can_not_be_kept_is_counted_as_lost_alone(local_workspace: Workspace, models: Path) -> None:
    project = fill(local_workspace, models)
    recorder = Recorder(WorkspaceSettings(workspace=local_workspace.folder), lambda endpoint, number: None)
    recorder.start()
    broken = asked("one")
    broken.predictions.clear()  # fewer answers than texts: whatever the fault is, it is not silent
    recorder.add(broken)
    recorder.add(asked("two"))
    recorder.close(120)
    assert [row.text for row in stored(local_workspace, project)] == ["two"]
    counts = counted(local_workspace, "intents")
    assert (counts.stored, counts.lost) == (1, 1)
