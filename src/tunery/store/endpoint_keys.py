"""Keys by which callers of endpoints are let in: what is known of them, never the keys themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.store import identifiers
from tunery.store.failures import not_found
from tunery.store.paging import Page
from tunery.store.paging import page as page_of
from tunery.store.tables import Endpoint, EndpointKey


def create(
    session: Session,
    *,
    project: str,
    digest: str,
    name: str,
    endpoints: Sequence[str],
    user: str | None,
    rate: str | None = None,
    quota: str | None = None,
) -> EndpointKey:
    """Keep what is known of a new key.

    Args:
        session: A writing one.
        project: Whose it is.
        digest: sha256 of the key, hexadecimal.
        name: What people call it.
        endpoints: Names of the project's endpoints that it may ask.
        user: Who made it.
        rate: Requests in a time, for example ``100/minute``; None is no limit.
        quota: Texts in a period, for example ``10000/day``; None is no limit.

    Raises:
        NotFoundError: One of the endpoints doesn't exist, or is another project's.
    """
    known = set(session.scalars(select(Endpoint.name).where(Endpoint.project == project)))
    for endpoint in endpoints:
        if endpoint not in known:
            raise not_found(endpoint)
    made = EndpointKey(
        id=identifiers.new(), project=project, digest=digest, name=name, endpoints=list(dict.fromkeys(endpoints)),
        rate=rate, quota=quota, created=datetime.now(UTC), created_by=user,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def get(session: Session, key: str) -> EndpointKey:
    """Return what is known of a key.

    Raises:
        NotFoundError: There is none with this id.
    """
    found = session.get(EndpointKey, key)
    if found is None:
        raise not_found(key)
    return found


def revoke(session: Session, key: str) -> EndpointKey:
    """Make a key worthless; doing it twice does nothing more.

    Raises:
        NotFoundError: There is none with this id.
    """
    found = get(session, key)
    found.revoked = found.revoked or datetime.now(UTC)
    session.flush()
    return found


def page(
    session: Session, *, project: str, endpoint: str | None = None, after: str | None = None, limit: int = 50
) -> Page[EndpointKey]:
    """Return a project's keys, the newest first, the revoked ones too.

    Args:
        session: Where to read.
        project: Whose.
        endpoint: Only those that may ask the endpoint of this name.
        after: The ``next`` of the page before.
        limit: How many at most.
    """
    statement = select(EndpointKey).where(EndpointKey.project == project)
    if endpoint is not None:
        keys = session.execute(select(EndpointKey.id, EndpointKey.endpoints).where(EndpointKey.project == project))
        statement = statement.where(EndpointKey.id.in_([key for key, names in keys if endpoint in names]))
    return page_of(session, statement, by=[EndpointKey.id], after=after, limit=limit, descending=True, total=True)


def valid(session: Session) -> list[EndpointKey]:
    """Return all keys that are good, by id."""
    return list(session.scalars(select(EndpointKey).where(EndpointKey.revoked.is_(None)).order_by(EndpointKey.id)))
