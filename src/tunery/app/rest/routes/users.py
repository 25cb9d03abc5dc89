"""Users, seen by administrators; everybody sees names."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field

from tunery.app.actions import accounts, users
from tunery.app.rest.answering import Route, secret, unchanged
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import Caller, parts_of

router = APIRouter(tags=["users"], route_class=Route)


class UserAnswer(Answer):
    """A person."""

    id: str
    email: str
    name: str
    admin: bool
    preferences: dict[str, Any]
    created: datetime
    disabled: datetime | None


class UsersAnswer(Answer):
    """All of them."""

    items: list[UserAnswer]


class InviteBody(Body):
    """Whom to invite."""

    email: Annotated[str, Field(max_length=260, examples=["ada@example.com"])]
    name: Annotated[str, Field(max_length=1000, examples=["Ada"])]
    admin: bool = Field(default=False, description="Whether the user sees and may change everything.")


class InvitationAnswer(Answer):
    """A user with a link to set a password by, shown only now."""

    user: UserAnswer
    link: str
    expires: datetime


class UserBody(Body):
    """What an administrator may change of a user."""

    name: Annotated[str, Field(max_length=1000)] | None = None
    admin: bool | None = None
    disabled: bool | None = Field(default=None, description="Whether the user may no longer sign in.")


@router.get("/users", summary="All users")
def list_users(context: Caller) -> UsersAnswer:
    """Return all users, by name."""
    return UsersAnswer(items=[UserAnswer.model_validate(user) for user in users.everybody(context)])


@router.post("/users", status_code=201, summary="Invite somebody")
@secret
def invite(request: Request, context: Caller, body: InviteBody) -> InvitationAnswer:
    """Add a user, and return the link by which the user sets a password."""
    settings = parts_of(request).settings
    user, given, expires = accounts.invite(context, settings, email=body.email, name=body.name, admin=body.admin)
    return _invitation(request, user, given, expires)


@router.get("/users/{user}", summary="A user")
def show(context: Caller, user: str) -> UserAnswer:
    """Return a user."""
    return UserAnswer.model_validate(users.get(context, user=user))


@router.patch("/users/{user}", summary="Change a user")
def change(context: Caller, user: str, body: UserBody) -> UserAnswer:
    """Change a user's name or rights; who is disabled is signed out at once."""
    unchanged(UserAnswer.model_validate(users.get(context, user=user)))
    changed = users.change(context, user=user, name=body.name, admin=body.admin, disabled=body.disabled)
    return UserAnswer.model_validate(changed)


@router.post("/users/{user}/invitation", status_code=201, summary="Invite a user again")
@secret
def invite_again(request: Request, context: Caller, user: str) -> InvitationAnswer:
    """Return a new link by which the user sets a password; the one before becomes worthless."""
    found, given, expires = accounts.invite_again(context, parts_of(request).settings, user=user)
    return _invitation(request, found, given, expires)


def _invitation(request: Request, user: object, given: str, expires: datetime) -> InvitationAnswer:
    link = accounts.invitation_link(parts_of(request).settings, given)
    return InvitationAnswer(user=UserAnswer.model_validate(user), link=link, expires=expires)
