"""Accounts: the first one, invitations, signing in and out, passwords.

A sign-in is a secret in a cookie. It is good for some hours after its last use and for some days at most, and it is a
new one each time somebody signs in.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from tunery.app import passwords, secret
from tunery.app.access import AccessError, SignedOutError, require_admin
from tunery.app.context import Context
from tunery.app.settings import AppSettings
from tunery.i18n import LANGUAGES, _
from tunery.store import attempts, audit, invitations, sign_ins, users
from tunery.store.failures import ConflictError, StoreError, not_found
from tunery.store.tables import SignIn, User
from tunery.store.workspace import Workspace

_TOUCHED = timedelta(minutes=1)
"""How often a use of a sign-in is written down."""
_FREE, _FREE_OF_ADDRESS = 5, 20
"""As many may fail without a wait: everybody mistypes, and an office has one address."""
THEMES = ("system", "light", "dark")


class TooManyAttemptsError(AccessError):
    """Somebody tries too often.

    Args:
        seconds: How long to wait.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            _("There were too many attempts."), _("Try again in {n:.0f} seconds.").format(n=max(1.0, seconds))
        )


@dataclass(frozen=True)
class SignedIn:
    """Somebody who has just signed in.

    Attributes:
        user: Who.
        secret: What the cookie holds.
        expires: When the sign-in ends at the latest.
    """

    user: User
    secret: str
    expires: datetime


@dataclass(frozen=True)
class Origin:
    """Where a request to sign in comes from.

    Attributes:
        address: The caller's, as far as it is known.
        agent: What the browser calls itself.
        local: Whether it certainly comes from this machine.
    """

    address: str = ""
    agent: str = ""
    local: bool = False


def needs_set_up(context: Context) -> bool:
    """Say whether there is no account yet."""
    with context.workspace.reading() as session:
        return users.count(session) == 0


def set_up(
    context: Context,
    settings: AppSettings,
    *,
    email: str,
    name: str,
    password: str,
    code: str | None,
    expected_code: str | None,
    origin: Origin,
) -> SignedIn:
    """Make the first account, an administrator's, and sign it in.

    Args:
        context: Without a user.
        settings: Of the application.
        email: What is signed in with.
        name: What others see.
        password: Of 10 characters or more.
        code: The code that was given, if one was.
        expected_code: The code that ``tunery up`` has printed, if it has.
        origin: Where the request comes from.

    Raises:
        ConflictError: There is an account.
        AccessError: The code is wrong or missing.
        SettingError: The password is not good enough.
    """
    _slow_down(context.workspace, {f"set-up {origin.address}": _FREE})
    given = expected_code is not None and hmac.compare_digest((code or "").strip().lower(), expected_code)
    if not given and not (expected_code is None and origin.local):
        raise AccessError(
            _("The first account needs the code that tunery up has printed."),
            _("Look where it was started; a new start prints a new one."),
        )
    passwords.check(password, about=(email, name))
    encoded = passwords.encode(password)
    with context.workspace.writing() as session:
        if users.count(session):
            raise ConflictError(_("There is an account already."), _("Sign in with it, or ask for an invitation."))
        user = users.create(session, email=email, name=name, password=encoded, admin=True)
        audit.record(session, user=user.id, action="user.create", subject=user.id, details={"admin": True})
        return _signed_in(session, settings, user, origin)


def sign_in(context: Context, settings: AppSettings, *, email: str, password: str, origin: Origin) -> SignedIn:
    """Sign somebody in.

    Raises:
        TooManyAttemptsError: Too many have failed.
        AccessError: E-mail and password don't belong together, or the account is closed; nobody learns which.
    """
    of_email = f"email {email.strip().lower()[:300]}"
    tried = _slow_down(context.workspace, {of_email: _FREE, f"address {origin.address}": _FREE_OF_ADDRESS})
    with context.workspace.reading() as session:
        user = users.by_email(session, email)
    right = passwords.matches(password, user.password if user is not None else None)
    if user is None or not right or user.disabled is not None:
        raise AccessError(_("E-mail and password don't belong together."), _("Check both and try again."))
    renewed = passwords.encode(password) if passwords.outdated(user.password or "") else None
    with context.workspace.writing() as session:
        user = users.get(session, user.id)
        if renewed is not None:
            user.password = renewed
        now = datetime.now(UTC)
        attempts.forget(session, tried, of_email, now)
        sign_ins.purge(session, now)
        audit.record(session, user=user.id, action="user.sign-in", subject=user.id)
        return _signed_in(session, settings, user, origin)


