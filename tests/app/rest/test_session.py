"""The first account, signing in and out, invitations, and what other pages can't do."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tests.app.rest.servers import PASSWORD, Up, join, set_up, sign_in, token_of


def test_the_first_account_is_made_once_and_sign_ins_outlast_a_restart_until_they_expire(tmp_path: Path) -> None:
    with Up(tmp_path / "w") as up, up.person() as person:
        assert person.get("/set-up").json() == {"needed": True, "code_needed": False}
        assert person.get("/session").status_code == 401
        account = {"email": "a@b.cc", "name": "A", "password": PASSWORD}
        # It may come from anywhere: a proxy on this machine sent it on.
        assert person.post("/set-up", json=account, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
        set_up(person)
        assert person.get("/session").json()["user"]["admin"] is True
        again = person.post("/set-up", json=account)
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
        port = up.url.rpartition(":")[2]
        assert up.stop() == 0
        with Up(tmp_path / "w", "--port", port, "--session-hours", "0.001") as later, later.person() as other:
            assert person.get("/session").json()["user"]["email"] == "ada@example.com"
            sign_in(other, "ada@example.com")
            assert other.get("/session").status_code == 200
            time.sleep(4)
            expired = other.get("/session")
            assert (expired.status_code, expired.json()["code"]) == (401, "signed-out")


def test_who_can_not_be_local_needs_the_code_and_https_keeps_the_cookie_to_itself(tmp_path: Path) -> None:
    with Up(tmp_path / "w", "--host", "0.0.0.0", "--address", "https://tunery.example.com") as up:  # noqa: S104
        assert up.url == "https://tunery.example.com"
        code = up.errors.partition("Code for the first account: ")[2].split()[0]
        address = up.errors.partition("Listening on ")[2].split()[0]
        with httpx.Client(base_url=f"{address}/api/v1", trust_env=False, timeout=60) as person:
            person.headers["Host"] = "tunery.example.com"
            assert person.get("/set-up").json() == {"needed": True, "code_needed": True}
            account = {"email": "a@b.cc", "name": "A", "password": PASSWORD}
            for wrong in (None, "wrong"):
                refused = person.post("/set-up", json={**account, "code": wrong})
                assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
            answer = person.post("/set-up", json={**account, "code": code})
            assert answer.status_code == 201
            assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("password", ["short", "1234567890", "aaaaaaaaaaaa", "ada@example.org", "password123"])
def test_a_password_that_anybody_would_try_is_refused(up: Up, ada: httpx.Client, password: str) -> None:
    answer = ada.post("/users", json={"email": f"{abs(hash(password))}@example.org", "name": "ada@example.org"})
    secret = answer.json()["link"].rpartition("/")[2]
    with up.person() as person:
        refused = person.post(f"/invitations/{secret}", json={"password": password})
        assert (refused.status_code, refused.json()["code"]) == (422, "unusable")
        assert person.get(f"/invitations/{secret}").status_code == 200


def test_an_invitation_is_good_once(up: Up, ada: httpx.Client) -> None:
    answer = ada.post("/users", json={"email": "Carl@Example.com ", "name": "  Carl  "}).json()
    assert (answer["user"]["email"], answer["user"]["name"]) == ("carl@example.com", "Carl")
    assert answer["link"].startswith(f"{up.url}/invitation/")
    first = answer["link"].rpartition("/")[2]
    second = ada.post(f"/users/{answer['user']['id']}/invitation").json()["link"].rpartition("/")[2]
    with up.person() as carl:
        assert carl.post(f"/invitations/{first}", json={"password": PASSWORD}).status_code == 404
        assert carl.post("/session", json={"email": "carl@example.com", "password": PASSWORD}).status_code == 403
        assert carl.post(f"/invitations/{second}", json={"password": PASSWORD}).status_code == 200
        assert carl.get("/session").json()["user"]["name"] == "Carl"
        assert carl.post(f"/invitations/{second}", json={"password": PASSWORD}).status_code == 404
    taken = ada.post("/users", json={"email": "carl@example.com", "name": "C"})
    assert (taken.status_code, taken.json()["code"]) == (409, "conflict")


def test_the_cookie_is_out_of_reach_of_scripts_and_new_at_each_sign_in(up: Up) -> None:
    secrets = []
    for _turn in range(2):
        with up.person() as person:
            answer = person.post("/session", json={"email": "ADA@example.com", "password": PASSWORD})
            cookie = answer.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=lax" in cookie
            assert "Secure" not in cookie
            assert "Path=/" in cookie
            secrets.append(cookie.partition(";")[0])
    assert len(set(secrets)) == 2


def test_changes_by_cookie_need_what_only_our_pages_know(up: Up) -> None:
    with up.person() as person:
        sign_in(person, "ada@example.com")
        good = person.headers.pop("X-CSRF-Token")
        change = {"name": "Ada"}
        for headers in (
            {},
            {"X-CSRF-Token": "0" * 40},
            {"X-CSRF-Token": good[:-1]},
            {"X-CSRF-Token": good, "Origin": "http://evil.example"},
            {"X-CSRF-Token": good, "Sec-Fetch-Site": "cross-site"},
        ):
            refused = person.patch("/session/user", json=change, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "not-from-here")
        allowed = person.patch("/session/user", json=change, headers={"X-CSRF-Token": good, "Origin": up.url})
        assert allowed.status_code == 200
        with up.person() as other:
            sign_in(other, "ada@example.com")
            stolen = other.headers["X-CSRF-Token"]
        assert person.patch("/session/user", json=change, headers={"X-CSRF-Token": stolen}).status_code == 403


def test_signing_in_from_another_page_is_refused(up: Up) -> None:
    with up.person() as person:
        body = {"email": "ada@example.com", "password": PASSWORD}
        assert person.post("/session", json=body, headers={"Origin": "http://evil.example"}).status_code == 403
        form = {"Content-Type": "text/plain"}
        assert person.post("/session", content='{"email": "a", "password": "b"}', headers=form).status_code == 422


def test_guessing_is_slowed_down_and_tells_nothing(up: Up, ada: httpx.Client) -> None:
    join(up, ada, "dora@example.com").close()
    with up.person() as person:
        for email in ("dora@example.com", "nobody@example.com"):
            for _turn in range(5):
                refused = person.post("/session", json={"email": email, "password": "wrong one"})
                assert (refused.status_code, refused.json()["detail"]) == (
                    403, "E-mail and password don't belong together.",
                )  # fmt: skip
            slow = person.post("/session", json={"email": email, "password": PASSWORD})
            assert (slow.status_code, slow.json()["code"]) == (429, "too-many-attempts")
            assert int(slow.headers["retry-after"]) >= 1
        time.sleep(1.1)
        assert person.post("/session", json={"email": "dora@example.com", "password": PASSWORD}).status_code == 200


def test_a_changed_password_ends_all_other_sign_ins(up: Up, ada: httpx.Client) -> None:
    with closing(join(up, ada, "emil@example.com")) as one, up.person() as two:
        sign_in(two, "emil@example.com")
        token = token_of(two)
        assert len(one.get("/sessions").json()["items"]) == 2
        wrong = one.put("/session/password", json={"old": "no", "new": "another sentence"})
        assert wrong.status_code == 403
        assert one.put("/session/password", json={"old": PASSWORD, "new": "another sentence"}).status_code == 204
        assert one.get("/session").status_code == 200
        assert two.get("/session").status_code == 401
        with up.person(Authorization=f"Bearer {token}") as program:
            assert program.get("/session").json()["csrf"] is None
        sign_in(two, "emil@example.com", "another sentence")
        assert two.delete("/sessions").json() == {"ended": 2}
        assert one.get("/session").status_code == 401


def test_signing_out_makes_the_cookie_worthless(up: Up) -> None:
    with up.person() as person:
        sign_in(person, "ada@example.com")
        cookies = dict(person.cookies)
        assert person.delete("/session").status_code == 204
        assert not person.cookies
        person.cookies.update(cookies)
        assert person.get("/session").status_code == 401


def test_who_is_disabled_is_out_at_once(up: Up, ada: httpx.Client) -> None:
    with closing(join(up, ada, "finn@example.com")) as finn:
        token = token_of(finn)
        user = finn.get("/session").json()["user"]["id"]
        assert ada.patch(f"/users/{user}", json={"disabled": True}).json()["disabled"] is not None
        assert finn.get("/session").status_code == 401
        with up.person(Authorization=f"Bearer {token}") as program:
            assert program.get("/session").status_code == 401
        refused = finn.post("/session", json={"email": "finn@example.com", "password": PASSWORD})
        assert refused.status_code == 403
        assert ada.patch(f"/users/{user}", json={"disabled": False}).json()["disabled"] is None
        assert finn.post("/session", json={"email": "finn@example.com", "password": PASSWORD}).status_code == 200


def test_the_last_administrator_stays_one(ada: httpx.Client) -> None:
    own = ada.get("/session").json()["user"]["id"]
    for change in ({"admin": False}, {"disabled": True}):
        refused = ada.patch(f"/users/{own}", json=change)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert ada.get("/session").json()["user"]["admin"] is True


def test_tokens_are_shown_once_and_revoked_at_once(up: Up, ada: httpx.Client) -> None:
    made = ada.post("/tokens", json={"name": "build server"}).json()
    assert made["token"].startswith("tunery_pat_")
    listed = next(one for one in ada.get("/tokens").json()["items"] if one["id"] == made["id"])
    assert "token" not in listed
    with up.person(Authorization=f"Bearer {made['token']}") as program:
        assert program.get("/session").status_code == 200
        assert ada.delete(f"/tokens/{made['id']}").status_code == 204
        assert program.get("/session").status_code == 401
    past = ada.post("/tokens", json={"name": "x", "expires": "2001-01-01T00:00:00Z"})
    assert past.status_code == 422
