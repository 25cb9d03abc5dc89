"""What follows from a queue's answers: how far people agree, and a new version of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy.orm import Session

from tunery.app.annotation.reaching import names_of
from tunery.data.annotation_formats import Annotated, Answer
from tunery.data.dataset import SPLITS, Dataset, Schema, Split, SplitName
from tunery.errors import SettingError
from tunery.evaluation.agreement import AnnotatorAgreement, agreement
from tunery.i18n import _
from tunery.store import rows, version_rows, versions
from tunery.store.annotation import answers, queues
from tunery.store.annotation.outcomes import Outcome, outcomes
from tunery.store.tables import Annotation, Queue, Row, Version
from tunery.store.targets import from_text
from tunery.store.workspace import Workspace
from tunery.types import Example


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What became of a queue's answers.

    Attributes:
        version: The version that holds them.
        new: Whether there was none like it.
        taken: Rows whose target comes from the queue now.
        ties: The rows that as many people answered one way as another: they were left as they are.
    """

    version: Version
    new: bool
    taken: int
    ties: tuple[str, ...]


def agreement_in(session: Session, queue: Queue) -> AnnotatorAgreement:
    """Return how far the people in a queue agree.

    Raises:
        DataError: Their answers are not all of one kind.
    """
    people = [one.user for one in answers.standing(session, queue=queue.id)]
    return agreement(annotated(session, queue, names_of(session, people)))


def annotated(session: Session, queue: Queue, names: dict[str, str]) -> list[Annotated]:
    """Return the texts of a queue with everybody's answers, in its order.

    Args:
        session: Any.
        queue: The queue.
        names: What people are called; who isn't named is called by their id.
    """
    standing = {item: list(of) for item, of in groupby(answers.standing(session, queue=queue.id), key=_item)}
    settled = {outcome.row: outcome.target for outcome in _outcomes(standing) if outcome.how == "settled"}
    found: list[Annotated] = []
    for item in queues.items(session, queue=queue.id):
        row = session.get_one(Row, item.row)
        if row.deleted is None:
            said = [one for one in standing.get(item.id, []) if not one.adjudication]
            example = rows.to_example(row, settled.get(row.id))
            found.append(Annotated(example, tuple(_answer(one, names) for one in said if one.target is not None)))
    return found


def new_version(
    workspace: Workspace, session: Session, queue: Queue, *, split: SplitName, user: str | None
) -> NewVersion:
    """Make a version of the queue's data set with what its answers say is right.

    What was settled counts first, then what most people say. A row that the data set's last version has gets its new
    target there; others are put behind the rows of ``split``. Each row names the answer that its target comes from.

    Args:
        workspace: Where the data set is.
        session: A writing one.
        queue: The queue.
        split: Where rows go that the last version doesn't have.
        user: Who makes it.

    Raises:
        SettingError: Nobody has answered anything yet.
    """
    found = outcomes(answers.standing(session, queue=queue.id))
    decided = {one.row: one for one in found if one.how != "tie"}
    if not decided:
        raise SettingError(_("There is no answer in this queue to make a version of."), _("Label some rows first."))
    before = versions.latest(session, queue.data_set)
    given = _merged(workspace, session, queue, decided, before, split)
    schema = Schema(**before.schema) if before is not None else _schema(queue)
    made, new = versions.create(
        workspace,
        session,
        data_set=queue.data_set,
        rows=given,
        fingerprint=_fingerprint(given, schema),
        schema={"target": schema.target, "pair": schema.pair},
        origin="annotation",
        user=user,
        source=queue.name,
        parent=before.id if before is not None else None,
    )
    return NewVersion(made, new, len(decided), tuple(one.row for one in found if one.how == "tie"))


def _merged(
    workspace: Workspace,
    session: Session,
    queue: Queue,
    decided: dict[str, Outcome],
    before: Version | None,
    split: SplitName,
) -> list[versions.Given]:
    given: list[versions.Given] = []
    there: set[str] = set()
    if before is not None:
        for name, example, annotation in version_rows.examples(session, before.id):
            row = rows.name_of(workspace, queue.project, example)
            there.add(row)
            outcome = decided.get(row)
            given.append((name, example, annotation) if outcome is None else _given(name, example, outcome))
    for row, outcome in decided.items():
        if row not in there and (record := rows.get(session, row)).deleted is None:
            given.append(_given(split, rows.to_example(record), outcome))
    return given


def _given(split: str, example: Example, outcome: Outcome) -> versions.Given:
    labelled = Example(
        text=example.text, target=from_text(outcome.target), text_pair=example.text_pair, words=example.words,
        id=example.id, timestamp=example.timestamp, group=example.group, document=example.document,
    )  # fmt: skip
    return split, labelled, outcome.annotation


def _fingerprint(given: Sequence[versions.Given], schema: Schema) -> str:
    splits = {name: [example for where, example, _by in given if where == name] for name in SPLITS}
    return Dataset({name: Split(name, found) for name, found in splits.items() if found}, schema).fingerprint


def _schema(queue: Queue) -> Schema:
    return Schema("spans" if queue.kind == "spans" else "label")


def _outcomes(standing: dict[str, list[Annotation]]) -> list[Outcome]:
    return outcomes([one for of_item in standing.values() for one in of_item])


def _answer(one: Annotation, names: dict[str, str]) -> Answer:
    target = from_text(one.target)
    assert target is not None  # noqa: S101 - those without were left out
    return Answer(names.get(one.user, one.user), target, created=one.at.isoformat(), seconds=one.seconds)


def _item(one: Annotation) -> str:
    return one.item
