"""The settings of the running application, declared once: command line and documentation are derived from them."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from tunery.app import uploads
from tunery.i18n import N_, _

_LOOPBACK_NAMES = ("localhost",)


def _names(value: object) -> object:
    return tuple(part.strip().lower() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class AppSettings(BaseModel):
    """How the application listens, whom it lets in, and how much of the machine it uses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description=N_("Address to listen on."))
    port: int = Field(default=8700, ge=0, le=65535, description=N_("Port to listen on; 0 takes any that is free."))
    endpoints_port: int = Field(
        default=8701, ge=0, le=65535,
        description=N_("Port that endpoints answer on, at the same address; 0 takes any that is free."),
    )  # fmt: skip
    address: str | None = Field(
        default=None,
        description=N_(
            "What people type to reach it, for example https://tunery.example.com. Default: host and port. It is what "
            "invitations lead to, and with https the sign-in is sent over nothing else."
        ),
    )
    trusted_hosts: Names = Field(
        default=(),
        description=N_("Further names that it may be reached under, with commas. All others are refused."),
    )
    proxies: Names = Field(
        default=(),
        description=N_("Addresses of proxies in front of it, with commas; only they may say who is really calling."),
    )
    session_hours: float = Field(
        default=24.0, gt=0, le=24 * 365, description=N_("Hours without use after which a sign-in expires.")
    )
    session_days: float = Field(
        default=30.0, gt=0, le=3650, description=N_("Days after which everybody has to sign in again.")
    )
    invitation_days: float = Field(default=7.0, gt=0, le=365, description=N_("Days for which an invitation is good."))
    max_body: int = Field(default=4_000_000, ge=1_000, description=N_("Largest request in bytes (413)."))
    max_upload: int = Field(
        default=uploads.LARGEST, ge=1_000, le=uploads.LARGEST, description=N_("Largest uploaded file in bytes (413).")
    )
    drain: float = Field(
        default=10.0, ge=0, description=N_("Seconds given to accepted requests when it is told to stop.")
    )

    @field_validator("address")
    @classmethod
    def _checked(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(_("must be an address such as https://tunery.example.com"))
        return value.rstrip("/")

    @property
    def local(self) -> bool:
        """Whether only this machine reaches it, and nobody says otherwise."""
        return is_loopback(self.host) and self.address is None

    @property
    def listening(self) -> str:
        """Where it listens, as an address that this machine can ask."""
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - a comparison
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}"

    @property
    def url(self) -> str:
        """What people type to reach it."""
        return self.address or self.listening

    @property
    def hosts(self) -> frozenset[str]:
        """The names that a request may be addressed to, without ports."""
        names = {"127.0.0.1", "::1", *_LOOPBACK_NAMES, self.host.lower(), *self.trusted_hosts}
        return frozenset(names | {(urlsplit(self.url).hostname or "").lower()})

    @property
    def session_idle(self) -> timedelta:
        """How long a sign-in is good without use."""
        return timedelta(hours=self.session_hours)

    @property
    def session_longest(self) -> timedelta:
        """How long a sign-in is good at most."""
        return timedelta(days=self.session_days)


def is_loopback(host: str) -> bool:
    """Say whether an address can only be reached from this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() in _LOOPBACK_NAMES
