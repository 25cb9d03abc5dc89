"""People who may sign in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store import identifiers
from tunery.store.failures import ConflictError, not_found
from tunery.store.tables import User

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")
_LONGEST_NAME = 200


def create(session: Session, *, email: str, name: str, password: str | None = None, admin: bool = False) -> User:
    """Add a user.

    Args:
        session: A writing one.
        email: What is signed in with; case makes no difference.
        name: What others see.
        password: The encoding of its hash; None until an invitation is accepted.
        admin: Whether everything may be seen and changed.

    Raises:
        SettingError: E-mail or name can't be one.
        ConflictError: Somebody has this e-mail.
    """
    email = normal(email)
    if by_email(session, email) is not None:
        raise ConflictError(
            _("Somebody with the e-mail {email} is here already.").format(email=email),
            _("Sign in with it, or choose another."),
        )
    user = User(
        id=identifiers.new(), email=email, name=checked_name(name), password=password, admin=admin,
        created=datetime.now(UTC),
    )  # fmt: skip
    session.add(user)
    session.flush()
    return user


def get(session: Session, user: str) -> User:
    """Return a user.

    Raises:
        NotFoundError: There is no such one.
    """
    found = session.get(User, user)
    if found is None:
        raise not_found(user)
    return found


def by_email(session: Session, email: str) -> User | None:
    """Return the user with an e-mail, if there is one."""
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def everybody(session: Session) -> list[User]:
    """Return all users, by name."""
    return list(session.scalars(select(User).order_by(User.name, User.id)))


def named(session: Session, users: Iterable[str]) -> dict[str, User]:
    """Return the users with these names, by name; those who are not there are left out."""
    return {user.id: user for user in session.scalars(select(User).where(User.id.in_(set(users))))}


def count(session: Session) -> int:
    """Return how many there are."""
    return session.scalar(select(func.count()).select_from(User)) or 0


def active_admins(session: Session) -> int:
    """Return how many administrators can sign in."""
    wanted = select(func.count()).select_from(User)
    return session.scalar(wanted.where(User.admin, User.disabled.is_(None), User.password.is_not(None))) or 0


def normal(email: str) -> str:
    """Return an e-mail as it is stored.

    Raises:
        SettingError: It can't be one.
    """
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise SettingError(
            _("{email!r} is not an e-mail address.").format(email=email[:100]), _("Write it as name@example.com.")
        )
    return email


def checked_name(name: str) -> str:
    """Return a person's name as it is stored.

    Raises:
        SettingError: It is empty or too long.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= _LONGEST_NAME or "\x00" in name:
        raise SettingError(
            _("A name has between 1 and {n} characters.").format(n=_LONGEST_NAME), _("Write another name.")
        )
    return name
