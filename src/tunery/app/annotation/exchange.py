"""A queue's texts and answers, to and from Label Studio and doccano."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.app.annotation import results, surface
from tunery.data import annotation_formats
from tunery.data.annotation_formats import Annotated
from tunery.data.dataset import Schema
from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store import identifiers, rows
from tunery.store.annotation import answers, queues
from tunery.store.annotation.queues import NewItem
from tunery.store.tables import Member, Queue, QueueItem, User
from tunery.store.workspace import Workspace
from tunery.types import Target


@dataclass(frozen=True, slots=True)
class Imported:
    """What came in.

    Attributes:
        texts: How many texts the file has.
        added: How many of them the queue did not have.
        answers: How many answers were stored.
    """

    texts: int
    added: int
    answers: int


def export(session: Session, queue: Queue, format: str) -> bytes:  # noqa: A002 - what its users know it by
    """Return a queue's texts and answers as a file of another tool, people named by their e-mail addresses.

    Raises:
        DataError: Something can't be written in this format.
        SettingError: There is no such format.
    """
    people = {user.id: user.email for user in session.scalars(select(User))}
    found = results.annotated(session, queue, people)
    labels = [str(label) for label in queue.labels]
    return annotation_formats.write(found, format, schema(queue), labels)


def read(
    workspace: Workspace,
    session: Session,
    queue: Queue,
    content: bytes,
    *,
    format: str | None = None,  # noqa: A002 - what its users know it by
    people: Mapping[str, str],
    name: str = "",
) -> Imported:
    """Put the texts of another tool's file into a queue, with everybody's answers.

    Args:
        workspace: Where the queue is.
        session: A writing one.
        queue: The queue.
        content: The file.
        format: Its format; by default it is told by the content.
        people: Who the file's annotators are here, by their ids; those who have their e-mail address or name there need
            not be named.
        name: What messages call the file.

    Raises:
        DataError: The file can't be used.
        SettingError: It has an annotator whom nobody here is, or an answer that the queue can't have.
    """
    several = {"label": False, "labels": True, "spans": None}[queue.kind]
    found = annotation_formats.read(content, schema(queue), format=format, several=several, name=name)
    known = _known(session, queue, found, people)
    examples = [replace(one.example, target=None) for one in found]
    names = rows.put(workspace, session, project=queue.project, examples=examples)
    added = queues.add(session, queue=queue.id, items=[NewItem(row, "given") for row in names])
    items = dict(session.execute(select(QueueItem.row, QueueItem.id).where(QueueItem.queue == queue.id)).all())
    stored = 0
    for one, row in zip(found, names, strict=True):
        for answer in one.answers:
            _store(session, queue, items[row], known[answer.annotator], one.example.text, answer.target, answer.seconds)
            stored += 1
    return Imported(len(found), added, stored)


def schema(queue: Queue) -> Schema:
    """Return what a row of the queue holds."""
    return Schema("spans" if queue.kind == "spans" else "label")


def _known(session: Session, queue: Queue, found: Sequence[Annotated], people: Mapping[str, str]) -> dict[str, str]:
    of_project = select(Member.user).where(Member.project == queue.project)
    members = session.scalars(select(User).where(User.admin.is_(True) | User.id.in_(of_project)))
    by_name: dict[str, str] = {}
    for user in members:
        by_name |= {user.id: user.id, user.name: user.id, user.email: user.id}
    wanted = sorted({answer.annotator for one in found for answer in one.answers})
    known = {name: by_name.get(people.get(name, name)) for name in wanted}
    if strangers := [name for name, user in known.items() if user is None]:
        raise SettingError(
            _("Nobody in this project is called {name}.").format(name=", ".join(strangers[:5]) or "''"),
            _("Say who each annotator of the file is here, or make them members."),
        )
    return {name: user for name, user in known.items() if user is not None}


def _store(
    session: Session, queue: Queue, item: str, user: str, text: str, target: Target, seconds: float | None
) -> None:
    checked = surface.target_of(queue, text, surface.plain(target) or [])
    answers.submit(session, id=identifiers.new(), item=item, user=user, target=checked, seconds=seconds)
