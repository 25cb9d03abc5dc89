"""A worker that tunes, and gets killed."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.app.jobs.helpers import Here, child, ended, job, questions, start, wait, worker

import tunery
from tunery.app.jobs.queue import Jobs
from tunery.store import models
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Model, Run
from tunery.store.workspace import Workspace


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, tiny_base: str) -> Iterator[Here]:
    settings = WorkspaceSettings(workspace=tmp_path_factory.mktemp("tuning") / "w", database=None, blobs=None)
    with Workspace.open(settings) as workspace:
        yield Here(workspace, tiny_base)


@pytest.mark.long
def test_a_run_is_finished_as_if_nothing_had_happened_whoever_is_killed(here: Here, tmp_path: Path) -> None:
    workspace, file = here.workspace, questions(tmp_path)
    version = here.upload(file)
    undisturbed = tunery.tune(
        tunery.load_data(file, "text-classification"), here.base, strategy="full", epochs=10, patience=0, batch_size=16
    )
    first = start(workspace)
    name = here.start("tune", version=version, recipe=here.recipe(), name="disturbed")
    _reaches_checkpoint(workspace, name, attempt=1)
    assert _run(workspace, name).curves["dev"]
    child(first).send_signal(signal.SIGKILL)
    _reaches_checkpoint(workspace, name, attempt=2)
    first.kill()
    first.wait()
    with worker(workspace):
        found = ended(workspace, name)
    assert (found.state, found.error, found.attempts) == ("done", None, 3)
    assert found.result is not None
    with workspace.reading() as session:
        weights = models.files(session, found.result["model"])["model.safetensors"].hash
        assert session.scalar(select(func.count()).select_from(Model)) == 1
    assert weights == hashlib.sha256((undisturbed.folder / "model.safetensors").read_bytes()).hexdigest()
    run = _run(workspace, name)
    assert (run.id, run.state, run.name, run.ended_by) == (found.result["run"], "done", "disturbed", "complete")
    assert run.metrics == undisturbed.manifest.metrics
    assert (run.curves["dev"][0][0], run.curves["dev"][-1][0]) == (0, pytest.approx(10))
    epochs = [epoch for epoch, _value in run.curves["loss"]]
    assert epochs == sorted(set(epochs))


def test_a_run_that_is_cancelled_leaves_no_model(here: Here, tmp_path: Path) -> None:
    workspace = here.workspace
    version = here.upload(questions(tmp_path))
    with workspace.reading() as session:
        before = session.scalar(select(func.count()).select_from(Model))
    with worker(workspace):
        name = here.start("tune", version=version, recipe=here.recipe(epochs=500))
        wait(lambda: job(workspace, name).progress.get("step") == "Tuning")
        with workspace.writing() as session:
            Jobs().cancel(session, name)
        assert ended(workspace, name).state == "cancelled"
    with workspace.reading() as session:
        assert session.scalar(select(func.count()).select_from(Model)) == before
    assert _run(workspace, name).state == "cancelled"


def _run(workspace: Workspace, name: str) -> Run:
    with workspace.reading() as session:
        return session.scalars(select(Run).where(Run.job == name)).one()


def _reaches_checkpoint(workspace: Workspace, name: str, *, attempt: int) -> None:
    """Wait until an attempt is in the middle of its training, and there is something to go on from."""
    work = workspace.place("jobs") / name / "model" / ".run"

    def reached() -> bool:
        found = job(workspace, name)
        assert found.ended is None
        return found.attempts == attempt and found.progress.get("step") == "Tuning" and any(work.glob("checkpoint-*"))

    wait(reached)
