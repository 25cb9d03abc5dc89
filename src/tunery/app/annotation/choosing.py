"""Which rows come into a queue."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal, get_args

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from tunery.store import rows, versions
from tunery.store.annotation import answers
from tunery.store.annotation.queues import Kind, NewItem, Order
from tunery.store.tables import Endpoint, Feedback, Request, Row, Version, VersionRow
from tunery.store.targets import from_text, to_plain
from tunery.store.workspace import Workspace
from tunery.types import Example

Origin = Literal["unlabelled", "labelled", "all", "requests", "feedback"]
"""Rows of a version without or with a label or both, texts that endpoints were asked, or those that people judged."""
ORIGINS: tuple[Origin, ...] = get_args(Origin)
_MOST_REQUESTS = 10_000


def of_version(session: Session, version: str, origin: Origin, split: str | None) -> list[NewItem]:
    """Return the rows of a version in its order, with what it says of them."""
    found = (
        select(VersionRow.row, VersionRow.target)
        .join(Row, Row.id == VersionRow.row)
        .where(VersionRow.version == version, Row.deleted.is_(None))
        .order_by(VersionRow.split, VersionRow.position)
    )
    if split is not None:
        found = found.where(VersionRow.split == split)
    if origin != "all":
        missing = VersionRow.target.is_(None)
        found = found.where(missing if origin == "unlabelled" else ~missing)
    return [NewItem(row, "given", given=target) for row, target in session.execute(found)]


def of_traffic(
    workspace: Workspace, session: Session, project: str, *, judged: bool, endpoint: str | None
) -> list[NewItem]:
    """Make rows of what endpoints were asked, the latest first; their answers are suggested.

    Args:
        workspace: Where the rows get their names.
        session: A writing one.
        project: Whose endpoints.
        judged: Only what people said something about, with what they say is right.
        endpoint: Only this one's.
    """
    asked = list(session.scalars(_requests(project, judged, endpoint)))
    names = rows.put(
        workspace, session, project=project, examples=[Example(one.text, text_pair=one.text_pair) for one in asked]
    )
    corrected = _corrections(session, [one.id for one in asked]) if judged else {}
    items: list[NewItem] = []
    for request, row in zip(asked, names, strict=True):
        request.row = row
        answer = from_text(request.answer)
        suggestion = None if answer is None else {"target": to_plain(answer), "score": request.score}
        items.append(NewItem(row, "given", suggestion=suggestion, given=corrected.get(request.id)))
    return items


def ordered(session: Session, project: str, items: Sequence[NewItem], order: Order, seed: int) -> list[NewItem]:
    """Return items in the order in which they are asked, as far as no model is needed for it."""
    found = list(items)
    if order == "given":
        return found
    random.Random(seed).shuffle(found)  # noqa: S311 - chance that can be repeated
    if order == "disagreement":
        shares = answers.disagreement(session, project=project)
        found.sort(key=lambda item: -shares.get(item.row, 0.0))
        return [_because(item, "disagreement", shares[item.row]) if item.row in shares else item for item in found]
    return [_because(item, "random", None) for item in found] if order == "random" else found


def labels_of(version: Version) -> list[str]:
    """Return every label of a version, sorted."""
    return sorted({label for split in version.counts.values() for label in split["labels"]})


def kind_of(session: Session, version: Version) -> Kind:
    """Return what an answer to a version's rows is."""
    if version.schema.get("target") == "spans":
        return "spans"
    labelled = select(VersionRow.target).where(VersionRow.version == version.id, VersionRow.target.is_not(None))
    several = session.scalar(labelled.where(VersionRow.target.startswith("[")).limit(1))
    return "label" if several is None else "labels"


def latest(session: Session, data_set: str) -> Version | None:
    """Return the last version of a data set; None where it has none yet."""
    return versions.latest(session, data_set)


def _requests(project: str, judged: bool, endpoint: str | None) -> Select[Request]:
    found = (
        select(Request)
        .join(Endpoint, Endpoint.id == Request.endpoint)
        .where(Endpoint.project == project, Request.deleted.is_(None), Request.text != "")
        .order_by(Request.id.desc())
        .limit(_MOST_REQUESTS)
    )
    if endpoint is not None:
        found = found.where(Request.endpoint == endpoint)
    return found.where(Request.id.in_(select(Feedback.request))) if judged else found


def _corrections(session: Session, requests: Sequence[str]) -> dict[str, str | None]:
    said = select(Feedback.request, Feedback.target).where(Feedback.request.in_(requests)).order_by(Feedback.id)
    return {request: target for request, target in session.execute(said) if target is not None}


def _because(item: NewItem, reason: str, priority: float | None) -> NewItem:
    return NewItem(item.row, reason, priority, item.suggestion, item.given)
