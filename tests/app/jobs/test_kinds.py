"""What each kind of job makes, carried out in this process."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.app.jobs.helpers import Here, questions

from tunery.app.actions import queues
from tunery.app.actions.queues import QueueSettings
from tunery.app.context import Context
from tunery.app.jobs.queue import Jobs
from tunery.errors import SettingError
from tunery.store import endpoints, models, projects, reports, runs, versions
from tunery.store.annotation import queues as stored_queues
from tunery.store.failures import NotFoundError
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Model, Run, Version
from tunery.store.workspace import Workspace


class Made(Here):
    """A project with a version and a model."""

    def __init__(self, workspace: Workspace, base: str, folder: Path) -> None:
        super().__init__(workspace, base)
        self.file = questions(folder)
        self.version = self.upload(self.file)
        tuned = self.do("tune", version=self.version, recipe={"base": base, "strategy": "probe"}, name="first")
        self.run, self.model = str(tuned["run"]), str(tuned["model"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_base: str) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("kinds")
    with Workspace.open(WorkspaceSettings(workspace=folder / "w", database=None, blobs=None)) as workspace:
        yield Made(workspace, tiny_base, folder)


def test_an_import_makes_a_version_and_the_same_rows_make_no_other(made: Made) -> None:
    with made.workspace.reading() as session:
        version = versions.get(session, made.version)
    assert (version.number, version.origin, version.source) == (1, "upload", "questions.jsonl")
    assert sum(split["rows"] for split in version.counts.values()) == 300
    assert made.upload(made.file) == made.version


def test_a_source_is_imported_as_it_is_called(made: Made) -> None:
    result = made.do("import", data_set="from a source", task="text-classification", source=f"file:{made.file}")
    with made.workspace.reading() as session:
        version = versions.get(session, str(result["version"]))
    assert (version.origin, result["new"]) == ("source", True)
    assert "questions.jsonl@sha256:" in version.source


def test_a_check_says_what_would_cost_quality(made: Made) -> None:
    found = made.do("check", version=made.version)["check"]
    assert found["ok"] is True
    assert set(found["splits"]) == {"train", "dev", "test"}


def test_a_plan_says_what_a_run_would_do(made: Made) -> None:
    plan = made.do("plan", version=made.version, recipe=made.recipe())["plan"]
    assert [stage["strategy"] for stage in plan["stages"]] == ["full"]
    assert plan["seconds"] > 0
    assert plan["labels"] == 2


def test_a_run_and_its_model_belong_together(made: Made) -> None:
    with made.workspace.reading() as session:
        run = runs.get(session, made.run)
        model = models.get(session, made.model)
    assert (run.state, run.kind, run.name, run.version) == ("done", "tune", "first", made.version)
    assert run.recipe["strategy"]["name"] == "probe"
    assert run.curves["dev"][-1][1] == pytest.approx(run.metrics[run.curves["metric"]])
    assert (model.run, model.name, model.labels) == (made.run, "first", ["food", "weather"])


def test_a_report_has_an_answer_for_every_row_and_no_text(made: Made) -> None:
    result = made.do("evaluate", model=made.model, version=made.version)
    with made.workspace.reading() as session:
        report = reports.get(session, str(result["report"]))
        answers = reports.answers(session, report.id, limit=1000).items
    assert (report.model, report.version, report.split) == (made.model, made.version, "test")
    assert len(answers) == report.summary["rows"] > 50
    assert sum(answer.right for answer, _row in answers) / len(answers) == report.summary["metrics"]["accuracy"]
    assert set(answers[0][0].scores) == {"food", "weather"}
    assert report.summary["errors"] == []
    assert "question" not in json.dumps(report.summary)
    assert all(row.text.startswith("question") for _answer, row in answers)


@pytest.mark.long
def test_a_deployed_model_is_exported_first(made: Made) -> None:
    result = made.do("deploy", model=made.model, endpoint="questions")
    with made.workspace.reading() as session:
        endpoint = endpoints.by_name(session, "questions")
        model = models.get(session, str(result["model"]))
        files = models.files(session, model.id)
    assert endpoint.id == result["endpoint"]
    assert endpoint.champion == model.id != made.model
    assert model.derived == made.model
    assert result["export"]["runtime"] in {"torch", "onnx", "onnx-int8"}
    assert "tunery.json" in files
    plain = made.do("deploy", model=made.model, endpoint="questions", export=False)
    assert plain == {"model": made.model, "endpoint": endpoint.id}


def test_base_models_are_ranked(made: Made) -> None:
    ranking = made.do("rank", version=made.version, bases=[made.base])["ranking"]
    assert ranking["best"] == made.base


def test_a_search_keeps_the_best_model_and_all_trials(made: Made) -> None:
    recipe = {"base": made.base, "strategy": "full", "max_steps": 6, "batch_size": 16}
    result = made.do("search", version=made.version, recipe=recipe, trials=2, name="searched")
    with made.workspace.reading() as session:
        run = runs.get(session, str(result["run"]))
        trials = runs.page(session, project=made.project, parent=run.id).items
        assert models.get(session, str(result["model"])).run == run.id
    assert (run.kind, run.state) == ("search", "done")
    assert {trial.name for trial in trials} == {"1", "2"}
    assert all(trial.kind == "trial" and trial.state == "done" for trial in trials)
    best = result["search"]["trials"][result["search"]["best"] - 1]
    assert max(trial.metrics[result["search"]["metric"]] for trial in trials) == best["score"]


def test_wrong_labels_are_found(made: Made, tmp_path: Path) -> None:
    lines = made.file.read_text(encoding="utf-8").splitlines()
    for number in range(0, 300, 30):
        row = json.loads(lines[number])
        lines[number] = json.dumps({**row, "label": "food" if row["label"] == "weather" else "weather"})
    spoiled = tmp_path / "questions.jsonl"
    spoiled.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with made.workspace.reading() as session:
        data_set = versions.get(session, made.upload(spoiled)).data_set
    settings = QueueSettings(name="Wrong?", origin="labelled", order="errors", base=made.base)
    queue = queues.create(Context(made.workspace, Jobs()), data_set=data_set, settings=settings)
    found = made.do("label-errors", queue=queue.queue.id, base=made.base)
    with made.workspace.reading() as session:
        left = stored_queues.items(session, queue=queue.queue.id)
    assert 0 < found["likely"] == len(left) < queue.items
    assert {item.reason for item in left} == {"error"}
    assert [item.priority for item in left] == sorted((item.priority for item in left), reverse=True)


def test_a_backup_is_of_the_whole_workspace(made: Made) -> None:
    result = made.do("backup", project=False)
    assert zipfile.is_zipfile(result["file"])
    with pytest.raises(SettingError, match="about the whole workspace"):
        made.start("backup")


def test_what_belongs_to_another_project_can_not_be_used(made: Made) -> None:
    with made.workspace.writing() as session:
        stranger = projects.create(session, name="strangers", user=None).id
        before = session.scalar(select(func.count()).select_from(Run))
    for kind, arguments in (
        ("check", {"version": made.version}),
        ("plan", {"version": made.version, "recipe": made.recipe()}),
        ("tune", {"version": made.version, "recipe": made.recipe()}),
        ("search", {"version": made.version, "recipe": made.recipe()}),
        ("curve", {"version": made.version, "recipe": made.recipe()}),
        ("rank", {"version": made.version, "bases": [made.base]}),
        ("evaluate", {"version": made.version, "model": made.model}),
        ("export", {"model": made.model}),
        ("deploy", {"model": made.model, "endpoint": "theirs"}),
    ):
        with pytest.raises(NotFoundError), made.workspace.writing() as session:
            Jobs().enqueue(session, kind, arguments, project=stranger)
    with made.workspace.reading() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == before
        assert session.scalar(select(func.count()).select_from(Version)) >= 1
        assert session.scalar(select(func.count()).select_from(Model).where(Model.project == stranger)) == 0


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        ("tune", {"recipe": {"base": "b", "epoch": 1}}, "no setting epoch"),
        ("tune", {"recipe": {"strategy": "full"}}, "No base model is named"),
        ("tune", {"recipe": {"base": "b", "strategy": {"name": "fast"}}}, "fast"),
        ("search", {"recipe": {"base": "b"}, "trials": 1}, "at least 2"),
        ("rank", {"bases": []}, "bases"),
    ],
)
def test_what_can_not_be_carried_out_is_refused_at_once(
    made: Made, kind: str, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingError, match=said):
        made.start(kind, version=made.version, **arguments)


def test_an_import_needs_something_to_read(made: Made) -> None:
    with pytest.raises(SettingError, match="Nothing to read is named"):
        made.start("import", data_set="d", task="text-classification")
    with pytest.raises(SettingError, match="no setting text_colum"):
        made.start("import", data_set="d", task="text-classification", source="hf:a/b", settings={"text_colum": "a"})
