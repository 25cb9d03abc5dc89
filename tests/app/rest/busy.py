"""A client that never stops changing things, and notes what the application has acknowledged."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Self
from uuid import uuid4

import httpx
from sqlalchemy import select
from tests.app.rest.servers import PATIENCE

from tunery.store import data_sets, endpoints, identifiers, projects, versions
from tunery.store.tables import Annotation, Blob, EndpointEvent, Member, Model, Schedule, User
from tunery.store.workspace import Workspace
from tunery.types import Example

LABELS = ("good", "bad")
MODELS = ("m0", "m1")
_PAUSE = 0.02
"""Seconds between two attempts at a request that was not acknowledged."""


@dataclass
class Acknowledged:
    """What was answered with 2xx.

    Attributes:
        annotations: The target of each annotation, by its id.
        blobs: The hashes of uploads.
        schedules: What marks each schedule, in its arguments.
        events: The reasons of changes to an endpoint.
        roles: The last role of each member.
    """

    annotations: dict[str, str] = field(default_factory=dict)
    blobs: list[str] = field(default_factory=list)
    schedules: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, (self.annotations, self.blobs, self.schedules, self.events)))


@dataclass(frozen=True)
class Place:
    """Where the client works: the names of a project, a queue of it, and a member."""

    project: str
    queue: str
    member: str


def prepare(workspace: Workspace, ada: httpx.Client, *, rows: int = 3000) -> Place:
    """Make a project with a queue, a member, and an endpoint whose model nobody has."""
    with workspace.writing() as session:
        member = User(id=identifiers.new(), email="bob@example.com", name="Bob", created=datetime.now(UTC))
        session.add(member)
        session.flush()
        project = projects.create(session, name="P", user=None).id
        data_set = data_sets.create(session, project=project, name="d", task="text-classification", user=None).id
        versions.create(
            workspace, session, data_set=data_set, rows=[("train", Example(f"text {n}"), None) for n in range(rows)],
            fingerprint="f", schema={"target": "label", "pair": False}, origin="upload", user=None,
        )  # fmt: skip
        session.add_all(
            Model(id=name, project=project, task="text-classification", labels=[], size=1, created=datetime.now(UTC))
            for name in MODELS
        )
        session.flush()
        endpoint = endpoints.deploy(session, project=project, name="e", model=MODELS[1], user=None)
        endpoints.stop(session, endpoint.id, user=None)  # no server is to look for the files of these models
    wanted = {"name": "q", "order": "given", "labels": LABELS, "kind": "label"}
    made = ada.post(f"/data-sets/{data_set}/queues", json=wanted)
    assert made.status_code == 201, made.text
    return Place(project, made.json()["queue"], member.id)


class Busy:
    """Changes things from its ``with`` to its end; what isn't acknowledged is sent again, with the same key.

    Args:
        url: Of the application, which may go away meanwhile.
        token: An access token.
        place: Where to work.

    Attributes:
        acknowledged: What was answered with 2xx.
        refused: How often which status was answered instead; 0 where there was no answer at all.
        problems: The bodies of these.
    """

    def __init__(self, url: str, token: str, place: Place) -> None:
        self.acknowledged = Acknowledged()
        self.refused: Counter[int] = Counter()
        self.problems: list[httpx.Response] = []
        self._url, self._token, self._place = url, token, place
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_about: object) -> None:
        self._stopping.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), (self.refused, self.problems[-1:])
        if self._failure is not None:
            raise self._failure

    def more(self, number: int = 12) -> None:
        """Wait until so much more was acknowledged."""
        wanted = len(self.acknowledged) + number
        self.until(lambda: len(self.acknowledged) >= wanted)

    def until(self, there: Any) -> None:
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE
        while not there():
            assert time.monotonic() < end, (self.refused, self.problems[-1:])
            if self._failure is not None:
                raise self._failure
            time.sleep(0.01)

    def _run(self) -> None:
        try:
            with httpx.Client(
                base_url=f"{self._url}/api/v1", timeout=PATIENCE, trust_env=False,
                headers={"Authorization": f"Bearer {self._token}"},
            ) as client:  # fmt: skip
                for number in count():
                    for change in (self._label, self._label, self._upload, self._schedule, self._event, self._member):
                        if self._stopping.is_set():
                            return
                        change(client, number)
        except BaseException as error:  # noqa: BLE001 - the test that waits raises it
            self._failure = error

    def _ask(self, client: httpx.Client, method: str, path: str, **what: Any) -> httpx.Response:
        """Send a request until it is acknowledged."""
        if method == "POST" and "content" not in what:
            what["headers"] = {"Idempotency-Key": str(uuid4())}
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = client.request(method, path, **what)
            except httpx.TransportError:
                self.refused[0] += 1
            else:
                if answer.is_success:
                    return answer
                self.refused[answer.status_code] += 1
                self.problems.append(answer)
                assert answer.status_code in (503, 507), answer.text
            assert time.monotonic() < end, (method, path, self.problems[-1:])
            time.sleep(_PAUSE)

    def _label(self, client: httpx.Client, number: int) -> None:
        given = self._ask(client, "POST", f"/queues/{self._place.queue}/next", json={"count": 1}).json()["tasks"]
        name, target = identifiers.new(), LABELS[number % 2]
        self._ask(client, "POST", f"/items/{given[0]['item']}/annotations", json={"id": name, "target": target})
        self.acknowledged.annotations[name] = target

    def _upload(self, client: httpx.Client, number: int) -> None:
        content = f"text,label\nfile {number} {uuid4()},good\n".encode()
        about = {"project": self._place.project, "name": "data.csv"}
        answer = self._ask(client, "POST", "/uploads", params=about, content=content)
        self.acknowledged.blobs.append(answer.json()["blob"])

    def _schedule(self, client: httpx.Client, number: int) -> None:
        wanted = {"kind": "evaluate", "cron": "0 3 1 1 *", "arguments": {"model": f"m{number}", "version": "v"}}
        self._ask(client, "POST", f"/projects/{self._place.project}/schedules", json=wanted)
        self.acknowledged.schedules.append(f"m{number}")

    def _event(self, client: httpx.Client, number: int) -> None:
        wanted = {"action": "promote", "model": MODELS[number % 2], "reason": str(number)}
        self._ask(client, "POST", f"/projects/{self._place.project}/endpoints/e/actions", json=wanted)
        self.acknowledged.events.append(str(number))

    def _member(self, client: httpx.Client, number: int) -> None:
        role = ("viewer", "annotator", "editor")[number % 3]
        path = f"/projects/{self._place.project}/members/{self._place.member}"
        self._ask(client, "PUT", path, json={"role": role})
        self.acknowledged.roles[self._place.member] = role


def found(workspace: Workspace, place: Place) -> Iterator[tuple[str, Any]]:
    """Yield what a workspace holds of what such a client makes, as `Acknowledged` has it."""
    with workspace.reading() as session:
        answers = select(Annotation.id, Annotation.target).where(Annotation.queue == place.queue)
        yield "annotations", {name: str(target).strip('"') for name, target in session.execute(answers)}
        yield "schedules", sorted(str(one.arguments["model"]) for one in session.scalars(select(Schedule)))
        reasons = session.scalars(select(EndpointEvent.reason).where(EndpointEvent.reason != ""))
        yield "events", sorted(reasons)
        yield "blobs", sorted(session.scalars(select(Blob.hash)))
        roles = select(Member.user, Member.role).where(Member.project == place.project, Member.user == place.member)
        yield "roles", dict(session.execute(roles).all())


def is_there_once(workspace: Workspace, place: Place, said: Acknowledged) -> None:
    """Make sure that everything that was acknowledged is there, once."""
    there = dict(found(workspace, place))
    assert there["annotations"] == said.annotations
    assert there["schedules"] == sorted(said.schedules)
    assert there["events"] == sorted(said.events)
    assert there["roles"] == said.roles
    # An upload that was cut off may have been kept without being acknowledged.
    assert set(there["blobs"]) >= set(said.blobs)
    assert all(workspace.blobs.intact(digest) for digest in said.blobs)
    with workspace.reading() as session:
        items = session.scalars(select(Annotation.item).where(Annotation.queue == place.queue)).all()
    assert len(items) == len(set(items)) == len(said.annotations)  # no text was given twice
