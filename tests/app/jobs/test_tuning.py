"""From a file to a model that is measured, with a worker that does the jobs, and gets killed."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.app.jobs.helpers import child, ended, job, start, wait, worker

from tunery.app.jobs.queue import Jobs
from tunery.errors import SettingError
from tunery.store import models, projects, reports, runs
from tunery.store.failures import NotFoundError
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Job, Model, Run, Version
from tunery.store.workspace import Workspace

_ROWS = 300


def _file(folder: Path) -> Path:
    """Write questions about two things, which a small model learns quickly."""
    things = {"weather": ["rain", "sun", "snow", "wind"], "food": ["bread", "soup", "rice", "cake"]}
    path = folder / "questions.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(_ROWS):
            label = ("weather", "food")[number % 2]
            word = things[label][number // 2 % 4]
            row = {"text": f"question {number}: is there any {word} today in town {number % 97}", "label": label}
            file.write(json.dumps(row) + "\n")
    return path


class Place:
    """A project in a workspace, and what is asked of its worker."""

    def __init__(self, workspace: Workspace, base: str) -> None:
        self.workspace = workspace
        self.base = base
        with workspace.writing() as session:
            self.project = projects.create(session, name="p", user=None).id

    def start(self, kind: str, **arguments: object) -> str:
        with self.workspace.writing() as session:
            return Jobs().enqueue(session, kind, arguments, project=self.project).id

    def do(self, kind: str, **arguments: object) -> dict[str, object]:
        found = ended(self.workspace, self.start(kind, **arguments))
        assert found.error is None
        assert found.state == "done"
        return dict(found.result or {})

    def recipe(self, **settings: object) -> dict[str, object]:
        return {"base": self.base, "strategy": {"name": "full"}, "epochs": 3, "batch_size": 16, **settings}

    def weights(self, model: object) -> str:
        with self.workspace.reading() as session:
            return models.files(session, str(model))["model.safetensors"].hash

    def version(self, folder: Path) -> str:
        digest, _size = self.workspace.blobs.put(_file(folder))
        result = self.do(
            "import", data_set="questions", task="text-classification",
            files=[{"name": "questions.jsonl", "blob": digest}],
        )  # fmt: skip
        return str(result["version"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_base: str) -> Iterator[Place]:
    settings = WorkspaceSettings(workspace=tmp_path_factory.mktemp("tuning") / "w", database=None, blobs=None)
    with Workspace.open(settings) as workspace:
        yield Place(workspace, tiny_base)


def test_a_model_comes_about_whoever_is_killed_meanwhile(place: Place, tmp_path: Path) -> None:
    workspace = place.workspace
    with worker(workspace):
        version = place.version(tmp_path)
        assert place.do("check", version=version)["version"] == version
        plan = place.do("plan", version=version, recipe=place.recipe())["plan"]
        assert isinstance(plan, dict)
        assert plan["rows"] == pytest.approx(_ROWS * 0.7, rel=0.1)
        undisturbed = place.do("tune", version=version, recipe=place.recipe(), name="undisturbed")

    first = start(workspace)
    name = place.start("tune", version=version, recipe=place.recipe(), name="disturbed")
    _reaches(workspace, name, checkpoints=1)
    assert _curves(workspace, name)["dev"]
    child(first).send_signal(signal.SIGKILL)
    _reaches(workspace, name, attempt=2)
    first.kill()
    first.wait()
    with worker(workspace):
        disturbed = ended(workspace, name)
        assert (disturbed.state, disturbed.error) == ("done", None)
        assert disturbed.attempts == 3
        assert disturbed.result is not None
        assert disturbed.result["model"] != undisturbed["model"]
        assert place.weights(disturbed.result["model"]) == place.weights(undisturbed["model"])
        measured = place.do("evaluate", version=version, model=disturbed.result["model"])

    with workspace.reading() as session:
        assert session.scalar(select(func.count()).select_from(Model)) == 2
        assert session.scalar(select(func.count()).select_from(Version)) == 1
        run = runs.get(session, disturbed.result["run"])
        answers = reports.answers(session, str(measured["report"]), limit=1000)
        report = reports.get(session, str(measured["report"]))
    assert (run.state, run.name, run.ended_by) == ("done", "disturbed", "complete")
    assert run.metrics["accuracy"] > 0.9
    assert run.curves["metric"] == "accuracy"
    assert run.curves["dev"][0][0] == 0
    assert run.curves["dev"][-1][0] == pytest.approx(3)
    assert [epoch for epoch, _value in run.curves["loss"]] == sorted(epoch for epoch, _value in run.curves["loss"])
    assert len(answers.items) == report.summary["rows"]
    right = sum(answer.right for answer, _row in answers.items) / len(answers.items)
    assert right == pytest.approx(report.summary["metrics"]["accuracy"])
    assert report.summary["errors"] == []
    assert "question" not in json.dumps(report.summary)


def _curves(workspace: Workspace, name: str) -> dict[str, object]:
    with workspace.reading() as session:
        return dict(session.scalars(select(Run).where(Run.job == name)).one().curves)


def _reaches(workspace: Workspace, name: str, *, checkpoints: int = 0, attempt: int = 1) -> None:
    """Wait until a job is in the middle of its training."""
    work = workspace.place("jobs") / name / "model" / ".run"

    def reached() -> bool:
        found: Job = job(workspace, name)
        share = found.progress.get("share") or 0.0
        assert found.ended is None
        return found.attempts >= attempt and share > 0.3 and len(list(work.glob("checkpoint-*"))) >= checkpoints

    wait(reached)


def test_what_belongs_to_another_project_can_not_be_used(place: Place) -> None:
    with place.workspace.writing() as session:
        stranger = projects.create(session, name="strangers", user=None).id
        version = session.scalars(select(Version.id)).one()
        model = session.scalars(select(Model.id)).first()
    for kind, arguments in (
        ("check", {"version": version}),
        ("tune", {"version": version, "recipe": place.recipe()}),
        ("evaluate", {"version": version, "model": model}),
        ("export", {"model": model}),
    ):
        with pytest.raises(NotFoundError), place.workspace.writing() as session:
            Jobs().enqueue(session, kind, arguments, project=stranger)


def test_a_recipe_that_can_not_be_carried_out_is_refused_at_once(place: Place) -> None:
    with place.workspace.reading() as session:
        version = session.scalars(select(Version.id)).one()
    with pytest.raises(SettingError, match="no setting epoch"):
        place.start("tune", version=version, recipe=place.recipe(epoch=1))
    with place.workspace.reading() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 2


def test_a_run_that_is_cancelled_leaves_no_model(place: Place) -> None:
    workspace, before = place.workspace, datetime.now(UTC)
    with workspace.reading() as session:
        version = session.scalars(select(Version.id)).one()
    with worker(workspace):
        name = place.start("tune", version=version, recipe=place.recipe(epochs=200))
        _reaches_training(workspace, name)
        with workspace.writing() as session:
            Jobs().cancel(session, name)
        found = ended(workspace, name)
    assert found.state == "cancelled"
    with workspace.reading() as session:
        run = session.scalars(select(Run).where(Run.job == name)).one()
        assert session.scalars(select(Model).where(Model.created > before)).all() == []
    assert run.state == "cancelled"
    assert run.ended is not None


def _reaches_training(workspace: Workspace, name: str) -> None:
    wait(lambda: job(workspace, name).progress.get("step") == "Tuning")
