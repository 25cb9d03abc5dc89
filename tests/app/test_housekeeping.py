"""What is done again and again without anybody asking."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.store import making

from tunery.app.housekeeping import housekeeping, keep_house
from tunery.store import models
from tunery.store.tables import Endpoint, Request
from tunery.store.workspace import Workspace


def _asked(workspace: Workspace, folder: Path, days: int) -> str:
    owner = making.data_set(workspace)
    now = datetime.now(UTC)
    with workspace.writing() as session:
        model = models.put(
            workspace, session, project=owner.project, user=None, folder=making.model_folder(folder / "m", word="m")
        )
        session.add(Endpoint(id="e", project=owner.project, name="e", champion=model.id, created=now))
        session.flush()
        session.add(
            Request(id="r", call="c", endpoint="e", model=model.id, at=now - timedelta(days=days), text="a secret")
        )
    return "r"


def _text(workspace: Workspace, name: str) -> str:
    with workspace.reading() as session:
        found = session.get(Request, name)
        assert found is not None
        return found.text


def test_texts_of_requests_are_kept_as_long_as_the_project_says_and_no_longer(
    local_workspace: Workspace, tmp_path: Path
) -> None:
    name = _asked(local_workspace, tmp_path, days=89)
    assert keep_house(local_workspace, datetime.now(UTC)) == 0
    assert _text(local_workspace, name) == "a secret"
    assert keep_house(local_workspace, datetime.now(UTC) + timedelta(days=2)) == 1
    assert _text(local_workspace, name) == ""


def test_it_goes_on_by_itself_until_it_is_ended(local_workspace: Workspace, tmp_path: Path) -> None:
    with housekeeping(local_workspace, every=0.05):
        name = _asked(local_workspace, tmp_path, days=91)
        until = time.monotonic() + 60
        while _text(local_workspace, name) and time.monotonic() < until:
            time.sleep(0.05)
    assert _text(local_workspace, name) == ""
