"""Uploads, differences, lineage and deletions as actions: who may, and what the audit log says."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime

import openpyxl
import pytest
from sqlalchemy import select
from tests.store import making
from tests.store.making import given

from tunery.app.access import AccessError
from tunery.app.actions import data, deletions, lineage
from tunery.app.context import Context
from tunery.errors import DataError
from tunery.store import identifiers, models, rows, runs
from tunery.store.failures import NotFoundError
from tunery.store.tables import AuditEntry, DataSet, Endpoint, Member, Request, User
from tunery.store.workspace import Workspace
from tunery.types import Example


class _NoJobs:
    """Nothing here starts one."""

    def enqueue(self, *_about: object, **_more: object) -> object:
        raise AssertionError("a job was started")

    cancel = enqueue


@dataclass
class Team:
    """A project, and people who are in it or not."""

    data_set: DataSet
    owner: Context
    editor: Context
    viewer: Context
    stranger: Context

    @property
    def project(self) -> str:
        return self.data_set.project


@pytest.fixture
def team(local_workspace: Workspace) -> Team:
    owner = making.data_set(local_workspace)
    everybody = Context(local_workspace, _NoJobs())  # type: ignore[arg-type]
    people = {}
    with local_workspace.writing() as session:
        for role in ("editor", "viewer", "stranger"):
            user = User(id=identifiers.new(), email=f"{role}@b.c", name=role, created=datetime.now(UTC))
            session.add(user)
            session.flush()
            if role != "stranger":
                session.add(Member(project=owner.project, user=user.id, role=role))
            people[role] = everybody.of(user)
    return Team(owner, everybody, **people)


def _actions(workspace: Workspace) -> list[tuple[str, str | None, str | None]]:
    with workspace.reading() as session:
        return [(one.action, one.subject, one.user) for one in session.scalars(select(AuditEntry))]


def test_a_file_that_arrives_in_pieces_is_kept_under_a_plain_name(local_workspace: Workspace, team: Team) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["text", "label"], *([f"text {n}", "ab"[n % 2]] for n in range(20))):
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    whole = target.getvalue()
    pieces = [whole[start : start + 100] for start in range(0, len(whole), 100)]
    origin = data.stage_upload(team.editor, team.project, name="../意图.xlsx", pieces=iter(pieces))
    assert origin.name == "意图.xlsx"
    assert origin.blob is not None
    assert local_workspace.blobs.get(origin.blob) == whole
    assert list(local_workspace.place("uploads").iterdir()) == []
    look = data.look(team.editor, team.project, origin, task="text-classification")
    assert look.columns == ("text", "label")
    with pytest.raises(DataError, match="is a program"):
        data.stage_upload(team.editor, team.project, name="a.csv", pieces=[b"\x7fELF\0\0"])
    with pytest.raises(AccessError):
        data.stage_upload(team.viewer, team.project, name="a.csv", pieces=[b"a"])
    assert list(local_workspace.blobs) == [origin.blob]


def test_two_versions_are_compared_by_whoever_may_see_both(local_workspace: Workspace, team: Team) -> None:
    first = making.version(local_workspace, team.data_set, [given("train", "a", "a")])
    second = making.version(local_workspace, team.data_set, [given("train", "a", "b"), given("dev", "b", "b")])
    other = making.version(local_workspace, making.data_set(local_workspace, "other"), [given("train", "a", "a")])
    found = data.difference(team.viewer, first.id, second.id)
    assert found == {"added": 1, "removed": 0, "moved": 0, "relabelled": 1}
    page = data.changes(team.viewer, first.id, second.id, kind="relabelled")
    assert [(one.row.text, one.target_before, one.target_after) for one in page.items] == [("a", '"a"', '"b"')]
    for context, after in ((team.stranger, second.id), (team.viewer, other.id), (team.owner, other.id)):
        with pytest.raises(NotFoundError):
            data.difference(context, first.id, after)


def test_a_deletion_names_the_models_and_stands_in_the_audit_log(
    local_workspace: Workspace, team: Team, tmp_path_factory: pytest.TempPathFactory
) -> None:
    version = making.version(local_workspace, team.data_set, [given("train", "a private text", "a")])
    with local_workspace.writing() as session:
        run = runs.create(session, project=team.project, version=version.id, recipe={}, user=None)
        model = models.put(
            local_workspace, session, project=team.project, user=None, run=run.id,
            folder=making.model_folder(tmp_path_factory.mktemp("m") / "model"),
        )  # fmt: skip
        session.add(Endpoint(id="e", project=team.project, name="e", champion=model.id, created=datetime.now(UTC)))
        session.flush()
        row = rows.name_of(local_workspace, team.project, Example("a private text"))
        session.add(
            Request(id="r", call="c", endpoint="e", model=model.id, at=datetime.now(UTC), text="private", row=row)
        )
    assert [one.model.id for one in lineage.of_row(team.viewer, row).learned] == [model.id]
    assert lineage.of_model(team.viewer, model.id).version == version
    assert lineage.of_request(team.viewer, "r").row is not None
    for see in (lambda: lineage.of_row(team.stranger, row), lambda: lineage.of_model(team.stranger, model.id),
                lambda: lineage.of_request(team.stranger, "r"), lambda: deletions.row(team.stranger, row)):  # fmt: skip
        with pytest.raises(NotFoundError):
            see()
    with pytest.raises(AccessError):
        deletions.request(team.viewer, "r")
    entry = deletions.request(team.editor, "r", reason="asked for")
    assert entry.models == [model.id]
    assert _actions(local_workspace) == [("request.delete", "r", team.editor.user_id)]
    deletions.row(team.editor, row)
    assert {one.subject for one in deletions.page(team.viewer, team.project).items} == {"r", row}
    assert b"private" not in (local_workspace.folder / "workspace.db").read_bytes()
