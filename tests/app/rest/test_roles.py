"""Each role against each route of a project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import httpx
import pytest
from tests.app.rest.servers import Up, join

ROLES = ("stranger", "viewer", "annotator", "editor", "owner")
NEEDED = {
    ("GET", ""): "viewer",
    ("GET", "/members"): "viewer",
    ("GET", "/jobs"): "viewer",
    ("GET", "/runs"): "viewer",
    ("GET", "/models"): "viewer",
    ("GET", "/reports"): "viewer",
    ("GET", "/data-sets"): "viewer",
    ("GET", "/endpoints"): "viewer",
    ("GET", "/queues"): "viewer",
    ("GET", "/schedules"): "viewer",
    ("GET", "/versions"): "viewer",
    ("GET", "/deletions"): "viewer",
    ("GET", "/base-models"): "viewer",
    ("GET", "/home"): "viewer",
    ("GET", "/base-models/search?words=file:/nowhere"): "editor",
    ("POST", "/requests/none/feedback"): "annotator",
    ("POST", "/endpoints/none/keys"): "editor",
    ("POST", "/jobs"): "editor",
    ("POST", "/runs"): "editor",
    ("POST", "/imports"): "editor",
    ("POST", "/looks"): "editor",
    ("POST", "/endpoints"): "editor",
    ("POST", "/schedules"): "editor",
    ("PATCH", ""): "owner",
    ("POST", "/members"): "owner",
}
BODIES: dict[tuple[str, str], object] = {
    ("POST", "/jobs"): {"kind": "check", "arguments": {"version": "none"}},
    ("POST", "/runs"): {"version": "none"},
    ("POST", "/imports"): {"data_set": "d", "task": "text-classification", "name": "file:/nowhere"},
    ("POST", "/looks"): {"name": "file:/nowhere", "task": "text-classification"},
    ("POST", "/endpoints"): {"name": "e", "model": "none"},
    ("POST", "/schedules"): {"kind": "check", "arguments": {"version": "none"}, "cron": "0 3 * * *"},
    ("POST", "/requests/none/feedback"): {"verdict": "right"},
    ("POST", "/endpoints/none/keys"): {"name": "k"},
    ("PATCH", ""): {"settings": {}},
    ("POST", "/members"): {"email": "nobody@example.com", "role": "viewer"},
}


@pytest.fixture(scope="module")
def project(ada: httpx.Client) -> str:
    return str(ada.post("/projects", json={"name": "roles"}).json()["id"])


@pytest.fixture(scope="module")
def people(up: Up, ada: httpx.Client, project: str) -> Iterator[dict[str, httpx.Client]]:
    with ExitStack() as stack:
        found = {}
        for role in ROLES:
            email = f"{role}@example.com"
            found[role] = join(up, ada, email, role)
            stack.callback(found[role].close)
            if role != "stranger":
                made = ada.post(f"/projects/{project}/members", json={"email": email, "role": role})
                assert made.status_code == 201
        yield found


@pytest.mark.parametrize(("method", "path"), list(NEEDED))
def test_each_role_may_do_what_it_may(
    people: dict[str, httpx.Client], project: str, method: str, path: str
) -> None:  # fmt: skip
    needed = ROLES.index(NEEDED[method, path])
    for number, role in enumerate(ROLES):
        answer = people[role].request(method, f"/projects/{project}{path}", json=BODIES.get((method, path)))
        if role == "stranger":
            assert answer.status_code == 404, (role, answer.text)
            assert answer.json()["code"] == "not-found"
        elif number < needed:
            assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed"), (role, answer.text)
        else:
            assert answer.status_code not in (401, 403, 500), (role, answer.text)


def test_only_administrators_see_users_and_the_whole_log(people: dict[str, httpx.Client], project: str) -> None:
    for role, person in people.items():
        assert person.get("/users").status_code == 403
        assert person.get("/audit").status_code == 403
        assert person.post("/users", json={"email": f"{uuid4().hex}@b.cc", "name": "x"}).status_code == 403
        expected = {"owner": 200, "stranger": 404}.get(role, 403)
        assert person.get("/audit", params={"project": project}).status_code == expected


def test_a_member_may_leave_but_not_take_out_others(people: dict[str, httpx.Client], project: str) -> None:
    own = people["viewer"].get("/session").json()["user"]["id"]
    assert people["editor"].delete(f"/projects/{project}/members/{own}").status_code == 403
    assert people["viewer"].delete(f"/projects/{project}/members/{own}").status_code == 204
    assert people["viewer"].get(f"/projects/{project}").status_code == 404


def test_only_administrators_schedule_backups(people: dict[str, httpx.Client], ada: httpx.Client) -> None:
    wanted = {"kind": "backup", "cron": "0 3 * * *", "zone": "Europe/Berlin"}
    for person in people.values():
        assert person.get("/schedules").status_code == 403
        assert person.post("/schedules", json=wanted).status_code == 403
    made = ada.post("/schedules", json=wanted)
    assert (made.status_code, made.json()["project"]) == (201, None), made.text
    name = made.json()["id"]
    assert [one["id"] for one in ada.get("/schedules").json()["items"]] == [name]
    assert people["owner"].delete(f"/schedules/{name}").status_code == 403
    assert ada.patch(f"/schedules/{name}", json={"enabled": False}).json()["enabled"] is False
    assert ada.delete(f"/schedules/{name}").status_code == 204
    assert ada.get("/schedules").json()["items"] == []
