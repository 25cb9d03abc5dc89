"""What is served is what was measured: the same answers as from the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import InferenceClient
from tests.serving.conftest import INTENTS
from tests.serving.rig import Running, copy, serving

import tunery
from tunery.models.exported import ExportedModel
from tunery.types import Prediction

TEXTS = (
    "When will my card arrive?",
    "",
    "我的卡什么时候到？ \U0001f600",
    "Ann went to Paris.",
    "In Rome we met Bob today. " * 200,
    "   ",
)


def close(served: dict[str, object], expected: Prediction) -> None:
    score = expected.score
    if isinstance(expected.target, str):
        assert served["label"] == expected.target
    elif "spans" in served:
        spans = [(span["start"], span["end"], span["label"]) for span in served["spans"]]  # type: ignore[attr-defined]
        assert spans == [(span.start, span.end, span.label) for span in expected.spans]
        return
    else:
        assert served["labels"] == list(expected.labels)
    assert served["score"] == pytest.approx(score, abs=2e-5)


@pytest.mark.parametrize("name", ["intents", "emotions", "entities"])
def test_saved_exported_and_served_answers_are_the_same(name: str, models: Path, server: Running) -> None:
    saved = tunery.load_model(models / name).predict(TEXTS)
    exported = ExportedModel.load(models / name).predict(TEXTS)
    served = server.ask(name, list(TEXTS))["predictions"]
    for one, other, third in zip(saved, exported, served, strict=True):
        assert one.target == other.target
        close(third, one)
        assert third.get("windows", 1) == one.windows
    assert saved[4].windows > 1


def test_a_text_alone_is_answered_as_among_others(server: Running) -> None:
    together = server.ask("topics", list(TEXTS))["predictions"]
    alone = [server.ask("topics", text)["predictions"][0] for text in TEXTS]
    for one, other in zip(together, alone, strict=True):
        assert one["label"] == other["label"]
        assert one["score"] == pytest.approx(other["score"], abs=2e-5)


def test_offsets_count_code_points(server: Running) -> None:
    text = "\U0001f600\U0001f600 Ann went to Paris."
    spans = server.ask("entities", text)["predictions"][0]["spans"]
    assert [text[span["start"] : span["end"]] for span in spans] == [span["text"] for span in spans]
    assert [span["text"] for span in spans] == ["Ann", "Paris"]


def test_top_gives_so_many_labels_with_their_scores(server: Running) -> None:
    scores = server.ask("intents", "my card is lost", top=3)["predictions"][0]["scores"]
    assert len(scores) == 3
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert "scores" not in server.ask("intents", "my card is lost")["predictions"][0]


def test_no_text_at_all_is_no_answer_at_all(server: Running) -> None:
    assert server.ask("intents", [])["predictions"] == []


def test_answers_name_version_and_request(server: Running) -> None:
    with server.client(headers={"X-Request-Id": "mine-1"}) as client:
        response = client.post("/v1/predict/intents", json={"inputs": [{"text": "hello"}]})
    assert response.headers["x-request-id"] == response.json()["request_id"] == "mine-1"
    assert response.json()["version"].startswith("intents-")
    assert response.json()["endpoint"] == "intents"


def test_an_id_that_could_break_a_log_is_replaced(server: Running) -> None:
    with server.client(headers={"X-Request-Id": "a b\tc"}) as client:
        assert client.get("/v1/endpoints").headers["x-request-id"] not in ("a b\tc", "")


def test_below_the_threshold_it_abstains(models: Path, tmp_path: Path) -> None:
    abstention = {"threshold": 0.9, "accuracy": 0.95, "answered": 0.8, "refused": None, "rows": 60}
    careful = copy(models / "intents", tmp_path / "careful", abstention=abstention)
    with serving(str(careful)) as running:
        predictions = running.ask("careful", ["When will my card arrive?", "zebra crossing", "hm"])["predictions"]
        assert {one["abstain"] for one in predictions} == {True, False}
        assert all(one["abstain"] is (one["score"] < 0.9) for one in predictions)
        with running.client() as client:
            assert client.get("/v1/endpoints/careful").json()["abstention"]["threshold"] == 0.9
            assert 'tunery_abstentions_total{endpoint="careful"}' in client.get("/metrics").text


def test_hugging_faces_client_works_unchanged(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    classes = InferenceClient(model=f"{server.url}/models/intents").text_classification("I have lost my card", top_k=2)
    assert classes[0].label == "lost_or_stolen_card"
    assert len(classes) == 2
    found = InferenceClient(model=f"{server.url}/models/entities").token_classification(
        "Ann went to Paris.", aggregation_strategy="simple"
    )
    assert [(one.entity_group, one.word, one.start, one.end) for one in found] == [
        ("PER", "Ann", 0, 3),
        ("LOC", "Paris", 12, 17),
    ]


def test_hugging_faces_shape_for_several_texts(server: Running) -> None:
    with server.client() as client:
        lists = client.post("/models/intents", json={"inputs": ["a", "b"]}).json()
        assert [len(one) for one in lists] == [len(INTENTS)] * 2
        lists = client.post("/models/entities", json={"inputs": ["Ann went to Paris.", "nobody"]}).json()
        assert [len(one) for one in lists] == [2, 0]


def test_a_model_without_an_export_is_run_by_torch(models: Path, tmp_path: Path) -> None:
    plain = copy(models / "intents", tmp_path / "plain", export=None)
    with serving(str(plain)) as running:
        answers = running.ask("plain", list(TEXTS))["predictions"]
        for one, other in zip(answers, tunery.load_model(plain).predict(TEXTS), strict=True):
            close(one, other)
        with running.client() as client:
            assert client.get("/v1/endpoints/plain").json()["versions"][0]["runtime"] == "torch"


def test_a_server_of_exported_models_loads_no_torch(server: Running) -> None:
    server.ask("intents", "hello")
    maps = [path.path for worker in server.workers() for path in worker.memory_maps(grouped=True)]
    assert any("onnxruntime" in path for path in maps)
    assert not [path for path in maps if "libtorch" in path or "pyarrow" in path or "sklearn" in path]
