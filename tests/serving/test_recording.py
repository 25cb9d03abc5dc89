"""A server that writes what it is asked into a workspace: what is kept, what is said about it, and what is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import select
from tests.serving.rig import Running, serving

import tunery
from stores import Postgres, postgres_is_installed
from tunery.errors import ServerError
from tunery.serving.keys import Keys
from tunery.store import endpoints, feedback, projects, requests, traffic
from tunery.store.requests import RequestFilter
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Model, Request
from tunery.store.workspace import Workspace
from tunery.types import Span

T = TypeVar("T")
NAMES = {"intents": "text-classification", "emotions": "text-classification", "entities": "token-classification"}


def fill(workspace: Workspace, models: Path, **settings: object) -> str:
    """Make a project whose endpoints have the models of the tests; return its id."""
    with workspace.writing() as session:
        project = projects.create(session, name="P", user=None).id
        projects.change_settings(session, project, settings)
        for name, task in NAMES.items():
            labels = json.loads((models / name / "tunery.json").read_text(encoding="utf-8"))["labels"]
            session.add(Model(id=name, project=project, task=task, labels=labels, size=1, created=datetime.now(UTC)))
            session.flush()
            endpoints.deploy(session, project=project, name=name, model=name, user=None)
    return project


def recording(workspace: Workspace, models: Path, *more: str) -> Any:
    """Start a server that has these models and records into a workspace in SQLite."""
    return serving(*(f"{name}={models / name}" for name in NAMES), "--workspace", str(workspace.folder), *more)


@pytest.fixture
def project(local_workspace: Workspace, models: Path) -> str:
    return fill(local_workspace, models)


@pytest.fixture
def recorder(local_workspace: Workspace, models: Path, project: str) -> Iterator[Running]:
    with recording(local_workspace, models) as running:
        yield running


def stored(workspace: Workspace, project: str, **chosen: object) -> list[Request]:
    with workspace.reading() as session:
        found = requests.page(session, project=project, chosen=RequestFilter.model_validate(chosen), limit=1000).items
    return found[::-1]


def counted(workspace: Workspace, name: str) -> traffic.Counts:
    with workspace.reading() as session:
        endpoint = endpoints.by_name(session, name)
        return traffic.read(session, [endpoint.id], since=datetime.now(UTC) - timedelta(minutes=60)).counts


def eventually(look: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    until = time.monotonic() + 120
    while not wanted(found := look()):
        assert time.monotonic() < until, found
        time.sleep(0.1)
    return found


def test_what_is_asked_is_stored_without_what_identifies_a_person(
    recorder: Running, local_workspace: Workspace, project: str
) -> None:
    answer = recorder.ask("intents", ["my card is lost, call 13812345678", "where is my card"])
    recorder.ask("entities", "Ann 13812345678 went to Rome.")
    with recorder.client() as client:
        assert client.post("/v1/predict/intents", json={"inputs": 1}).status_code == 422
        lines = '{"text": "a"}\nno line\n{"text": "b"}\n'
        headers = {"Content-Type": "application/x-ndjson", "X-Request-ID": "lines"}
        assert len(client.post("/v1/predict/intents/stream", content=lines, headers=headers).text.splitlines()) == 3
        assert client.post("/models/intents", json={"inputs": "as others"}).status_code == 200
    rows = eventually(lambda: stored(local_workspace, project), lambda rows: len(rows) == 6)
    first, second = rows[:2]
    assert (first.text, first.redactions) == ("my card is lost, call [phone]", {"phone": 1})
    assert (first.call, first.number, second.number) == (answer["request_id"], 0, 1)
    assert [json.loads(row.answer or "") for row in rows[:2]] == [one["label"] for one in answer["predictions"]]
    assert first.score == pytest.approx(answer["predictions"][0]["score"])
    assert (first.model, first.origin, first.key) == ("intents", "api", None)
    assert first.milliseconds is not None
    assert first.milliseconds > 0
    entities = rows[2]
    assert entities.text == "Ann [phone] went to Rome."
    for start, end, _label in json.loads(entities.answer or ""):
        assert entities.text[start:end].strip(" .") in ("Ann", "Rome", "to Rome", "went to Rome")
    assert [(row.call, row.number, row.text) for row in rows[3:5]] == [("lines", 0, "a"), ("lines", 2, "b")]
    counts = eventually(lambda: counted(local_workspace, "intents"), lambda found: found.requests == 4)
    assert (counts.texts, counts.stored, counts.refused, counts.failed, counts.lost) == (5, 5, 1, 0, 0)
    assert counts.quantile(0.5) is not None


def test_callers_say_whether_an_answer_was_right(recorder: Running, local_workspace: Workspace, project: str) -> None:
    with tunery.Client(recorder.url) as client:
        asked = client.ask("intents", ["a", "b"])
        client.feedback("intents", asked.request_id, "right")  # at once: it waits until the request is written
        client.feedback("intents", asked.request_id, "corrected", target="exchange_rate", number=1, note="13812345678")
        text = "13812345678 Ann went to Rome."
        names = client.ask("entities", [text])
        client.feedback("entities", names.request_id, "corrected", target=(Span(12, 15, "PER"), Span(24, 28, "LOC")))
        feelings = client.ask("emotions", ["so happy"])
        client.feedback("emotions", feelings.request_id, "corrected", target=())
        for wrong, status in (
            (("intents", "unknown", "right"), 404),
            (("entities", asked.request_id, "right"), 404),
            (("nothing", asked.request_id, "right"), 404),
            (("intents", asked.request_id, "corrected"), 422),
            (("intents", asked.request_id, "maybe"), 422),
        ):
            with pytest.raises(ServerError) as caught:
                client.feedback(*wrong)  # type: ignore[arg-type]
            assert caught.value.status == status
        with pytest.raises(ServerError, match="doesn't know the label 'nothing'"):
            client.feedback("intents", asked.request_id, "corrected", target="nothing")
    rows = stored(local_workspace, project)
    with local_workspace.reading() as session:
        said = feedback.of(session, [row.id for row in rows])
    assert [(one.verdict, one.target, one.note) for row in rows for one in said[row.id]] == [
        ("right", None, ""), ("corrected", '"exchange_rate"', "[phone]"),
        ("corrected", '[[8,11,"PER"],[20,24,"LOC"]]', ""), ("corrected", "[]", ""),
    ]  # fmt: skip
    assert rows[2].text[8:11] == "Ann"


def test_settings_are_followed_while_the_server_runs(
    recorder: Running, local_workspace: Workspace, project: str
) -> None:
    def ask(text: str) -> traffic.Counts:
        before = counted(local_workspace, "intents").texts
        recorder.ask("intents", text)
        return eventually(lambda: counted(local_workspace, "intents"), lambda found: found.texts > before)

    ask("kept")
    with local_workspace.writing() as session:
        projects.change_settings(session, project, {"store_requests": False, "redact": []})
    eventually(lambda: ask("not kept").sampled_out, lambda found: found > 0)
    number = len(stored(local_workspace, project))
    with local_workspace.writing() as session:
        endpoint = endpoints.by_name(session, "intents")
        endpoints.change_settings(session, endpoint.id, {"store_requests": True}, user=None)
    eventually(lambda: (ask("13812345678"), stored(local_workspace, project))[1], lambda rows: len(rows) > number)
    assert stored(local_workspace, project)[-1].text == "13812345678"


def test_what_was_asked_before_the_end_is_stored(local_workspace: Workspace, models: Path, project: str) -> None:
    with recording(local_workspace, models) as running:
        for number in range(30):
            running.ask("intents", [f"{number} a", f"{number} b"])
    assert len(stored(local_workspace, project)) == 60
    assert counted(local_workspace, "intents").stored == 60


def test_only_who_may_change_the_server_says_where_a_request_came_from(
    local_workspace: Workspace, models: Path, project: str, tmp_path: Path
) -> None:
    with Keys(tmp_path / "keys.db") as keys:
        own, known = keys.create("own", rate="3/day")
        admin, _ = keys.create("admin", admin=True)
    with recording(local_workspace, models, "--keys", str(tmp_path / "keys.db")) as running, running.client() as client:
        for key, origin in ((own, "share"), (admin, "share"), (admin, "elsewhere")):
            headers = {"Authorization": f"Bearer {key}", "X-Tunery-Origin": origin}
            assert client.post("/v1/predict/intents", json={"inputs": "a"}, headers=headers).status_code == 200
        body = {"request_id": "unknown", "verdict": "right"}
        headers = {"Authorization": f"Bearer {own}"}
        found = [client.post("/v1/endpoints/intents/feedback", json=body, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in found] == [404, 404, 429]
    rows = stored(local_workspace, project)
    assert [row.origin for row in rows] == ["api", "share", "api"]
    assert rows[0].key == known.id


def test_without_a_workspace_feedback_is_refused(server: Running) -> None:
    with server.client() as client:
        body = {"request_id": "a", "verdict": "right"}
        answer = client.post("/v1/endpoints/intents/feedback", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "no-workspace")


@pytest.mark.long
def test_answers_go_on_while_the_database_is_away_and_nothing_is_lost_that_fits(
    models: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not postgres_is_installed():
        pytest.skip("no Postgres is installed")
    postgres = Postgres()
    postgres.start()
    folder = tmp_path_factory.mktemp("workspace")
    settings = WorkspaceSettings(workspace=folder, database=postgres.create("tunery"), blobs=None)
    with Workspace.open(settings) as workspace:
        project = fill(workspace, models)
        arguments = [*(f"{name}={models / name}" for name in NAMES), "--workspace", str(folder)]
        with serving(*arguments, "--database", str(settings.database)) as running:
            running.ask("intents", "before")
            eventually(lambda: stored(workspace, project), lambda rows: len(rows) == 1)
            postgres.stop(hard=True)
            for number in range(21):
                running.ask("intents", [f"{number} {at}" for at in range(1000)])
            running.wait_for(lambda: any(line.get("waiting") for line in running.log()))
            with running.client() as client:
                body = {"request_id": "a", "verdict": "right"}
                assert client.post("/v1/endpoints/intents/feedback", json=body).status_code == 503
                assert 'tunery_requests_lost_total{endpoint="intents"} 1000.0' in client.get("/metrics").text
            postgres.start()
            counts = eventually(lambda: counted(workspace, "intents"), lambda found: found.stored == 20_001)
            assert (counts.texts, counts.lost, counts.requests) == (21_001, 1000, 22)
            with workspace.reading() as session:
                texts = list(session.scalars(select(Request.text)))
            assert len(texts) == len(set(texts)) == 20_001
    postgres.stop()


def test_what_the_workspace_does_not_know_is_counted_as_lost_and_said(
    local_workspace: Workspace, models: Path, project: str
) -> None:
    served = (f"intents={models / 'topics'}", f"elsewhere={models / 'topics'}")
    with serving(*served, "--workspace", str(local_workspace.folder)) as running:
        running.ask("intents", ["one", "two"])
        counts = eventually(lambda: counted(local_workspace, "intents"), lambda counts: counts.lost == 2)
        running.ask("elsewhere", ["three"])
        running.wait_for(lambda: any("no model topics" in line for line in running.lines))
        with running.client() as client:
            eventually(lambda: client.get("/metrics").text, lambda text: _lost(text, "elsewhere") == 1)

    assert (counts.texts, counts.stored) == (2, 0)
    assert stored(local_workspace, project) == []


def _lost(metrics: str, endpoint: str) -> float:
    """Return how many texts of an endpoint the metrics call lost."""
    found = [line for line in metrics.splitlines() if "lost" in line and f'"{endpoint}"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in found if "_created" not in line)


def test_a_workspace_that_is_not_there_is_said_so(
    models: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from tunery.cli.main import run

    assert run(["serve", str(models / "intents"), "--port", "0", "--workspace", str(tmp_path / "none")]) == 1
    assert "There is no workspace in" in capfd.readouterr().err


def test_a_server_without_a_workspace_loads_nothing_of_it(models: Path) -> None:
    import subprocess
    import sys

    words = "\n".join(
        [
            "import sys, asyncio, tunery.serving.worker, tunery.serving.standalone",
            "from pathlib import Path",
            "from tunery.serving.endpoints import Plan",
            "from tunery.serving.server import Server",
            "from tunery.serving.settings import ServingSettings",
            "state = Path(sys.argv[2])",
            "Plan.of({'intents': Path(sys.argv[1])}).write(state)",
            "server = Server(ServingSettings(), state)",
            "asyncio.run(server.start())",
            "server.close()",
            "assert not {'sqlalchemy', 'alembic', 'fsspec', 'tunery.store'} & set(sys.modules)",
        ]
    )
    command = [sys.executable, "-c", words, str(models / "intents"), str(models.parent / "state.json")]
    assert subprocess.run(command, check=False, capture_output=True, text=True).stderr == ""
