"""What becomes of what was acknowledged when the application, its database or its disk is lost."""

from __future__ import annotations

import random
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text
from tests.app.jobs.helpers import wait
from tests.app.rest.busy import Busy, Place, is_there_once, prepare
from tests.app.rest.servers import PATIENCE, Up, set_up, token_of

from stores import Postgres, postgres_is_installed
from tunery.store.maintenance import check
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Schedule
from tunery.store.workspace import Workspace


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _first(up: Up, workspace: Workspace) -> tuple[str, Place, httpx.Cookies]:
    """Make the first account and what it works on; return its token, the place, and its cookie."""
    with up.person() as ada:
        token = token_of(set_up(ada))
        return token, prepare(workspace, ada), ada.cookies


def _kill_again_and_again(folder: Path, times: int) -> None:
    port = _free_port()
    settings = WorkspaceSettings(workspace=folder, database=None, blobs=None)
    up = Up(folder, "--port", port)
    try:
        with Workspace.open(settings) as workspace:
            token, place, _cookies = _first(up, workspace)
            with Busy(up.url, token, place) as busy:
                for _time in range(times):
                    busy.more(8)
                    time.sleep(random.uniform(0, 0.3))
                    up.stop(signal.SIGKILL)
                    busy.until(lambda: busy.refused[0])
                    up.close()
                    up = Up(folder, "--port", port)
                    busy.refused.clear()
                busy.more(8)
            assert not busy.problems
            is_there_once(workspace, place, busy.acknowledged)
        assert up.stop() == 0
        with Workspace.open(settings) as workspace:
            assert check(workspace) == []
    finally:
        up.stop(signal.SIGKILL)
        up.close()


def test_an_application_that_is_killed_loses_and_doubles_nothing(tmp_path: Path) -> None:
    _kill_again_and_again(tmp_path / "w", 1)


@pytest.mark.long
def test_an_application_that_is_killed_ever_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    _kill_again_and_again(tmp_path / "w", 8)


def test_a_database_that_is_lost_and_comes_back_loses_and_doubles_nothing(tmp_path: Path) -> None:
    if not postgres_is_installed():
        pytest.skip("no Postgres is installed")
    postgres = Postgres()  # its own, because it is killed
    postgres.start()
    folder, database = tmp_path / "w", postgres.create("tunery")
    settings = WorkspaceSettings(workspace=folder, database=database, blobs=None)
    with Up(folder, "--database", database) as up, Workspace.open(settings) as workspace:
        token, place, cookies = _first(up, workspace)
        with Busy(up.url, token, place) as busy:
            busy.more()
            postgres.terminate("tunery")
            busy.more()
            postgres.stop(hard=True)
            busy.until(lambda: busy.refused[503] >= 5)
            page = httpx.get(f"{up.url}/account", cookies=cookies, trust_env=False, timeout=PATIENCE)
            postgres.start()
            busy.more()
            postgres.kill()
            busy.until(lambda: busy.refused[503] >= 5)
            postgres.start()
            busy.more()
        assert set(busy.refused) == {503}
        for problem in busy.problems:
            _says_when_to_come_back(problem)
        is_there_once(workspace, place, busy.acknowledged)
        assert check(workspace) == []
        _can_be_repeated(up, workspace, postgres, token, place)
        assert page.status_code == 503
        assert "Traceback" not in page.text + up.errors
    postgres.stop()


def _can_be_repeated(up: Up, workspace: Workspace, postgres: Postgres, token: str, place: Place) -> None:
    """Lose the database in the middle of a request that was begun, and send the same request again."""
    wanted = {"kind": "evaluate", "cron": "0 3 1 1 *", "arguments": {"model": "once", "version": "v"}}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "the same"}
    answers: list[httpx.Response] = []

    def ask() -> None:
        with up.person(**headers) as person:
            answers.append(person.post(f"/projects/{place.project}/schedules", json=wanted))

    asking = threading.Thread(target=ask)
    with workspace.engine.connect() as connection:
        connection.execute(text("LOCK TABLE schedules"))
        asking.start()
        wait(lambda: connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
        postgres.stop(hard=True)
        asking.join()
        postgres.start()
        connection.invalidate()  # it ended with the server
    _says_when_to_come_back(answers[0])
    ask()
    ask()
    assert [answer.status_code for answer in answers[1:]] == [201, 201]
    assert answers[1].json() == answers[2].json()
    with workspace.reading() as session:
        made = [one.arguments["model"] for one in session.scalars(select(Schedule))]
    assert made.count("once") == 1


def _says_when_to_come_back(problem: httpx.Response) -> None:
    assert problem.headers["content-type"] == "application/problem+json"
    assert int(problem.headers["retry-after"]) >= 1
    said = problem.json()
    assert (said["status"], said["code"]) == (503, "store-unavailable")
    assert "Traceback" not in problem.text


@contextmanager
def _no_room(up: Up) -> Iterator[None]:
    """Let no file grow any more: what a full disk is to a process, for whoever may not make a disk."""
    limits = resource.prlimit(up.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(up.process.pid, resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(up.process.pid, resource.RLIMIT_FSIZE, limits)


@contextmanager
def _filled(folder: Path) -> Iterator[None]:
    """Fill the disk that a folder lies on."""
    rest = folder / "rest"
    try:
        with rest.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        yield
    finally:
        rest.unlink()


def _is_said_and_harmless(
    up: Up, settings: WorkspaceSettings, full: Callable[[], AbstractContextManager[None]]
) -> None:
    """Fill the disk under a busy application, and make room again."""
    with Workspace.open(settings) as workspace:
        token, place, cookies = _first(up, workspace)
        with Busy(up.url, token, place) as busy, up.person(Authorization=f"Bearer {token}") as ada:
            busy.more()
            with full():
                busy.until(lambda: busy.refused[507] >= 5)
                assert ada.get(f"/queues/{place.queue}").status_code == 200
                assert ada.get(f"/projects/{place.project}/data-sets").json()["items"][0]["name"] == "d"
                assert httpx.get(f"{up.url}/account", cookies=cookies, trust_env=False).status_code == 200
            busy.more()
        assert set(busy.refused) == {507}
        for problem in busy.problems:
            assert problem.headers["content-type"] == "application/problem+json"
            said = problem.json()
            assert (said["status"], said["code"]) == (507, "no-room")
            assert "Make room on the disk" in said["hint"]
        is_there_once(workspace, place, busy.acknowledged)
        assert check(workspace) == []
        assert "Traceback" not in up.errors


def test_files_that_may_not_grow_are_said_and_lose_nothing(tmp_path: Path) -> None:
    settings = WorkspaceSettings(workspace=tmp_path / "w", database=None, blobs=None)
    with Up(settings.workspace) as up:
        _is_said_and_harmless(up, settings, lambda: _no_room(up))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, where the machine lets whoever runs the tests mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a disk can't be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_is_said_and_loses_nothing(small_disk: Path) -> None:
    settings = WorkspaceSettings(workspace=small_disk / "w", database=None, blobs=None)
    with Up(settings.workspace) as up:
        _is_said_and_harmless(up, settings, lambda: _filled(small_disk))
