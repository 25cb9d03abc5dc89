"""Who works on a project."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from tunery.app.access import Role
from tunery.app.actions import members
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import Caller
from tunery.store.tables import Member, User

router = APIRouter(prefix="/projects/{project}/members", tags=["members"], route_class=Route)


class MemberAnswer(Answer):
    """A member."""

    user: str
    name: str
    email: str
    role: Role


class MembersAnswer(Answer):
    """All of them."""

    items: list[MemberAnswer]


class MemberBody(Body):
    """Somebody to make a member."""

    email: Annotated[str, Field(max_length=260, description="Of somebody with an account.")]
    role: Role


class RoleBody(Body):
    """A role."""

    role: Role


@router.get("", summary="Who works on a project")
def list_members(context: Caller, project: str) -> MembersAnswer:
    """Return the members, by name."""
    return MembersAnswer(items=[_answer(*one) for one in members.of_project(context, project)])


@router.post("", status_code=201, summary="Make somebody a member")
def add(context: Caller, project: str, body: MemberBody) -> MemberAnswer:
    """Make somebody with an account a member, or give a member another role."""
    return _answer(*members.add(context, project, email=body.email, role=body.role))


@router.put("/{user}", summary="Give a member another role")
def put(context: Caller, project: str, user: str, body: RoleBody) -> MemberAnswer:
    """Make a user a member, or give a member another role."""
    return _answer(*members.put(context, project, user=user, role=body.role))


@router.delete("/{user}", status_code=204, summary="Take a member out")
def remove(context: Caller, project: str, user: str) -> None:
    """Take a member out; everybody may leave."""
    members.remove(context, project, user=user)


def _answer(member: Member, user: User) -> MemberAnswer:
    return MemberAnswer(user=user.id, name=user.name, email=user.email, role=member.role)
