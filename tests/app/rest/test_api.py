"""What is the same for all routes: problems, pages, tags, repeated requests, limits, names, headers."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from tests.app.rest.servers import PASSWORD, Up, join, sign_in


@pytest.fixture
def project(ada: httpx.Client) -> str:
    answer = ada.post("/projects", json={"name": uuid4().hex})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_problems_are_said_in_the_callers_language_with_the_field(ada: httpx.Client) -> None:
    for language, title, why in (
        ("en", "The request can't be used.", "is missing"),
        ("zh-CN,zh;q=0.9", "该请求无法使用。", "缺少"),
    ):
        answer = ada.post("/projects", json={"task": 5}, headers={"Accept-Language": language, "X-Request-ID": "mine"})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert (problem["type"], problem["status"], problem["request_id"]) == ("urn:tunery:invalid", 422, "mine")
        assert problem["title"] == title
        assert {"field": "name", "reason": why} in problem["fields"]
        assert {one["field"] for one in problem["fields"]} == {"name", "task"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/projects", 405), ("GET", "/projects/none", 404), ("GET", "/users/x", 404)],
)
def test_what_is_not_there_is_a_problem_too(ada: httpx.Client, method: str, path: str, status: int) -> None:
    answer = ada.request(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


def test_a_body_that_is_no_json_is_a_problem(ada: httpx.Client) -> None:
    for content in (b"{", b"\xff\xfe", b"[" * 100_000, b'"a"', b"null"):
        answer = ada.post("/projects", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_makes_a_post_happen_once(ada: httpx.Client) -> None:
    name, key = uuid4().hex, {"Idempotency-Key": uuid4().hex}
    first = ada.post("/projects", json={"name": name}, headers=key)
    second = ada.post("/projects", json={"name": name}, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    other = ada.post("/projects", json={"name": name + "x"}, headers=key)
    assert other.status_code == 422
    assert ada.post("/projects", json={"name": name}).status_code == 409
    entries = ada.get("/audit", params={"project": first.json()["id"], "action": "project.create"}).json()["items"]
    assert len(entries) == 1


def test_a_key_is_its_users_own_and_a_failure_is_not_kept(up: Up, ada: httpx.Client) -> None:
    name, key = uuid4().hex, {"Idempotency-Key": uuid4().hex}
    taken = ada.post("/projects", json={"name": name}).json()["id"]
    assert ada.post("/projects", json={"name": name}, headers=key).status_code == 409
    assert ada.patch(f"/projects/{taken}", json={"name": uuid4().hex}).status_code == 200
    assert ada.post("/projects", json={"name": name}, headers=key).status_code == 201
    with closing(join(up, ada, f"{uuid4().hex}@example.com")) as bob:
        answer = bob.post("/projects", json={"name": uuid4().hex}, headers=key)
        assert answer.status_code == 201
        assert "idempotency-replayed" not in answer.headers


def test_many_at_once_with_a_key_make_one(up: Up, ada: httpx.Client) -> None:
    name, key = uuid4().hex, {"Idempotency-Key": uuid4().hex}
    found: list[int] = []

    def ask() -> None:
        with up.person(Authorization=ada.headers["Authorization"]) as person:
            found.append(person.post("/projects", json={"name": name}, headers=key).status_code)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) <= {201, 409}
    assert 201 in found
    listed = [one for one in ada.get("/projects", params={"limit": 1000}).json()["items"] if one["name"] == name]
    assert len(listed) == 1


def test_answers_with_secrets_are_not_kept(ada: httpx.Client) -> None:
    refused = ada.post("/tokens", json={"name": "x"}, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, refused.json()["code"]) == (400, "not-repeatable")


def test_what_is_unchanged_is_not_sent_again(ada: httpx.Client, project: str) -> None:
    first = ada.get(f"/projects/{project}")
    tag = {"If-None-Match": first.headers["etag"]}
    again = ada.get(f"/projects/{project}", headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    ada.patch(f"/projects/{project}", json={"settings": {"retention_days": 3}})
    changed = ada.get(f"/projects/{project}", headers=tag)
    assert (changed.status_code, changed.json()["settings"]["retention_days"]) == (200, 3)


def test_redaction_that_can_not_be_had_is_refused_when_it_is_chosen(ada: httpx.Client, project: str) -> None:
    pytest.importorskip("presidio_analyzer")
    wanted = {"settings": {"presidio": True, "presidio_models": ["zz_none_web_sm"]}}
    refused = ada.patch(f"/projects/{project}", json=wanted)
    assert refused.status_code == 422
    assert "python -m spacy download zz_none_web_sm" in refused.text
    changed = ada.patch(f"/projects/{project}", json={"settings": {"presidio": True}})
    assert changed.json()["settings"]["presidio"] is True


def test_a_change_of_what_was_changed_meanwhile_is_refused(ada: httpx.Client, project: str) -> None:
    seen = {"If-Match": ada.get(f"/projects/{project}").headers["etag"]}
    mine, theirs = ({"settings": {"guidelines": words}} for words in ("mine", "theirs"))
    assert ada.patch(f"/projects/{project}", json=theirs, headers=seen).status_code == 200
    refused = ada.patch(f"/projects/{project}", json=mine, headers=seen)
    assert (refused.status_code, refused.json()["code"]) == (412, "changed-meanwhile")
    assert ada.get(f"/projects/{project}").json()["settings"]["guidelines"] == "theirs"


def test_pages_have_everything_once(ada: httpx.Client) -> None:
    made = {ada.post("/projects", json={"name": uuid4().hex}).json()["id"] for _turn in range(5)}
    found: list[str] = []
    after = None
    while True:
        page = ada.get("/projects", params={"limit": 2} | ({"after": after} if after else {})).json()
        assert len(page["items"]) <= 2
        found += [one["id"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(found) == len(set(found)) == page["total"]
    assert made <= set(found)
    assert found == sorted(found, reverse=True)
    assert ada.get("/projects", params={"after": "nonsense"}).status_code == 422
    assert ada.get("/projects", params={"limit": 0}).status_code == 422


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8700", "127.0.0.1.evil.example", "", "[::1"])
def test_another_name_is_refused(up: Up, host: str) -> None:
    for path in ("/api/v1/set-up", "/health/live", "/"):
        answer = httpx.get(up.url + path, headers={"Host": host}, trust_env=False)
        assert answer.status_code in (400, 403), path


@pytest.mark.parametrize("host", ["localhost:8700", "127.0.0.1", "[::1]:80", "LOCALHOST"])
def test_the_machines_own_names_are_known(up: Up, host: str) -> None:
    assert httpx.get(f"{up.url}/health/live", headers={"Host": host}, trust_env=False).status_code == 200


def test_a_body_is_refused_before_it_is_read(up: Up, ada: httpx.Client) -> None:
    said = ada.post("/projects", content=b"x" * 4_000_001, headers={"Content-Type": "application/json"})
    assert (said.status_code, said.json()["code"]) == (413, "too-large")

    def pieces() -> Iterator[bytes]:
        for _turn in range(100):
            yield b" " * 50_000

    unsaid = ada.post("/projects", content=pieces(), headers={"Content-Type": "application/json"})
    assert (unsaid.status_code, unsaid.json()["code"]) == (413, "too-large")
    host, port = urlsplit(up.url).hostname, urlsplit(up.url).port
    for path in (b"projects", b"uploads?project=p&name=n"):
        with socket.create_connection((host, port), timeout=60) as wire:
            wire.sendall(
                b"POST /api/v1/" + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: 999999999999\r\n\r\n"
            )
            assert b" 413 " in wire.recv(4096), path


def test_an_upload_is_kept_once_and_only_where_one_may(up: Up, ada: httpx.Client, project: str) -> None:
    content = b"text,label\n" + b"some text,a\n" * 500_000
    params = {"project": project, "name": "../../rows.csv"}
    first, second = (ada.post("/uploads", params=params, content=content) for _turn in range(2))
    assert (first.status_code, first.json()["name"]) == (201, "rows.csv")
    assert first.json()["blob"] == hashlib.sha256(content).hexdigest() == second.json()["blob"]
    assert not list((up.folder / "uploads").iterdir())
    with closing(join(up, ada, f"{uuid4().hex}@example.com")) as bob:
        assert bob.post("/uploads", params=params, content=b"x").status_code == 404


def test_answers_are_safe_to_show(ada: httpx.Client) -> None:
    headers = ada.get("/session").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert ada.post("/tokens", json={"name": "t"}).headers["cache-control"] == "no-store"


def test_every_route_but_those_for_strangers_asks_who_is_calling(up: Up) -> None:
    described = httpx.get(f"{up.url}/api/v1/openapi.json", trust_env=False).json()
    strangers = {"/set-up", "/session", "/invitations/{invitation}"}
    with up.person() as nobody:
        for path, own in described["paths"].items():
            for method, operation in own.items():
                assert operation["summary"], path
                short = path.removeprefix("/api/v1")
                if short in strangers and (method == "post" or short != "/session"):
                    continue
                answer = nobody.request(method, short.replace("{", "").replace("}", ""), json={})
                assert answer.status_code in (401, 422), (method, path)
                if answer.status_code == 422:
                    # What is sent is looked at together with who sends it; a good body then is refused as well.
                    assert "security" in operation, (method, path)


def test_each_change_is_in_the_audit_log(up: Up, ada: httpx.Client, project: str) -> None:
    email = f"{uuid4().hex}@example.com"
    with closing(join(up, ada, email)) as bob:
        user = bob.get("/session").json()["user"]["id"]
        ada.post(f"/projects/{project}/members", json={"email": email, "role": "viewer"})
        ada.put(f"/projects/{project}/members/{user}", json={"role": "editor"})
        bob.delete(f"/projects/{project}/members/{user}")
        bob.patch("/session/user", json={"theme": "dark"})
        bob.put("/session/password", json={"old": PASSWORD, "new": "something else entirely"})
        token = bob.post("/tokens", json={"name": "t"}).json()["id"]
        bob.delete(f"/tokens/{token}")
        bob.delete("/session")
    with up.person() as bob:
        sign_in(bob, email, "something else entirely")
    ours = ada.get("/audit", params={"user": user}).json()["items"]
    assert [one["action"] for one in reversed(ours)] == [
        "user.accept", "member.remove", "user.change", "user.password", "token.create", "token.revoke",
        "user.sign-out", "user.sign-in",
    ]  # fmt: skip
    assert all(one["email"] == email for one in ours)
    theirs = ada.get("/audit", params={"project": project, "action": "member."}).json()["items"]
    assert [(one["action"], one["details"].get("role")) for one in reversed(theirs)] == [
        ("member.put", "viewer"), ("member.put", "editor"), ("member.remove", None),
    ]  # fmt: skip
    everything = json.dumps(ada.get("/audit", params={"limit": 1000}).json())
    assert PASSWORD not in everything
    assert "tunery_pat_" not in everything
