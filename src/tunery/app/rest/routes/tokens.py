"""Access tokens, by which programs act for a user."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, Field

from tunery.app.actions import tokens
from tunery.app.rest.answering import Route, secret
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.callers import Caller

router = APIRouter(prefix="/tokens", tags=["tokens"], route_class=Route)


class TokenAnswer(Answer):
    """What is known of a token."""

    id: str
    name: str
    created: datetime
    expires: datetime | None
    used: datetime | None


class TokensAnswer(Answer):
    """All of them."""

    items: list[TokenAnswer]


class TokenBody(Body):
    """A token to make."""

    name: Annotated[str, Field(max_length=1000, examples=["build server"])]
    expires: AwareDatetime | None = Field(default=None, description="When it ends; null for never.")


class NewTokenAnswer(TokenAnswer):
    """A new token with its secret, shown only now."""

    token: str


@router.get("", summary="The own tokens")
def list_tokens(context: Caller) -> TokensAnswer:
    """Return the user's tokens, the latest first."""
    return TokensAnswer(items=[TokenAnswer.model_validate(one) for one in tokens.own(context)])


@router.post("", status_code=201, summary="Make a token")
@secret
def create(context: Caller, body: TokenBody) -> NewTokenAnswer:
    """Make a token and return its secret."""
    made, given = tokens.create(context, name=body.name, expires=body.expires)
    return NewTokenAnswer(**TokenAnswer.model_validate(made).model_dump(), token=given)


@router.delete("/{token}", status_code=204, summary="Revoke a token")
def revoke(context: Caller, token: str) -> None:
    """Make a token worthless, at once."""
    tokens.revoke(context, token=token)