def who(workspace: Workspace, settings: AppSettings, given: str) -> tuple[User, SignIn]:
    """Return who is signed in with a cookie's secret, and keep the sign-in alive.

    Raises:
        SignedOutError: Nobody.
    """
    now = datetime.now(UTC)
    with workspace.reading() as session:
        found = sign_ins.find(session, secret.digest(given), now)
        user = session.get(User, found.user) if found is not None else None
    if found is None or user is None or user.disabled is not None:
        raise signed_out()
    if now - found.seen > _TOUCHED:
        # Who may only read, on a full disk, is not turned away because this can't be noted.
        with suppress(StoreError), workspace.writing() as session:
            alive = sign_ins.find(session, found.digest, now)
            if alive is not None:
                alive.seen = now
                alive.expires = _expiry(settings, alive.created, now)
                found = alive
    return user, found


def csrf_token(workspace: Workspace, given: str) -> str:
    """Return what belongs to a sign-in and has to come with each change that a browser asks for."""
    return workspace.digest("csrf", given)


def sign_out(context: Context, given: str) -> None:
    """End the sign-in of a cookie's secret."""
    with context.workspace.writing() as session:
        sign_ins.remove(session, secret.digest(given))
        audit.record(session, user=context.user_id, action="user.sign-out", subject=context.user_id)


def sign_out_everywhere(context: Context, *, but: str | None = None) -> int:
    """End all sign-ins of the context's user, or all but that of a cookie's secret; return how many."""
    user = somebody(context)
    with context.workspace.writing() as session:
        ended = sign_ins.remove_of_user(session, user.id, but=secret.digest(but) if but else None)
        audit.record(session, user=user.id, action="user.sign-out", subject=user.id, details={"sign_ins": ended})
        return ended


def own_sign_ins(context: Context) -> list[SignIn]:
    """Return the sign-ins of the context's user, the latest first."""
    user = somebody(context)
    with context.workspace.reading() as session:
        return sign_ins.of_user(session, user.id, datetime.now(UTC))


def change_password(context: Context, *, old: str, new: str, keep: str | None = None) -> None:
    """Change the password of the context's user; all other sign-ins end.

    Args:
        context: Of the user.
        old: The password until now.
        new: The password from now on.
        keep: The secret of the cookie that it is changed with.

    Raises:
        TooManyAttemptsError: Too many have failed.
        AccessError: The old one is wrong.
        SettingError: The new one is not good enough.
    """
    user = somebody(context)
    of_email = f"email {user.email}"
    tried = _slow_down(context.workspace, {of_email: _FREE})
    with context.workspace.reading() as session:
        stored = users.get(session, user.id).password
    if not passwords.matches(old, stored):
        raise AccessError(_("The old password is wrong."), _("Check it and try again."))
    passwords.check(new, about=(user.email, user.name))
    encoded = passwords.encode(new)
    with context.workspace.writing() as session:
        users.get(session, user.id).password = encoded
        attempts.forget(session, tried, of_email, datetime.now(UTC))
        sign_ins.remove_of_user(session, user.id, but=secret.digest(keep) if keep else None)
        audit.record(session, user=user.id, action="user.password", subject=user.id)


def change_own(
    context: Context, *, name: str | None = None, language: str | None = None, theme: str | None = None
) -> User:
    """Change what the context's user is called and how the studio looks for the user.

    Args:
        context: Of the user.
        name: What others see.
        language: One of `tunery.i18n.LANGUAGES`.
        theme: One of `THEMES`.
    """
    own = somebody(context)
    with context.workspace.writing() as session:
        user = users.get(session, own.id)
        if name is not None:
            user.name = users.checked_name(name)
        wanted = {"language": (language, LANGUAGES), "theme": (theme, THEMES)}
        chosen = {key: value for key, (value, known) in wanted.items() if value in known}
        user.preferences = {**user.preferences, **chosen}
        audit.record(session, user=own.id, action="user.change", subject=own.id, details=chosen)
        return user


