"""The first account, signing in and out, and one's own account."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from tunery.app.actions import accounts
from tunery.app.actions.accounts import SignedIn
from tunery.app.rest.answering import Route, secret
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import (
    Caller,
    Stranger,
    cookie_name,
    give_cookie,
    origin_of,
    parts_of,
    take_cookie,
)
from tunery.app.rest.routes.users import UserAnswer

router = APIRouter(tags=["session"], route_class=Route)

Email = Annotated[str, Field(max_length=260, examples=["ada@example.com"])]
Name = Annotated[str, Field(max_length=1000, examples=["Ada"])]
Password = Annotated[str, Field(max_length=2000, description="10 characters or more.")]


class SetUpAnswer(Answer):
    """Whether there is an account yet."""

    needed: bool = Field(description="Whether the first account has to be made.")
    code_needed: bool = Field(description="Whether that takes the code that tunery up has printed.")


class SetUpBody(Body):
    """The first account."""

    email: Email
    name: Name
    password: Password
    code: str | None = Field(default=None, max_length=100, description="What tunery up has printed.")


class SignInBody(Body):
    """Who signs in."""

    email: Email
    password: Annotated[str, Field(max_length=2000)]


class AcceptBody(Body):
    """What an invited user chooses."""

    password: Password
    name: Name | None = None


class SessionAnswer(Answer):
    """Who is signed in."""

    user: UserAnswer
    csrf: str | None = Field(description="What the header X-CSRF-Token has to hold; null with an access token.")


class SignInAnswer(Answer):
    """A browser that the user is signed in with."""

    created: datetime
    expires: datetime
    seen: datetime
    agent: str


class SignInsAnswer(Answer):
    """All of them."""

    items: list[SignInAnswer]


class PasswordBody(Body):
    """A new password."""

    old: Annotated[str, Field(max_length=2000)]
    new: Password


class OwnBody(Body):
    """What a user may change of the own account."""

    name: Name | None = None
    language: Literal["en", "zh"] | None = None
    theme: Literal["system", "light", "dark"] | None = None


class EndedAnswer(Answer):
    """How many sign-ins have ended."""

    ended: int


@router.get("/set-up", summary="Whether the first account has to be made")
def needs_set_up(request: Request, context: Stranger) -> SetUpAnswer:
    """Return whether there is an account."""
    needed = accounts.needs_set_up(context)
    return SetUpAnswer(needed=needed, code_needed=needed and not origin_of(request).local)


@router.post("/set-up", status_code=201, response_model=SessionAnswer, summary="Make the first account, and sign in")
@secret
def set_up(request: Request, context: Stranger, body: SetUpBody) -> Response:
    """Make an administrator."""
    parts = parts_of(request)
    made = accounts.set_up(
        context, parts.settings, email=body.email, name=body.name, password=body.password, code=body.code,
        expected_code=parts.set_up_code, origin=origin_of(request),
    )  # fmt: skip
    return _welcome(request, made, 201)


@router.post("/session", response_model=SessionAnswer, summary="Sign in")
@secret
def sign_in(request: Request, context: Stranger, body: SignInBody) -> Response:
    """Sign a browser in: the answer sets a cookie."""
    made = accounts.sign_in(
        context, parts_of(request).settings, email=body.email, password=body.password, origin=origin_of(request)
    )  # fmt: skip
    return _welcome(request, made, 200)


@router.get("/session", summary="Who is signed in")
def session(request: Request, context: Caller) -> SessionAnswer:
    """Return the user, and what changes need to hold."""
    cookie = _cookie(request)
    csrf = accounts.csrf_token(context.workspace, cookie) if cookie else None
    return SessionAnswer(user=UserAnswer.model_validate(context.user), csrf=csrf)


@router.delete("/session", status_code=204, summary="Sign out")
def sign_out(request: Request, context: Caller) -> Response:
    """End this sign-in."""
    if cookie := _cookie(request):
        accounts.sign_out(context, cookie)
    response = Response(status_code=204)
    take_cookie(request, response)
    return response


@router.patch("/session/user", summary="Change the own account")
def change_own(context: Caller, body: OwnBody) -> UserAnswer:
    """Change name, language or theme."""
    user = accounts.change_own(context, name=body.name, language=body.language, theme=body.theme)
    return UserAnswer.model_validate(user)


@router.put("/session/password", status_code=204, summary="Change the own password")
def change_password(request: Request, context: Caller, body: PasswordBody) -> None:
    """Change it, and end all other sign-ins."""
    accounts.change_password(context, old=body.old, new=body.new, keep=_cookie(request))


@router.get("/sessions", summary="The own sign-ins")
def sign_ins(context: Caller) -> SignInsAnswer:
    """Return the browsers that the user is signed in with."""
    return SignInsAnswer(items=[SignInAnswer.model_validate(one) for one in accounts.own_sign_ins(context)])


@router.delete("/sessions", summary="Sign out everywhere")
def sign_out_everywhere(context: Caller) -> EndedAnswer:
    """End all sign-ins of the user, this one too."""
    return EndedAnswer(ended=accounts.sign_out_everywhere(context))


@router.get("/invitations/{invitation}", summary="Whom an invitation is for")
def invited(context: Stranger, invitation: str) -> UserAnswer:
    """Return the invited user."""
    return UserAnswer.model_validate(accounts.invited(context, given=invitation))


@router.post("/invitations/{invitation}", response_model=SessionAnswer, summary="Accept an invitation")
@secret
def accept(request: Request, context: Stranger, invitation: str, body: AcceptBody) -> Response:
    """Set a password, and sign in."""
    made = accounts.accept(
        context, parts_of(request).settings, given=invitation, password=body.password, name=body.name,
        origin=origin_of(request),
    )  # fmt: skip
    return _welcome(request, made, 200)


def _welcome(request: Request, made: SignedIn, status: int) -> Response:
    csrf = accounts.csrf_token(parts_of(request).workspace, made.secret)
    answer = SessionAnswer(user=UserAnswer.model_validate(made.user), csrf=csrf)
    response = Response(answer.model_dump_json(), status, media_type="application/json")
    give_cookie(request, response, made)
    return response


def _cookie(request: Request) -> str | None:
    """Return the cookie that the request was let in with, if it was."""
    return None if "authorization" in request.headers else request.cookies.get(cookie_name(parts_of(request)))
