"""Labelling: annotators label, editors make queues, and settle what annotators disagree about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from tunery.app import access
from tunery.app.annotation import surface
from tunery.app.annotation.reaching import at, changing, looking, names_of
from tunery.app.annotation.surface import Plain, Task
from tunery.app.context import Context
from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store import audit, targets
from tunery.store.annotation import answers, leases, progress, queues
from tunery.store.failures import not_found
from tunery.store.tables import Annotation, Queue, QueueItem, Row, User
from tunery.types import Target

MOST_AT_ONCE = 50
"""Items that are handed out at once."""
_LONGEST_NOTE = 10_000
_LONGEST_DRAFT = 1_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the person and the queue are.

    Attributes:
        items: Rows of the queue.
        done: Rows that need no more answers.
        answered: Rows that the person answered.
        skipped: Rows that the person skipped.
        held: Rows that anybody works on.
        closed: Whether nothing is handed out any more.
    """

    items: int
    done: int
    answered: int
    skipped: int
    held: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody is to label next."""

    tasks: tuple[Task, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class Said:
    """An answer with what it was about.

    Attributes:
        id: Its name.
        user: Who gave it.
        name: What they are called.
        target: What they said; None where they skipped it.
        note: Their note.
        task: What it is about.
    """

    id: str
    user: str
    name: str
    target: Plain | None
    note: str
    task: Task


@dataclass(frozen=True, slots=True)
class Dispute:
    """An item with different answers, and what was decided."""

    task: Task
    answers: tuple[Said, ...]
    decision: Said | None


# -- labelling --------------------------------------------------------------------------------------------------------


def following(context: Context, *, queue: str, count: int = 5, skipped: bool = False) -> Work:
    """Hand out the next items of a queue to the context's user, and renew those that they have.

    Args:
        context: Who works.
        queue: The queue.
        count: How many items at most, those that the user has already included.
        skipped: Those that the user skipped, again.
    """
    with changing(context, queue, "annotator") as (session, found):
        given = leases.take(
            session, queue=queue, user=_somebody(context).id, count=min(count, MOST_AT_ONCE), skipped=skipped
        )
        return Work(tuple(surface.handed(found, one) for one in given), _standing(session, context, found))


def keep_draft(context: Context, *, item: str, draft: str | None) -> None:
    """Keep what the context's user has begun, and keep the item for them."""
    if draft is not None and len(draft) > _LONGEST_DRAFT:
        raise SettingError(_("draft: it is too long."), _("A draft is an answer that isn't finished."))
    with at(context, item, "annotator") as (session, _queue, place):
        leases.keep(session, item=place.id, user=_somebody(context).id, draft=draft)


def release(context: Context, *, queue: str, items: Sequence[str] | None = None, until: datetime | None = None) -> None:
    """Let others have what the context's user doesn't work on any more; see `leases.release`."""
    with changing(context, queue, "annotator") as (session, _found):
        leases.release(session, queue=queue, user=_somebody(context).id, items=items, until=until)


def submit(
    context: Context,
    *,
    item: str,
    id: str,  # noqa: A002 - what programs call it
    target: Plain | None,
    note: str = "",
    seconds: float | None = None,
) -> Standing:
    """Store an answer of the context's user, once however often it is sent; None skips the item.

    Raises:
        SettingError: It is no answer to this item.
        ConflictError: ``id`` stands for another answer.
    """
    with at(context, item, "annotator") as (session, queue, place):
        answers.submit(
            session,
            id=id,
            item=item,
            user=_somebody(context).id,
            target=_checked(session, queue, place, target),
            note=_note(note),
            seconds=seconds,
        )
        return _standing(session, context, queue)


def undo(context: Context, *, annotation: str) -> Said:
    """Take an answer of the context's user back and return it; the item is theirs again."""
    user = _somebody(context)
    with context.workspace.writing() as session:
        known = session.get(Annotation, annotation)
        if known is None:
            raise not_found(annotation)
        queue = queues.get(session, known.queue)
        access.require(session, context, queue.project, "annotator")
        taken = answers.undo(session, annotation=annotation, user=user.id)
        item, row = session.get_one(QueueItem, taken.item), session.get_one(Row, taken.row)
        return _said(taken, user.name, surface.task_of(queue, item, row))


def history(context: Context, *, queue: str, limit: int = 20) -> list[Said]:
    """Return the last answers of the context's user in a queue, the last first."""
    user = _somebody(context)
    with looking(context, queue, "annotator") as (session, found):
        own = answers.own(session, queue=queue, user=user.id, limit=min(limit, 200))
        return [_said(one, user.name, surface.task_of(found, item, row)) for one, item, row in own]


# -- what they disagree about -----------------------------------------------------------------------------------------


def disputes(
    context: Context, *, queue: str, settled: bool = False, after: int = -1, limit: int = 50
) -> list[tuple[int, Dispute]]:
    """Return items with different answers and their positions, in the order of the queue."""
    with looking(context, queue, "editor") as (session, found):
        given = answers.disputes(session, queue=queue, settled=settled, after=after, limit=min(limit, 200))
        names = names_of(session, [one.user for dispute in given for one in _voices(dispute)])
        return [(dispute.item.position, _dispute(found, dispute, names)) for dispute in given]


def decide(
    context: Context,
    *,
    item: str,
    id: str,  # noqa: A002 - what programs call it
    target: Plain,
    note: str = "",
) -> None:
    """Settle what is right for an item; an earlier decision is replaced."""
    with at(context, item, "editor") as (session, queue, place):
        answers.submit(
            session,
            id=id,
            item=item,
            user=_somebody(context).id,
            target=_checked(session, queue, place, target),
            note=_note(note),
            adjudication=True,
        )
        audit.record(
            session, user=context.user_id, action="annotation.settle", project=queue.project, subject=item
        )  # fmt: skip


# -- within ------------------------------------------------------------------------------------------------------------


def _somebody(context: Context) -> User:
    if context.user is None:
        raise access.SignedOutError(_("Only people label."), _("Sign in."))
    return context.user


def _checked(session: Session, queue: Queue, place: QueueItem, target: Plain | None) -> Target | None:
    if target is None:
        return None
    return surface.target_of(queue, session.get_one(Row, place.row).text, target)


def _note(note: str) -> str:
    if len(note) > _LONGEST_NOTE:
        raise SettingError(_("note: it has more than {n} characters.").format(n=_LONGEST_NOTE), _("Make it shorter."))
    return note.strip()


def _standing(session: Session, context: Context, queue: Queue) -> Standing:
    session.flush()
    counts = progress.counts(session, queue.id)
    answered, skipped = progress.of_person(session, queue.id, _somebody(context).id)
    return Standing(counts.items, counts.done, answered, skipped, counts.held, queue.closed is not None)


def _voices(dispute: answers.Dispute) -> tuple[Annotation, ...]:
    return dispute.answers if dispute.decision is None else (*dispute.answers, dispute.decision)


def _dispute(queue: Queue, dispute: answers.Dispute, names: dict[str, str]) -> Dispute:
    task = surface.task_of(queue, dispute.item, dispute.row)
    said = tuple(_said(one, names[one.user], task) for one in dispute.answers)
    decision = dispute.decision
    return Dispute(task, said, _said(decision, names[decision.user], task) if decision is not None else None)


def _said(annotation: Annotation, name: str, task: Task) -> Said:
    target = surface.plain(targets.from_text(annotation.target))
    return Said(annotation.id, annotation.user, name, target, annotation.note, task)
