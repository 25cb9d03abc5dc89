"""What only pages could do once: lineage, deletions, differences, base models, keys, feedback, explanations, home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.app.rest.servers import Up, join
from tests.store import making
from tests.store.making import given

from tunery.store import jobs, models, rows, runs, traffic
from tunery.store.tables import DataSet, Endpoint, Job, Report, Request, Version
from tunery.store.traffic import Counts
from tunery.store.workspace import Workspace
from tunery.types import Example

PRIVATE = "a private text that somebody wants to be gone"


@dataclass
class World:
    """A project in which everything has happened once."""

    project: str
    data_set: DataSet
    versions: tuple[Version, Version]
    runs: tuple[str, str]
    model: str
    endpoint: str
    row: str
    request: str


@pytest.fixture
def world(up: Up, tmp_path: Path) -> World:
    with Workspace.open(up.folder) as workspace:
        return _made(workspace, tmp_path)


@pytest.fixture
def people(up: Up, ada: httpx.Client, world: World) -> Iterator[dict[str, httpx.Client]]:
    with ExitStack() as stack:
        found = {}
        for role in ("stranger", "viewer", "annotator", "editor"):
            email = f"{uuid4().hex}@example.com"
            found[role] = join(up, ada, email, role)
            stack.callback(found[role].close)
            if role != "stranger":
                made = ada.post(f"/projects/{world.project}/members", json={"email": email, "role": role})
                assert made.status_code == 201, made.text
        yield found


def _made(workspace: Workspace, folder: Path) -> World:
    owner = making.data_set(workspace, f"all {uuid4().hex}")
    first = making.version(workspace, owner, [given("train", PRIVATE, "a"), given("train", "two", "b")])
    second = making.version(
        workspace, owner, [given("train", PRIVATE, "b"), given("dev", "two", "b"), given("test", "three", "a")],
        parent=first.id,
    )  # fmt: skip
    name = uuid4().hex
    with workspace.writing() as session:
        recipes = ({"base": "b", "epochs": 2.0}, {"base": "b", "epochs": 4.0})
        made = [runs.create(session, project=owner.project, version=first.id, recipe=one, user=None) for one in recipes]
        model = models.put(
            workspace, session, project=owner.project, user=None, run=made[0].id,
            folder=making.model_folder(folder / "model"),
        )  # fmt: skip
        now = datetime.now(UTC)
        session.add(Endpoint(id=name, project=owner.project, name=name, champion=model.id, created=now))
        session.flush()
        row = rows.name_of(workspace, owner.project, Example(PRIVATE))
        asked = {"text": PRIVATE, "row": row, "answer": '"a"'}
        session.add(Request(id=f"r{name[:20]}", call="c", endpoint=name, model=model.id, at=now, **asked))
    both = (made[0].id, made[1].id)
    return World(owner.project, owner, (first, second), both, model.id, name, row, f"r{name[:20]}")


def test_lineage_is_told_both_ways(ada: httpx.Client, world: World) -> None:
    of_model = ada.get(f"/models/{world.model}/lineage").json()
    assert (of_model["run"]["id"], of_model["version"]["id"]) == (world.runs[0], world.versions[0].id)
    assert (of_model["data_set"]["id"], of_model["base"]) == (world.data_set.id, "hf:base@1")
    of_request = ada.get(f"/requests/{world.request}/lineage").json()
    assert (of_request["request"]["text"], of_request["row"]["id"]) == (PRIVATE, world.row)
    assert of_request["origin"] == of_model
    of_row = ada.get(f"/rows/{world.row}/lineage").json()
    assert [one["id"] for one in of_row["requests"]] == [world.request]
    assert [(one["version"]["id"], one["splits"]) for one in of_row["places"]] == [
        (version.id, ["train"]) for version in world.versions
    ]
    assert [(one["model"]["id"], one["how"]) for one in of_row["learned"]] == [(world.model, "train")]


def test_a_text_is_deleted_once_and_the_models_are_named(ada: httpx.Client, world: World) -> None:
    gone = ada.delete(f"/requests/{world.request}", params={"reason": "asked for"})
    assert gone.status_code == 200, gone.text
    assert (gone.json()["kind"], gone.json()["models"], gone.json()["reason"]) == (
        "request", [world.model], "asked for",
    )  # fmt: skip
    assert ada.delete(f"/requests/{world.request}").json() == gone.json()
    assert ada.delete(f"/rows/{world.row}").json()["subject"] == world.row
    listed = ada.get(f"/projects/{world.project}/deletions").json()
    assert {one["subject"] for one in listed["items"]} == {world.request, world.row}
    assert listed["total"] == 2
    assert ada.get(f"/rows/{world.row}/lineage").json()["row"]["text"] == ""
    assert PRIVATE not in ada.get(f"/versions/{world.versions[0].id}/rows").text


def test_what_concerns_a_text_needs_a_role(people: dict[str, httpx.Client], world: World) -> None:
    seen = (
        f"/models/{world.model}/lineage", f"/requests/{world.request}/lineage", f"/rows/{world.row}/lineage",
        f"/versions/{world.versions[1].id}/difference?before={world.versions[0].id}", f"/runs/{world.runs[0]}",
    )  # fmt: skip
    for path in seen:
        assert people["viewer"].get(path).status_code == 200, path
        assert people["stranger"].get(path).status_code == 404, path
    for path in (f"/rows/{world.row}", f"/requests/{world.request}"):
        for role, status in (("stranger", 404), ("viewer", 403), ("annotator", 403), ("editor", 200)):
            assert people[role].delete(path).status_code == status, (path, role)


def test_two_versions_are_compared(ada: httpx.Client, world: World) -> None:
    before, after = (one.id for one in world.versions)
    found = ada.get(f"/versions/{after}/difference", params={"before": before})
    assert found.json() == {
        "before": before, "after": after, "added": 1, "removed": 0, "moved": 1, "relabelled": 1,
    }  # fmt: skip
    assert ada.get(found.url, headers={"If-None-Match": found.headers["etag"]}).status_code == 304
    (change,) = ada.get(f"/versions/{after}/changes", params={"before": before, "kind": "relabelled"}).json()["items"]
    assert (change["text"], change["target_before"], change["target_after"]) == (PRIVATE, "a", "b")
    wrong = ada.get(f"/versions/{after}/changes", params={"before": before, "kind": "none"})
    assert (wrong.status_code, wrong.json()["fields"][0]["field"]) == (422, "kind")
    assert ada.get(f"/versions/{after}/difference", params={"before": "none"}).status_code == 404


def test_a_projects_versions_come_with_their_names_and_lengths(ada: httpx.Client, world: World) -> None:
    found = ada.get(f"/projects/{world.project}/versions").json()["items"]
    assert [(one["id"], one["name"]) for one in found] == [
        (version.id, world.data_set.name) for version in world.versions[::-1]
    ]
    lengths = ada.get(f"/versions/{world.versions[1].id}").json()["lengths"]
    width = lengths.pop("width")
    assert sum(sum(rows) for rows in lengths.values()) == 3
    assert all(width * len(rows) > len(PRIVATE) for rows in lengths.values())


def test_a_version_is_taken_along_as_csv_and_comes_back_the_same(ada: httpx.Client, world: World) -> None:
    version = world.versions[0].id
    file = ada.get(f"/versions/{version}/files/train", params={"form": "csv"})
    assert (file.status_code, file.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert file.text == f'"text","label"\n"{PRIVATE}","a"\n"two","b"\n'
    sent = ada.post("/uploads", params={"project": world.project, "name": "train.csv"}, content=file.content).json()
    look = ada.post(f"/projects/{world.project}/looks", json={**sent, "task": "text-classification"}).json()
    assert (look["columns"], look["task"]) == (["text", "label"], "text-classification")
    wrong = ada.get(f"/versions/{version}/files/train", params={"form": "xlsx"})
    assert (wrong.status_code, wrong.json()["fields"][0]["field"]) == (422, "form")


def test_base_models_are_suggested_and_looked_for(ada: httpx.Client, world: World, tiny_base: str) -> None:
    path = f"/projects/{world.project}/base-models"
    some = ada.get(path, params={"reads": "zh"}).json()["items"]
    assert some
    assert all("zh" in one["languages"] or "multilingual" in one["languages"] for one in some if one["languages"])
    assert ada.get(path, headers={"Accept-Language": "zh"}).json()["items"][0]["about"] != some[0]["about"]
    found = ada.get(f"{path}/search", params={"words": tiny_base}).json()
    assert [one["source"] for one in found["items"]] == [tiny_base]
    assert found["items"][0]["folder"] > 0
    for words in ("file:/no\0where", "~nobody-at-all-is-called-this/x", "file:/nowhere"):
        none = ada.get(f"{path}/search", params={"words": words})
        assert (none.status_code, none.json()["items"], len(none.json()["problems"])) == (200, [], 1), words


def test_a_key_is_shown_once_and_limits_can_be_read(ada: httpx.Client, world: World) -> None:
    path = f"/projects/{world.project}/endpoints/{world.endpoint}/keys"
    made = ada.post(path, json={"name": "checkout", "rate": "100/minute"})
    assert made.status_code == 201, made.text
    assert made.json()["key"].startswith("tk_")
    assert made.json()["rate"] == "100/minute"
    (listed,) = ada.get(path).json()["items"]
    assert listed == {name: value for name, value in made.json().items() if name != "key"}
    assert ada.post(path, json={"name": "checkout", "rate": "often"}).status_code == 422
    kept = ada.post(path, json={"name": "checkout"}, headers={"Idempotency-Key": "k"})
    assert (kept.status_code, kept.json()["code"]) == (400, "not-repeatable")
    assert ada.delete(f"{path}/{listed['id']}").status_code == 204
    assert ada.get(path).json()["items"] == []


def test_members_say_what_was_right(ada: httpx.Client, people: dict[str, httpx.Client], world: World) -> None:
    path = f"/projects/{world.project}/requests/{world.request}/feedback"
    said = people["annotator"].post(path, json={"verdict": "corrected", "target": "b", "note": "see the second part"})
    assert said.status_code == 201, said.text
    asked = f"/projects/{world.project}/endpoints/{world.endpoint}/requests"
    (one,) = ada.get(asked, params={"verdict": "corrected"}).json()["items"]
    assert one["feedback"] == [said.json()]
    assert (said.json()["target"], said.json()["origin"]) == ('"b"', "studio")
    assert people["viewer"].post(path, json={"verdict": "right"}).status_code == 403
    for wrong in (
        {"verdict": "corrected"},
        {"verdict": "right", "target": "b"},
        {"verdict": "corrected", "target": "c"},
        {"verdict": "corrected", "target": [[0, 1, "b"]]},
    ):
        refused = ada.post(path, json=wrong)
        assert refused.status_code == 422, wrong
        assert "target" in refused.json()["detail"]
    elsewhere = ada.post("/projects", json={"name": uuid4().hex}).json()["id"]
    assert ada.post(path.replace(world.project, elsewhere), json={"verdict": "right"}).status_code == 404


def test_the_public_page_is_switched_on_and_off(up: Up, ada: httpx.Client, world: World) -> None:
    path = f"/projects/{world.project}/endpoints/{world.endpoint}"
    with httpx.Client(base_url=up.url, timeout=60, trust_env=False) as stranger:
        for share in (True, False):
            changed = ada.patch(path, json={"settings": {"share": share, "share_title": "Try our questions"}})
            assert changed.json()["settings"]["share"] is share
            assert ("Try our questions" in stranger.get(f"/share/{world.endpoint}").text) is share


def test_traffic_comes_in_points_as_wide_as_wanted(up: Up, ada: httpx.Client, world: World) -> None:
    minute = int(datetime.now(UTC).timestamp() // 60)
    with Workspace.open(up.folder) as workspace, workspace.writing() as session:
        for back in (1, 2, 31):
            traffic.write(
                session, endpoint=world.endpoint, minute=minute - back, writer="w", counts=Counts(requests=1, texts=2)
            )
    path = f"/projects/{world.project}/endpoints/{world.endpoint}/traffic"
    fine = ada.get(path, params={"minutes": 59}).json()
    coarse = ada.get(path, params={"minutes": 59, "step": 30}).json()
    assert len(fine["points"]) in (60, 61)
    assert len(coarse["points"]) in (2, 3)
    for found in (fine, coarse):
        assert found["total"]["requests"] == sum(one["requests"] for one in found["points"]) == 3
    assert max(one["requests"] for one in fine["points"]) == 1
    assert ada.get(path, params={"step": 0}).status_code == 422


def test_runs_are_put_side_by_side(ada: httpx.Client, world: World) -> None:
    found = ada.get("/run-comparisons", params={"run": world.runs}).json()
    assert [one["id"] for one in found["runs"]] == list(world.runs)
    assert found["differences"] == [{"setting": "epochs", "values": ["2", "4"]}]
    many = ada.get("/run-comparisons", params={"run": [world.runs[0]] * 9})
    assert (many.status_code, many.json()["code"]) == (422, "unusable")
    assert ada.get("/run-comparisons").status_code == 422


def test_a_run_says_what_came_of_it_and_can_be_started_again(up: Up, ada: httpx.Client, world: World) -> None:
    with Workspace.open(up.folder) as workspace, workspace.writing() as session:
        ended = datetime.now(UTC) - timedelta(minutes=1)
        job = Job(
            id=f"j{world.endpoint[:20]}", project=world.project, kind="check", state="done", created=ended, ended=ended,
            arguments={"version": world.versions[0].id},
        )  # fmt: skip
        session.add(job)
        session.flush()
        runs.get(session, world.runs[0]).job = job.id
        about = {"model": world.model, "version": world.versions[0].id, "split": "test", "summary": {}}
        session.add(Report(id=f"p{world.endpoint[:20]}", project=world.project, created=ended, **about))
        trial = runs.create(
            session, project=world.project, version=world.versions[0].id, recipe={}, user=None, kind="trial",
            parent=world.runs[0],
        )  # fmt: skip
    found = ada.get(f"/jobs/{job.id}/run").json()
    assert found == ada.get(f"/runs/{world.runs[0]}").json()
    assert [one["id"] for one in found["models"]] == [world.model]
    assert (found["reports"], found["trials"]) == ([f"p{world.endpoint[:20]}"], [trial.id])
    trials = ada.get(f"/projects/{world.project}/runs", params={"parent": world.runs[0]}).json()["items"]
    assert [one["id"] for one in trials] == [trial.id]
    again = ada.post(f"/runs/{world.runs[0]}/again")
    assert (again.status_code, again.json()["kind"]) == (202, "check")
    assert ada.get(f"/jobs/{again.json()['id']}/run").status_code == 404
    assert ada.post(f"/runs/{world.runs[1]}/again").status_code == 422


def test_home_says_what_is_there_and_what_waits(up: Up, ada: httpx.Client, world: World) -> None:
    with Workspace.open(up.folder) as workspace, workspace.writing() as session:
        session.get_one(Endpoint, world.endpoint).challenger = world.model
        failed = jobs.get(session, _failed(session, world))
    whole = ada.get("/home").json()
    (mine,) = [one for one in whole["projects"] if one["project"] == world.project]
    assert (mine["data_sets"], mine["models"], mine["endpoints"], mine["active"]) == (1, 1, 1, 0)
    own = ada.get(f"/projects/{world.project}/home").json()
    assert own["version"]["id"] == world.versions[1].id
    assert (own["model"]["id"], own["endpoint"], own["running"]) == (world.model, world.endpoint, [])
    assert {(one["kind"], one["subject"]) for one in own["waiting"]} == {
        ("decide", world.endpoint), ("failed", failed.id),
    }  # fmt: skip


def _failed(session: object, world: World) -> str:
    now = datetime.now(UTC)
    job = Job(id=f"f{world.endpoint[:20]}", project=world.project, kind="tune", state="failed", created=now, ended=now)
    session.add(job)  # type: ignore[attr-defined]
    session.flush()  # type: ignore[attr-defined]
    return job.id
