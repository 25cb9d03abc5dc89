"""Passwords: which are good enough, and how they are kept (Argon2id, RFC 9106)."""

from __future__ import annotations

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tunery.errors import SettingError
from tunery.i18n import _

SHORTEST, LONGEST = 10, 1000
"""Characters."""
_WORDS = """
1234567890 0123456789 9876543210 0987654321 1234567891 123456789a a123456789 12345678910 123123123123 1q2w3e4r5t
1qaz2wsx3edc qwertyuiop qwerty12345 qwerty123456 qwertyuiop123 asdfghjkl123 zaq12wsxcde3 abcdefghij abcd123456
abc123456789 password12 password123 password1234 passw0rd123 p@ssw0rd123 password!23 iloveyou12 iloveyou123
welcome123 welcome1234 letmein123 administrator admin12345 admin123456 adminadmin changeme123 changeme12
football123 baseball123 superman123 sunshine123 princess123 trustno1trustno1 woaini1314 woaini520 woaini1314520
5201314520 1314520520 a1b2c3d4e5 q1w2e3r4t5 q1w2e3r4t5y6 zxcvbnm123 147258369a 1472583690 7894561230 tunery1234
"""
_COMMON = frozenset(_WORDS.split())
"""Those that are tried first; from lists of passwords that became known."""
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=2)
"""64 MiB and a few hundredths of a second each."""
_FEW = threading.Semaphore(4)
"""How many are computed at once, so that a crowd of sign-ins doesn't take all memory."""


def check(password: str, *, about: tuple[str, ...] = ()) -> None:
    """Make sure that a password is good enough.

    Args:
        password: What somebody wants to sign in with.
        about: What must not be one: the user's e-mail and name.

    Raises:
        SettingError: It is too short or too long, or among the first that anybody would try.
    """
    plain = _normal(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise SettingError(
            _("A password has between {least} and {most} characters.").format(least=SHORTEST, most=LONGEST),
            _("A sentence that only you would write is a good one."),
        )
    lower = plain.lower()
    own = {part for one in about for part in (one.lower(), one.lower().partition("@")[0]) if part}
    if lower in _COMMON or len(set(lower)) < 4 or lower in own:
        raise SettingError(
            _("This password is among the first that anybody would try."),
            _("A sentence that only you would write is a good one."),
        )


def encode(password: str) -> str:
    """Return what is stored for a password."""
    with _FEW:
        return _HASHER.hash(_normal(password))


def matches(password: str, encoded: str | None) -> bool:
    """Say whether a password is right. It takes as long where there is none: nobody learns whether there is an account.

    Args:
        password: What was typed.
        encoded: What is stored, if anything is.
    """
    with _FEW:
        try:
            right = _HASHER.verify(encoded or _nobody(), _normal(password))
        except (VerificationError, InvalidHashError):
            return False
    return right and encoded is not None


def outdated(encoded: str) -> bool:
    """Say whether a password was encoded with other parameters than today's."""
    return _HASHER.check_needs_rehash(encoded)


def _normal(password: str) -> str:
    # Keyboards write the same character in more than one way.
    return unicodedata.normalize("NFKC", password)


_nobodys: list[str] = []


def _nobody() -> str:
    if not _nobodys:
        _nobodys.append(_HASHER.hash("nobody's"))
    return _nobodys[0]
