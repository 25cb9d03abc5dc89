"""Signing in, the first account, and invitations."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from tunery.app.actions import accounts
from tunery.app.rest.callers import origin_of
from tunery.app.studio.components.accounts import Entry, account_form
from tunery.app.studio.components.markup import Tag
from tunery.app.studio.page import studio_page
from tunery.app.studio.visits import visit
from tunery.i18n import N_, _


@studio_page("/sign-in", title=N_("Sign in"), public=True, plain=True)
def sign_in(next: str = "/") -> Response | None:  # noqa: A002 - it stands in the address
    """Build the page; who is signed in already goes on, and where there is no account yet the first one is made."""
    here = visit()
    target = _within(next)
    if here.user is not None:
        return RedirectResponse(target, 303)
    if accounts.needs_set_up(here.parts.context(None)):
        return RedirectResponse("/set-up", 303)
    with Tag("div"):
        Tag("h1", _("Sign in"))
    account_form(
        (
            Entry("email", _("E-mail"), "email", "username"),
            Entry("password", _("Password"), "password", "current-password"),
        ),
        call="/session",
        then=target,
        act=_("Sign in"),
    )
    Tag("p", _("No account, or the password is lost? Ask an administrator for an invitation."), classes="muted small")
    return None


@studio_page("/set-up", title=N_("The first account"), public=True, plain=True)
def set_up(request: Request) -> Response | None:
    """Build the page that makes the first account."""
    here = visit()
    if not accounts.needs_set_up(here.parts.context(None)):
        return RedirectResponse("/sign-in", 303)
    with Tag("div"):
        Tag("h1", _("Welcome to Tunery"))
        Tag("p", _("Make the first account. It is an administrator's and can invite others."), classes="lead")
    entries: tuple[Entry, ...] = (
        Entry("name", _("Your name"), complete="name"),
        Entry("email", _("E-mail"), "email", "username", hint=_("What you sign in with. Nothing is sent to it.")),
        _new_password(),
    )
    if not origin_of(request).local:
        entries += (Entry("code", _("Code"), hint=_("The one that tunery up has printed where it was started.")),)
    account_form(entries, call="/set-up", then="/", act=_("Make the account"))
    return None


@studio_page("/invitation/{invitation}", title=N_("Invitation"), public=True, plain=True)
def invitation(invitation: str) -> None:
    """Build the page on which an invited user chooses a password."""
    user = accounts.invited(visit().parts.context(None), given=invitation)
    with Tag("div"):
        Tag("h1", _("Welcome, {name}").format(name=user.name))
        Tag("p", _("Choose a password for {email}.").format(email=user.email), classes="lead")
    account_form(
        (Entry("name", _("Your name"), complete="name", value=user.name), _new_password()),
        call=f"/invitations/{invitation}",
        then="/",
        act=_("Accept the invitation"),
    )


def _new_password() -> Entry:
    return Entry("password", _("Password"), "password", "new-password", hint=_("10 characters or more."))


def _within(target: str) -> str:
    """Return an address of this studio: another place must not be led to after a sign-in."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"
