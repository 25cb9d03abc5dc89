"""``tunery login``: an access token for commands that a server carries out."""

from __future__ import annotations

import getpass
import platform
import sys
from typing import Annotated

import typer

from tunery.cli import servers
from tunery.cli.output import say
from tunery.errors import MissingExtraError
from tunery.i18n import _


def login(
    url: Annotated[str, typer.Argument(metavar="URL", help=_("The address of the application."))],
    email: Annotated[
        str | None, typer.Option("--email", metavar="<text>", help=_("Who signs in. Default: it is asked for."))
    ] = None,
) -> None:
    """Ask for the password, and keep an access token."""
    try:
        from tunery.app.client import token_for
    except ModuleNotFoundError:
        raise MissingExtraError("serve", _("Asking a server")) from None

    email = email or _asked(_("E-mail: "))
    token = token_for(url, email, _asked(_("Password: "), hidden=True), f"tunery login, {platform.node()}")
    path = servers.keep(url, token)
    say(_("Signed in; the token is in {path}.").format(path=path))


def _asked(words: str, *, hidden: bool = False) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass.getpass(words) if hidden else input(words)
