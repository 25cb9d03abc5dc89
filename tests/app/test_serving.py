"""A workspace's endpoints as callers have them: real models behind a real server that the application keeps."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest
from tests.serving.conftest import models  # noqa: F401 - a fixture
from tests.serving.rig import copy

from stores import Postgres, postgres_is_installed
from tunery.app.serving import Manager
from tunery.serving.keys import digest_of, new_text
from tunery.serving.settings import ServingSettings
from tunery.store import endpoint_keys, endpoints, projects, requests, traffic
from tunery.store.models import put
from tunery.store.settings import WorkspaceSettings
from tunery.store.workspace import Workspace

_PATIENCE = 240.0


class Deployed:
    """A workspace with an endpoint, two models for it, and a key."""

    def __init__(self, workspace: Workspace, models: Path, folder: Path) -> None:  # noqa: F811
        labels = json.loads((models / "intents" / "tunery.json").read_text(encoding="utf-8"))["labels"]
        second = copy(models / "intents", folder / "second", labels=[f"{label}2" for label in labels])
        self.workspace, self.text = workspace, new_text()
        with workspace.writing() as session:
            self.project = projects.create(session, name="P", user=None).id
            self.first, self.second = (
                put(workspace, session, project=self.project, folder=folder, user=None).id
                for folder in (models / "intents", second)
            )
            self.endpoint = endpoints.deploy(
                session, project=self.project, name="intents", model=self.first, user=None
            ).id
            self.key = endpoint_keys.create(
                session, project=self.project, digest=digest_of(self.text).hex(), name="key", endpoints=["intents"],
                user=None,
            ).id  # fmt: skip

    def ask(self, manager: Manager, text: str = "where is my card") -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.text}"}
        with httpx.Client(trust_env=False, timeout=_PATIENCE) as client:
            return client.post(f"{manager.url}/v1/predict/intents", json={"inputs": text}, headers=headers)

    def label(self, manager: Manager) -> str:
        answer = self.ask(manager)
        assert answer.status_code == 200, answer.text
        label: str = answer.json()["predictions"][0]["label"]
        return label

    def stored(self) -> int:
        with self.workspace.reading() as session:
            return requests.page(session, project=self.project, total=True).total or 0

    def counts(self) -> traffic.Counts:
        with self.workspace.reading() as session:
            return traffic.read(session, [self.endpoint], since=datetime.now(UTC) - timedelta(hours=1)).counts


@pytest.fixture
def deployed(local_workspace: Workspace, models: Path, tmp_path: Path) -> Deployed:  # noqa: F811
    return Deployed(local_workspace, models, tmp_path)


@contextlib.contextmanager
def managed(workspace: Workspace) -> Iterator[Manager]:
    with Manager(workspace, ServingSettings(port=0, drain=5.0)) as manager:
        assert manager.wait(_PATIENCE)
        yield manager


def eventually(condition: Callable[[], object]) -> None:
    until = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


@contextlib.contextmanager
def no_room(process: int | None) -> Iterator[None]:
    """Let a server and its workers write no file beyond some bytes, as on a full disk."""
    server = psutil.Process(process)
    numbers = [one.pid for one in (server, *server.children(recursive=True))]
    limits = resource.prlimit(numbers[0], resource.RLIMIT_FSIZE)
    for number in numbers:
        resource.prlimit(number, resource.RLIMIT_FSIZE, (1000, limits[1]))
    yield
    for number in numbers:
        resource.prlimit(number, resource.RLIMIT_FSIZE, limits)


def test_answers_go_on_while_the_disk_is_full_and_what_was_asked_is_kept(deployed: Deployed) -> None:
    with managed(deployed.workspace) as manager:
        deployed.label(manager)
        eventually(lambda: deployed.stored() == 1)
        with no_room(manager.process):
            for _number in range(5):
                deployed.label(manager)
            time.sleep(1.0)  # it tries to write meanwhile
            assert deployed.stored() == 1
        eventually(lambda: deployed.stored() == 6)
        assert deployed.counts().lost == 0


def test_what_is_changed_in_the_workspace_is_so_for_callers(deployed: Deployed) -> None:
    workspace = deployed.workspace
    with managed(workspace) as manager:
        first = deployed.label(manager)
        statuses: Counter[int] = Counter()
        ending = threading.Event()

        def ask_on() -> None:
            while not ending.is_set():
                statuses[deployed.ask(manager).status_code] += 1

        callers = [threading.Thread(target=ask_on) for _ in range(2)]
        for caller in callers:
            caller.start()
        with workspace.writing() as session:
            endpoints.promote(session, deployed.endpoint, model=deployed.second, user=None)
        eventually(lambda: deployed.label(manager) == f"{first}2")
        with workspace.writing() as session:
            endpoints.roll_back(session, deployed.endpoint, user=None)
        eventually(lambda: deployed.label(manager) == first)
        ending.set()
        for caller in callers:
            caller.join()
        assert set(statuses) == {200}
        with workspace.writing() as session:
            endpoints.challenge(session, deployed.endpoint, model=deployed.second, user=None)
        headers = {"Authorization": f"Bearer {manager.key}"}
        shown = f"{manager.url}/v1/endpoints/intents"
        eventually(lambda: len(httpx.get(shown, headers=headers, trust_env=False).json()["versions"]) == 2)
        eventually(lambda: deployed.stored() == deployed.counts().texts > 0)
        with workspace.writing() as session:
            endpoint_keys.revoke(session, deployed.key)
        eventually(lambda: deployed.ask(manager).status_code == 401)
        with workspace.writing() as session:
            endpoints.stop(session, deployed.endpoint, user=None)
        eventually(lambda: httpx.get(shown, headers=headers, trust_env=False).status_code == 404)


def test_a_server_that_is_killed_comes_back_and_callers_wait_meanwhile(deployed: Deployed) -> None:
    with managed(deployed.workspace) as manager:
        before = manager.process
        assert before is not None
        os.kill(before, signal.SIGKILL)
        eventually(lambda: manager.process not in (None, before))
        # What is in the socket's queue may be met by a worker of the old server, which is ending.
        eventually(lambda: deployed.ask(manager).status_code == 200)
        assert manager.url


def test_a_model_that_can_not_be_had_leaves_what_answers(deployed: Deployed) -> None:
    workspace = deployed.workspace
    with managed(workspace) as manager:
        first = deployed.label(manager)
        with workspace.reading() as session:
            from tunery.store.models import files

            own = {blob.hash for blob in files(session, deployed.first).values()}
            missing = next(blob for blob in files(session, deployed.second).values() if blob.hash not in own)
        kept = workspace.blobs.get(missing.hash)
        workspace.blobs.remove(missing.hash)
        with workspace.writing() as session:
            endpoints.promote(session, deployed.endpoint, model=deployed.second, user=None)
        eventually(lambda: "intents" in manager.failures)
        assert deployed.label(manager) == first
        workspace.blobs.put(kept)
        eventually(lambda: deployed.label(manager) == f"{first}2")
        assert manager.failures == {}


_APPLICATION = """
import sys, time
from tunery.app.serving import Manager
from tunery.serving.settings import ServingSettings
from tunery.store.workspace import Workspace
with Workspace.open(sys.argv[1]) as workspace, Manager(workspace, ServingSettings(port=int(sys.argv[2]))) as manager:
    assert manager.wait(240)
    print(manager.url, flush=True)
    time.sleep(600)