def invite(
    context: Context, settings: AppSettings, *, email: str, name: str, admin: bool = False
) -> tuple[User, str, datetime]:
    """Add a user, and return the user with a secret by which the user sets a password, and until when it is good.

    Raises:
        AccessError: The context's user is no administrator.
        ConflictError: Somebody has this e-mail.
    """
    require_admin(context)
    with context.workspace.writing() as session:
        user = users.create(session, email=email, name=name, admin=admin)
        audit.record(
            session, user=context.user_id, action="user.create", subject=user.id, details={"admin": admin}
        )  # fmt: skip
        return user, *_invited(session, settings, user)


def invite_again(context: Context, settings: AppSettings, *, user: str) -> tuple[User, str, datetime]:
    """Return a new invitation of a user, who may have forgotten the password.

    Raises:
        AccessError: The context's user is no administrator.
        NotFoundError: There is no such user.
    """
    require_admin(context)
    with context.workspace.writing() as session:
        found = users.get(session, user)
        audit.record(session, user=context.user_id, action="user.invite", subject=user)
        return found, *_invited(session, settings, found)


def invited(context: Context, *, given: str) -> User:
    """Return whom an invitation is for.

    Raises:
        NotFoundError: It has been used, is too old, or never was.
    """
    with context.workspace.reading() as session:
        found = invitations.find(session, secret.digest(given), datetime.now(UTC))
        if found is None:
            raise not_found(_("invitation"))
        return users.get(session, found.user)


def accept(
    context: Context, settings: AppSettings, *, given: str, password: str, name: str | None, origin: Origin
) -> SignedIn:
    """Set the password that an invitation allows, and sign in; earlier sign-ins and tokens of the user end.

    Raises:
        NotFoundError: The invitation has been used, is too old, or never was.
        SettingError: The password is not good enough.
    """
    user = invited(context, given=given)
    passwords.check(password, about=(user.email, user.name, name or ""))
    encoded = passwords.encode(password)
    with context.workspace.writing() as session:
        now = datetime.now(UTC)
        found = invitations.find(session, secret.digest(given), now)
        if found is None:
            raise not_found(_("invitation"))
        found.used = now
        user = users.get(session, found.user)
        if user.disabled is not None:
            raise AccessError(_("This account is closed."), _("Ask an administrator."))
        user.password = encoded
        if name is not None:
            user.name = users.checked_name(name)
        sign_ins.remove_of_user(session, user.id)
        audit.record(session, user=user.id, action="user.accept", subject=user.id)
        return _signed_in(session, settings, user, origin)


def invitation_link(settings: AppSettings, given: str) -> str:
    """Return where an invitation is accepted."""
    return f"{settings.url}/invitation/{given}"


def signed_out() -> SignedOutError:
    """Return the error for a request of nobody."""
    return SignedOutError(_("Nobody is signed in, or the sign-in has expired."), _("Sign in."))


def somebody(context: Context) -> User:
    """Return the context's user.

    Raises:
        SignedOutError: There is none.
    """
    if context.user is None:
        raise signed_out()
    return context.user


def _slow_down(workspace: Workspace, about: Mapping[str, int]) -> list[str]:
    """Count an attempt, and return its names; see `tunery.store.attempts`."""
    now = datetime.now(UTC)
    with workspace.writing() as session:
        seconds = attempts.wait(session, about, now)
        if seconds <= 0:
            return attempts.add(session, about, now)
    raise TooManyAttemptsError(seconds)


def _signed_in(session: Session, settings: AppSettings, user: User, origin: Origin) -> SignedIn:
    now = datetime.now(UTC)
    given = secret.new()
    made = sign_ins.create(
        session, digest=secret.digest(given), user=user.id, now=now, expires=_expiry(settings, now, now),
        agent=origin.agent,
    )  # fmt: skip
    return SignedIn(user, given, made.created + settings.session_longest)


def _expiry(settings: AppSettings, created: datetime, now: datetime) -> datetime:
    return min(now + settings.session_idle, created + settings.session_longest)


def _invited(session: Session, settings: AppSettings, user: User) -> tuple[str, datetime]:
    now = datetime.now(UTC)
    given = secret.new()
    expires = now + timedelta(days=settings.invitation_days)
    invitations.create(session, digest=secret.digest(given), user=user.id, now=now, expires=expires)
    return given, expires
