"""Where texts came from and went to, and that they are nowhere once they were deleted, on every kind of store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import String, cast, select
from tests.store import making
from tests.store.making import given

from tunery.store import deletion, identifiers, lineage, models, projects, rows, runs, version_rows, versions
from tunery.store.failures import NotFoundError
from tunery.store.tables import (
    Annotation,
    DataSet,
    Endpoint,
    Feedback,
    Idempotency,
    Job,
    JobLine,
    Lease,
    Model,
    Queue,
    QueueItem,
    Record,
    Request,
    User,
    Version,
)  # fmt: skip
from tunery.store.workspace import Workspace
from tunery.types import Example

PERSONAL = "Müller-Lüdenscheidt 张三丰 lives at 7 Elm Street"
EXAMPLE = Example(
    PERSONAL, "a", text_pair=f"{PERSONAL} (pair)", words=((0, 19),), id=f"{PERSONAL} id", group=f"{PERSONAL} group",
    document=f"{PERSONAL} document", timestamp="2026-01-01",
)  # fmt: skip


@dataclass
class Things:
    """A row that was asked about, taken into versions, learned from and annotated."""

    owner: DataSet
    row: str
    request: str
    first: Version
    second: Version
    learned: Model
    chosen: Model
    exported: Model
    other: Model


@pytest.fixture
def things(workspace: Workspace, tmp_path: Path) -> Things:
    owner = making.data_set(workspace)
    other = given("train", "somebody else", "b")
    first = making.version(workspace, owner, [("train", EXAMPLE, None), other])
    second = making.version(workspace, owner, [("dev", EXAMPLE, None), ("test", EXAMPLE, None), other])
    third = making.version(workspace, owner, [("test", EXAMPLE, None), other])
    made = {}
    with workspace.writing() as session:
        for name, version in (("learned", first), ("chosen", second), ("other", third)):
            run = runs.create(session, project=owner.project, version=version.id, recipe={}, user=None)
            made[name] = models.put(
                workspace, session, project=owner.project, user=None, run=run.id,
                folder=making.model_folder(tmp_path / name, word=name),
            )  # fmt: skip
        made["exported"] = models.put(
            workspace, session, project=owner.project, user=None, derived=made["learned"].id,
            folder=making.model_folder(tmp_path / "exported", word="exported"),
        )  # fmt: skip
    row = rows.name_of(workspace, owner.project, EXAMPLE)
    request = _use(workspace, owner, row, made["learned"])
    return Things(owner, row, request, first, second, **made)


def _use(workspace: Workspace, owner: DataSet, row: str, model: Model) -> str:
    """Let a text lie wherever one can lie; return the name of the request that it came from."""
    now = datetime.now(UTC)
    user, request, job = identifiers.new(), identifiers.new(), identifiers.new()
    with workspace.writing() as session:
        session.add(User(id=user, email="a@b.c", name="A", created=now))
        session.flush()
        session.add_all(
            [
                Endpoint(id="e", project=owner.project, name="e", champion=model.id, created=now),
                Queue(id="q", project=owner.project, data_set=owner.id, name="q", created=now),
                Job(id=job, project=owner.project, kind="check", created=now),
                Idempotency(user=user, key="k", request="r", body=f'{{"text": "{PERSONAL}"}}', at=now),
            ]
        )
        session.flush()
        session.add_all(
            [
                QueueItem(id="i", queue="q", row=row, position=0, reason="random", suggestion={"text": PERSONAL}),
                JobLine(job=job, number=1, at=now, line=f"Read {PERSONAL}."),
                Request(id=request, call="c", endpoint="e", model=model.id, at=now, text=f"{PERSONAL}!", row=row,
                        text_pair=PERSONAL),
            ]
        )  # fmt: skip
        session.flush()
        session.add_all(
            [
                Lease(item="i", user=user, until=now, draft=f'"{PERSONAL}"'),
                Annotation(id="a", queue="q", item="i", row=row, user=user, target='"a"', reason="random",
                           note=f"about {PERSONAL}", at=now),
                Feedback(id="f", request=request, at=now, verdict="wrong", note=f"no, {PERSONAL}"),
            ]
        )  # fmt: skip
    cache = workspace.place(deletion.CACHE)
    (cache / f"{row}.txt").write_text(PERSONAL)
    return request


def _found(workspace: Workspace, word: str) -> list[str]:
    """Return where a word still lies: in files of the workspace, columns of the database, blobs."""
    data = word.encode()
    files = [str(path) for path in workspace.folder.rglob("*") if path.is_file() and data in path.read_bytes()]
    blobs = [digest for digest in workspace.blobs if data in workspace.blobs.get(digest)]
    with workspace.reading() as session:
        columns = [
            f"{table.name}.{column.name}"
            for table in Record.metadata.sorted_tables
            for column in table.columns
            if session.scalar(select(column).where(cast(column, String).contains(word, autoescape=True)).limit(1))
        ]
    return files + blobs + columns


def test_a_row_leads_to_its_versions_and_to_every_model_that_depends_on_it(
    workspace: Workspace, things: Things
) -> None:
    with workspace.reading() as session:
        found = lineage.of_row(session, things.row)
    assert [(place.version.number, place.splits) for place in found.places] == [
        (1, ("train",)), (2, ("dev", "test")), (3, ("test",)),
    ]  # fmt: skip
    assert {(one.model.id, one.how) for one in found.learned} == {
        (things.learned.id, "train"), (things.exported.id, "train"), (things.chosen.id, "dev"),
    }  # fmt: skip
    assert [one.id for one in found.requests] == [things.request]


def test_an_answer_leads_back_to_the_rows_behind_it(workspace: Workspace, things: Things) -> None:
    with workspace.reading() as session:
        found = lineage.of_request(session, things.request)
        origin = lineage.of_model(session, things.exported.id)
        assert found.origin.version is not None
        behind = version_rows.page(session, version=found.origin.version.id, split="train")
    assert found.row is not None
    assert found.row.id in {item.row.id for item in behind.items}
    assert len(found.learned) == 3
    assert [one.id for one in origin.derived] == [things.learned.id]
    assert origin.run is not None
    assert (origin.run.id, origin.version, origin.base) == (things.learned.run, things.first, "hf:base@1")
    assert origin.data_set == things.owner


@pytest.mark.parametrize("by", ["row", "request"])
def test_a_deleted_text_is_nowhere_and_its_lineage_stays(workspace: Workspace, things: Things, by: str) -> None:
    assert _found(workspace, "Müller") != []
    with workspace.writing() as session:
        delete = deletion.delete_row if by == "row" else deletion.delete_request
        subject = things.row if by == "row" else things.request
        entry = delete(workspace, session, subject, user=None, reason="asked for")
    assert deletion.scrub(workspace)
    for word in ("Müller", "张三丰", "Elm Street", r"M\u00fcller"):
        assert _found(workspace, word) == []
    assert (entry.kind, entry.subject, entry.reason) == (by, subject, "asked for")
    assert set(entry.models) == {things.learned.id, things.exported.id, things.chosen.id}
    with workspace.reading() as session:
        assert len(deletion.page(session, project=things.owner.project).items) == 2
        assert len(lineage.of_row(session, things.row).learned) == 3
        assert rows.get(session, things.row).deleted is not None
        left = [example.text for _split, example, _by in version_rows.examples(session, things.first.id)]
        listed = version_rows.page(session, version=things.first.id)
    assert left == ["somebody else"]
    assert [item.row.text for item in listed.items] == ["", "somebody else"]
    with workspace.writing() as session:
        again = delete(workspace, session, subject, user=None)
    assert again.id == entry.id


def test_what_was_deleted_does_not_come_back_with_the_same_file(workspace: Workspace, things: Things) -> None:
    with workspace.writing() as session:
        deletion.delete_row(workspace, session, things.row, user=None)
    made = making.version(workspace, things.owner, [("train", EXAMPLE, None), given("train", "new", "a")])
    assert made.counts["train"] == {"rows": 2, "labels": {"a": 2}, "deleted": 1}
    assert deletion.scrub(workspace)
    assert _found(workspace, "Müller") == []
    same = making.version(workspace, things.owner, [("train", EXAMPLE, None), given("train", "somebody else", "b")])
    assert same.id == things.first.id


def test_requests_expire_by_their_projects_settings_and_rows_stay(workspace: Workspace, things: Things) -> None:
    now = datetime.now(UTC)
    with workspace.writing() as session:
        projects.change_settings(session, things.owner.project, {"retention_days": 7})
        session.add(Request(id="fresh", call="c", endpoint="e", model=things.other.id, at=now, text="fresh"))
        session.add(Request(id="old", call="c", endpoint="e", model=things.other.id, at=now - timedelta(days=8),
                            text="an old text"))  # fmt: skip
    with workspace.writing() as session:
        assert deletion.expire(session, now) == 1
        assert deletion.expire(session, now) == 0
    assert deletion.scrub(workspace)
    assert _found(workspace, "an old text") == []
    with workspace.writing() as session:
        assert deletion.expire(session, now + timedelta(days=8)) == 2
    with workspace.reading() as session:
        assert rows.get(session, things.row).text == PERSONAL
        assert deletion.page(session, project=things.owner.project).items == []


def test_a_request_that_became_no_row_is_deleted_alone(workspace: Workspace, things: Things) -> None:
    with workspace.writing() as session:
        session.add(Request(id="alone", call="c", endpoint="e", model=things.other.id, at=datetime.now(UTC),
                            text="a lonely text"))  # fmt: skip
        session.flush()
        entry = deletion.delete_request(workspace, session, "alone", user=None)
    assert deletion.scrub(workspace)
    assert _found(workspace, "lonely") == []
    assert (entry.kind, entry.models) == ("request", [])
    assert "7 Elm" in PERSONAL
    assert _found(workspace, "7 Elm") != []


def test_versions_with_deleted_rows_keep_their_names(workspace: Workspace, things: Things) -> None:
    with workspace.writing() as session:
        deletion.delete_row(workspace, session, things.row, user=None)
        digest = versions.Digest(workspace)
        for item in version_rows.page(session, version=things.first.id).items:
            digest.add(item.place.split, item.place.row, item.place.target)
    assert digest.hexdigest() == things.first.content


def test_what_is_not_there_can_not_be_deleted(workspace: Workspace) -> None:
    for delete in (deletion.delete_row, deletion.delete_request):
        with pytest.raises(NotFoundError), workspace.writing() as session:
            delete(workspace, session, "nothing", user=None)
