"""Deleting texts: of one row or request at somebody's wish, and of all requests that are old enough.

What is deleted is the text with everything that could name a person. Its place stays: versions keep a row without a
text, so that their hashes and the lineage of models still hold.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.orm import Session

from tunery.store import identifiers, lineage, projects
from tunery.store import rows as rows_of
from tunery.store.failures import not_found
from tunery.store.paging import Page
from tunery.store.paging import page as page_of
from tunery.store.tables import (
    Annotation,
    Deletion,
    Endpoint,
    Feedback,
    Idempotency,
    JobLine,
    Lease,
    Project,
    QueueItem,
    Request,
    Row,
    VersionRow,
)
from tunery.store.workspace import Workspace

CACHE = "cache"
"""The folder of a workspace for what can be made again; each file's name starts with the name of what it is made of."""
_LONG_ENOUGH = 8
"""Characters from which on a text that stands in a line of a log is surely that text."""


def delete_row(workspace: Workspace, session: Session, row: str, *, user: str | None, reason: str = "") -> Deletion:
    """Delete the text of a row, and of the requests that it came from. Call `scrub` when the transaction is done.

    Args:
        workspace: Where.
        session: A writing one of it.
        row: The row.
        user: Who wants it; None for the workspace itself.
        reason: Why, in a person's words.

    Returns:
        The entry that says so, with the models that learned from it. The first one where it was deleted before.

    Raises:
        NotFoundError: There is no such row.
    """
    found = rows_of.get(session, row)
    if found.deleted is not None and (entry := of_subject(session, row)) is not None:
        return entry
    requests = session.scalars(select(Request).where(Request.row == row, Request.deleted.is_(None))).all()
    return _delete(workspace, session, found, requests, user, reason)[row]


def delete_request(
    workspace: Workspace, session: Session, request: str, *, user: str | None, reason: str = ""
) -> Deletion:
    """Delete the text of a request, and of the row that it became. Call `scrub` when the transaction is done.

    Args:
        workspace: Where.
        session: A writing one of it.
        request: The request.
        user: Who wants it; None for the workspace itself.
        reason: Why, in a person's words.

    Returns:
        The entry that says so, with the models that learned from it. The first one where it was deleted before.

    Raises:
        NotFoundError: There is no such request.
    """
    found = session.get(Request, request)
    if found is None:
        raise not_found(request)
    row = session.get(Row, found.row) if found.row is not None else None
    gone = found.deleted is not None and (row is None or row.deleted is not None)
    if gone and (entry := of_subject(session, request)) is not None:
        return entry
    requests = [found]
    if row is not None:
        others = select(Request).where(Request.row == row.id, Request.id != request, Request.deleted.is_(None))
        requests += session.scalars(others)
    return _delete(workspace, session, row, requests, user, reason)[request]


def of_subject(session: Session, subject: str) -> Deletion | None:
    """Return the entry about a row or a request that was deleted."""
    return session.scalar(select(Deletion).where(Deletion.subject == subject).order_by(Deletion.id).limit(1))


def page(session: Session, *, project: str, after: str | None = None, limit: int = 50) -> Page[Deletion]:
    """Return what was deleted in a project, the newest first."""
    statement = select(Deletion).where(Deletion.project == project)
    return page_of(session, statement, by=[Deletion.id], after=after, limit=limit, descending=True, total=True)


def expire(session: Session, now: datetime) -> int:
    """Delete the texts of requests that are older than their projects keep them; return how many.

    Rows that were made of some of them stay: they were taken into a data set on purpose. Call `scrub` afterwards.
    """
    expired = 0
    for project in session.scalars(select(Project)).all():
        kept_since = now - timedelta(days=projects.settings_of(project).retention_days)
        old = select(Request.id).where(
            Request.endpoint.in_(select(Endpoint.id).where(Endpoint.project == project.id)),
            Request.at < kept_since,
            Request.deleted.is_(None),
        )
        names = list(session.scalars(old))
        expired += len(names)
        for start in range(0, len(names), 500):
            _empty_requests(session, names[start : start + 500], now)
    return expired


def scrub(workspace: Workspace, *, patience: float = 5.0) -> bool:
    """Take deleted texts out of SQLite's log too, once their transaction is done.

    Args:
        workspace: Where.
        patience: Seconds to wait for those who are still reading.

    Returns:
        Whether that is done; otherwise the log is overwritten when its readers are gone. Postgres clears up by itself
        what its ``VACUUM`` finds.
    """
    if workspace.engine.dialect.name != "sqlite":
        return True
    until = time.monotonic() + patience
    while True:
        with workspace.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
        if not busy or time.monotonic() > until:
            return not busy
        time.sleep(0.05)


def _delete(
    workspace: Workspace,
    session: Session,
    row: Row | None,
    requests: Iterable[Request],
    user: str | None,
    reason: str,
) -> dict[str, Deletion]:
    now = datetime.now(UTC)
    requests = list(requests)
    learned = [one.model.id for one in lineage.learned_from(session, row.id)] if row is not None else []
    texts = {one.text for one in (row, *requests) if one is not None} | {
        one.text_pair for one in (row, *requests) if one is not None and one.text_pair
    }
    subjects: list[tuple[str, str, str]] = []
    if row is not None:
        subjects.append(("row", row.id, row.project))
        versions = session.scalars(select(VersionRow.version).where(VersionRow.row == row.id).distinct())
        _forget_cached(workspace, [row.id, *versions])
        _empty_row(session, row, now)
    subjects += [("request", request.id, lineage.project_of_request(session, request.id)) for request in requests]
    _empty_requests(session, [request.id for request in requests], now)
    _empty_mentions(session, texts)
    entries = {
        subject: Deletion(
            id=identifiers.new(), at=now, user=user, project=project, kind=kind, subject=subject, models=learned,
            reason=reason,
        )
        for kind, subject, project in subjects
    }  # fmt: skip
    session.add_all(entries.values())
    session.flush()
    return entries


def _empty_row(session: Session, row: Row, now: datetime) -> None:
    if row.deleted is None:
        row.deleted = now
    row.text, row.length = "", 0
    row.text_pair = row.words = row.group = row.document = row.timestamp = row.caller_id = None
    items = select(QueueItem.id).where(QueueItem.row == row.id)
    session.execute(update(Lease).where(Lease.item.in_(items)).values(draft=None))
    session.execute(update(QueueItem).where(QueueItem.row == row.id).values(suggestion=None))
    session.execute(update(Annotation).where(Annotation.row == row.id).values(note="", suggestion=None))


def _empty_requests(session: Session, requests: list[str], now: datetime) -> None:
    session.execute(
        update(Request)
        .where(Request.id.in_(requests), Request.deleted.is_(None))
        .values(text="", text_pair=None, redactions={}, deleted=now)
    )
    session.execute(update(Feedback).where(Feedback.request.in_(requests)).values(note=""))


def _empty_mentions(session: Session, texts: set[str]) -> None:
    """Take texts out of what was written down by the way: answers that are kept for a repetition, lines of logs."""
    for one in texts:
        if len(one) < _LONG_ENOUGH:
            continue
        written = {json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1], one}
        answered = or_(*(Idempotency.body.contains(form, autoescape=True) for form in written))
        session.execute(delete(Idempotency).where(answered))
        session.execute(update(JobLine).where(JobLine.line.contains(one, autoescape=True)).values(line=""))


def _forget_cached(workspace: Workspace, names: list[str]) -> None:
    for path in workspace.place(CACHE).iterdir():
        if path.name.startswith(tuple(names)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
