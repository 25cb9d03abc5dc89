"""Feedback: what people said about answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.store import identifiers, targets
from tunery.store.failures import not_found
from tunery.store.redaction import Redactor, redact
from tunery.store.requests import Verdict, storable
from tunery.store.tables import Feedback, Model, Request
from tunery.types import Span, Target

LONGEST_NOTE = 5_000
"""Characters of a note."""


def give(
    session: Session,
    request: Request,
    *,
    verdict: Verdict,
    target: Target | None = None,
    note: str = "",
    user: str | None = None,
    origin: str = "api",
    redactor: Redactor = redact,
) -> Feedback:
    """Keep what somebody said about an answer.

    Args:
        session: A writing one.
        request: What was answered.
        verdict: ``right``, ``wrong``, or ``corrected`` together with what would have been right.
        target: What would have been right, its spans in the text as it is stored.
        note: Why, for people; redacted before it is kept.
        user: Who says so, where that is known.
        origin: ``api``, ``playground``, ``share``, or where else it came from.
        redactor: What the note goes through.

    Raises:
        NotFoundError: The request was deleted.
        RedactionError: The note can't be redacted.
        SettingError: The verdict doesn't exist, or the target can't be an answer to this request.
    """
    if request.deleted is not None:
        raise not_found(request.id)
    _check(verdict, target, note)
    if target is not None:
        target = _checked(session, request, target)
    made = Feedback(
        id=identifiers.new(), request=request.id, at=datetime.now(UTC), verdict=verdict,
        target=targets.to_text(target), origin=origin, user=user,
        note=redactor(storable(note)).text if note else "",
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def of(session: Session, requests: Iterable[str]) -> dict[str, list[Feedback]]:
    """Return the feedback on some requests by their ids, the earliest first."""
    found: dict[str, list[Feedback]] = {}
    statement = select(Feedback).where(Feedback.request.in_(list(requests))).order_by(Feedback.id)
    for one in session.scalars(statement):
        found.setdefault(one.request, []).append(one)
    return found


def _check(verdict: str, target: Target | None, note: str) -> None:
    if verdict not in get_args(Verdict):
        raise SettingError(
            _("verdict: {value!r} is none.").format(value=verdict),
            _("There are: {names}.").format(names=", ".join(get_args(Verdict))),
        )
    if (target is not None) != (verdict == "corrected"):
        raise SettingError(
            _("target: what would have been right is given with the verdict corrected, and only with that."),
            _("Write corrected with a target, or right or wrong without one."),
        )
    if len(note) > LONGEST_NOTE:
        raise SettingError(
            _("note: it has {n} characters, and may have {most}.").format(n=len(note), most=LONGEST_NOTE),
            _("Say it in fewer words."),
        )


def _checked(session: Session, request: Request, target: Target) -> Target:
    """Return a target in its order, where it could be an answer of the model to this text."""
    model = session.get(Model, request.model)
    if model is None:
        raise not_found(request.model)
    _check_shape(targets.from_text(request.answer), model.task, target)
    unknown = [label for label in targets.labels_in(target) if label not in model.labels]
    if unknown:
        raise SettingError(
            _("target: the model doesn't know the label {label!r}.").format(label=unknown[0][:100]),
            _("There are: {names}.").format(names=", ".join(map(str, model.labels[:50]))),
        )
    if isinstance(target, str):
        return target
    spans = [item for item in target if isinstance(item, Span)]
    wrong = [span for span in spans if not 0 <= span.start < span.end <= len(request.text)]
    if wrong:
        raise SettingError(
            _("target: there is no stretch from {start} to {end} in a text of {n} characters.").format(
                start=wrong[0].start, end=wrong[0].end, n=len(request.text)
            ),
            _("Count characters from 0; the end is the one behind the last."),
        )
    if spans:
        return tuple(sorted(set(spans)))
    return tuple(sorted({item for item in target if isinstance(item, str)}))


def _check_shape(answer: Target | None, task: str, target: Target) -> None:
    """Make sure that a target is of the same kind as the answer: a label, labels or spans."""
    spans = task == "token-classification"
    if isinstance(target, str):
        fits = not spans and (answer is None or isinstance(answer, str))
    elif target:
        fits = all(isinstance(item, Span) == spans for item in target) and (spans or not isinstance(answer, str))
    else:
        fits = spans or not isinstance(answer, str)
    if not fits:
        raise SettingError(
            _("target: it is not of the kind that this endpoint answers with."),
            _('Write "label", ["a", "b"] for several labels, or [[start, end, "label"], ...] for spans.'),
        )
