"""Secrets that are given to people and programs; only their digests are stored."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_PREFIX = "tunery_pat_"  # noqa: S105 - what such a secret begins with, so that scanners find it where it leaked
"""How access tokens begin."""


def new(prefix: str = "") -> str:
    """Return a new secret of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return what is stored of a secret. It has too many random bits for anybody to try them all."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
