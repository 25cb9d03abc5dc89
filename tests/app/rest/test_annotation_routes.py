"""Labelling over HTTP, as another program does it."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
from tests.app.rest.servers import Up

from tunery.store import data_sets, identifiers, projects, versions
from tunery.store.tables import User
from tunery.store.workspace import Workspace
from tunery.types import Example


def _data(up: Up) -> tuple[str, str]:
    with Workspace.open(up.folder) as workspace, workspace.writing() as session:
        user = User(id=identifiers.new(), email="x@example.com", name="X", created=datetime.now(UTC))
        session.add(user)
        session.flush()
        project = projects.create(session, name="Labelled over HTTP", user=user.id).id
        made = data_sets.create(session, project=project, name="first", task="text-classification", user=user.id).id
        versions.create(
            workspace, session, data_set=made, rows=[("train", Example(text), None) for text in ("one 😀", "two")],
            fingerprint="f", schema={"target": "label", "pair": False}, origin="upload", user=user.id,
        )  # fmt: skip
        return project, made


def test_a_program_labels_from_beginning_to_end(up: Up, ada: httpx.Client) -> None:
    project, data_set = _data(up)
    wanted = {"name": "by HTTP", "order": "given", "labels": ["good", "bad"], "kind": "spans"}
    made = ada.post(f"/data-sets/{data_set}/queues", json=wanted)
    assert made.status_code == 201, made.text
    queue = made.json()["queue"]
    given = ada.post(f"/queues/{queue}/next", json={"count": 5}).json()
    first, second = given["tasks"]
    assert (first["text"], first["words"]) == ("one 😀", [[0, 3], [4, 5]])
    assert ada.put(f"/items/{first['item']}/draft", json={"draft": "begun"}).status_code == 204
    name = identifiers.new()
    answer = {"id": name, "target": [[4, 5, "good"]], "seconds": 1.5}
    for _attempt in range(2):
        said = ada.post(f"/items/{first['item']}/annotations", json=answer)
        assert (said.status_code, said.json()["answered"]) == (200, 1), said.text
    refused = ada.post(
        f"/items/{second['item']}/annotations", json={"id": identifiers.new(), "target": [[0, 9, "good"]]}
    )
    assert (refused.status_code, "not in the text" in refused.json()["detail"]) == (422, True)
    taken = ada.post(f"/items/{second['item']}/annotations", json={"id": name, "target": []})
    assert taken.status_code == 409
    skipped = ada.post(f"/items/{second['item']}/annotations", json={"id": identifiers.new(), "target": None})
    assert skipped.json()["skipped"] == 1
    (latest, *_more) = ada.get(f"/queues/{queue}/annotations").json()["items"]
    assert ada.post(f"/annotations/{latest['id']}/undo").json()["task"]["text"] == "two"
    assert ada.post(f"/queues/{queue}/release", json={}).status_code == 204
    version = ada.post(f"/queues/{queue}/versions", json={})
    assert (version.status_code, version.json()["taken"]) == (201, 1), version.text
    about = ada.get(f"/queues/{queue}").json()
    assert (about["done"], about["items"], about["people"][0]["answered"]) == (1, 2, 1)
    assert ada.get(f"/queues/{queue}/agreement").json()["texts"] == 0
    assert ada.get(f"/queues/{queue}/disputes").json() == {"items": [], "next": None}
    content = ada.get(f"/queues/{queue}/export", params={"format": "label-studio"}).text
    read = ada.post(f"/queues/{queue}/import", json={"content": content})
    assert read.json() == {"texts": 2, "added": 0, "answers": 1}, read.text
    changed = ada.patch(f"/queues/{queue}", json={"closed": True, "name": "done with"})
    assert (changed.json()["name"], changed.json()["closed"] is not None) == ("done with", True)
    assert [one["id"] for one in ada.get(f"/projects/{project}/queues").json()["items"]] == [queue]
    assert ada.get("/queues/none").status_code == 404