"""


def test_nobody_is_left_behind_when_the_application_is_killed(deployed: Deployed) -> None:
    def start(port: int) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-c", _APPLICATION, str(deployed.workspace.folder), str(port)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout:
            return process, process.stdout.readline().strip()

    process, url = start(0)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) == 2  # the supervisor and its worker
    process.kill()
    process.wait()
    again, there = start(int(url.rpartition(":")[2]))  # at once, on the same port
    assert there == url
    assert psutil.wait_procs(family, timeout=_PATIENCE)[1] == []
    again.kill()
    again.wait()


def test_answers_go_on_while_the_database_is_away(
    models: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    if not postgres_is_installed():
        pytest.skip("no Postgres is installed")
    postgres = Postgres()
    postgres.start()
    settings = WorkspaceSettings(workspace=tmp_path / "w", database=postgres.create("tunery"), blobs=None)
    with Workspace.open(settings) as workspace:
        deployed = Deployed(workspace, models, tmp_path)
        with managed(workspace) as manager:
            deployed.label(manager)
            postgres.stop(hard=True)
            for _ in range(20):
                deployed.label(manager)
            postgres.start()
            eventually(lambda: deployed.counts().stored == 21)
            assert deployed.counts().lost == 0
            with workspace.writing() as session:
                endpoints.promote(session, deployed.endpoint, model=deployed.second, user=None)
            eventually(lambda: deployed.label(manager).endswith("2"))
        assert deployed.stored() >= 21
    postgres.stop()
