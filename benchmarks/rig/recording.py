"""The row about recording: what it costs callers that requests are redacted and stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from rig.processes import Server
from rig.setup import CONNECTIONS, ENDPOINT, Score, Setup, contest
from rig.speed import rated
from rig.table import Line, at_least, at_most, told
from tunery.store import endpoints, projects, traffic
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Model, Request
from tunery.store.workspace import Workspace


def recording(setup: Setup) -> list[Line]:
    """Rate and latency with a recorder, every request kept and redacted, beside the same server without one."""
    settings = WorkspaceSettings(workspace=setup.work / "recorded", database=None, blobs=None)
    with Workspace.open(settings) as workspace:
        _fill(workspace, setup.model)

        def server(kept: bool) -> Server:
            more: Sequence[str] = ("--workspace", str(workspace.folder)) if kept else ()
            return setup.server(None, *more)

        full: dict[str, Score] = contest({
            "kept": lambda: rated(server(True), setup.ours, setup),
            "not kept": lambda: rated(server(False), setup.ours, setup),
        }, setup.rounds)  # fmt: skip
        alone = contest({
            "kept": lambda: rated(server(True), setup.ours, setup, connections=1),
            "not kept": lambda: rated(server(False), setup.ours, setup, connections=1),
        }, setup.rounds)  # fmt: skip
        kept, lost = _counted(workspace)
    note = f"{kept:,} kept, {lost:,} lost of all rounds"
    what = "ms, 1 connection, requests kept"
    return [
        at_least(
            f"requests/s, {CONNECTIONS} connections, requests kept", full["kept"]["rate"], full["not kept"]["rate"],
            None, note,
        ),
        at_most(f"{what}, median", alone["kept"]["p50"], alone["not kept"]["p50"], None),
        at_most(f"{what}, p99", alone["kept"]["p99"], alone["not kept"]["p99"], None),
        told("MB, requests kept", full["kept"]["megabytes"], full["not kept"]["megabytes"]),
    ]  # fmt: skip


def _fill(workspace: Workspace, model: Path) -> None:
    """Make the project and the endpoint whose requests are kept."""
    labels = json.loads((model / "tunery.json").read_text(encoding="utf-8"))["labels"]
    with workspace.writing() as session:
        project = projects.create(session, name="recorded", user=None).id
        session.add(
            Model(
                id=model.name, project=project, task="text-classification", labels=labels, size=1,
                created=datetime.now(UTC),
            )
        )  # fmt: skip
        session.flush()
        endpoints.deploy(session, project=project, name=ENDPOINT, model=model.name, user=None)


def _counted(workspace: Workspace) -> tuple[int, int]:
    """Return how many requests were stored, and how many were lost."""
    with workspace.reading() as session:
        kept = session.scalar(select(func.count()).select_from(Request)) or 0
        endpoint = endpoints.by_name(session, ENDPOINT).id
        found = traffic.read(session, [endpoint], since=datetime.now(UTC) - timedelta(hours=2))
    return kept, found.counts.lost
