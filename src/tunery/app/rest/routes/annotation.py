"""Labelling: queues, their items, and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, Field

from tunery.app.actions import annotation, queues
from tunery.app.annotation.surface import Plain
from tunery.app.rest.answering import Route
from tunery.app.rest.bodies import Answer, Body
from tunery.app.rest.bodies import Answered as Target
from tunery.app.rest.callers import Caller

router = APIRouter(tags=["annotation"], route_class=Route)

Name = Annotated[str, Field(max_length=128)]


class TaskAnswer(Answer):
    """A text to label."""

    item: str
    row: str
    text: str
    text_pair: str | None
    words: list[tuple[int, int]]
    reason: str
    priority: float | None
    suggestion: dict[str, Any] | None
    given: Target | None
    draft: str | None
    until: datetime | None


class StandingAnswer(Answer):
    """How far the person and the queue are."""

    items: int
    done: int
    answered: int
    skipped: int
    held: int
    closed: bool


class WorkAnswer(Answer):
    """What to label next."""

    tasks: list[TaskAnswer]
    standing: StandingAnswer


class SaidAnswer(Answer):
    """An answer, and what it was about."""

    id: str
    user: str
    name: str
    target: Target | None
    note: str
    task: TaskAnswer


class HistoryAnswer(Answer):
    """The last answers."""

    items: list[SaidAnswer]


class DisputeAnswer(Answer):
    """A text that people answered differently."""

    task: TaskAnswer
    answers: list[SaidAnswer]
    decision: SaidAnswer | None


class DisputesAnswer(Answer):
    """Some of them, and where the next begin."""

    items: list[DisputeAnswer]
    next: int | None


class PersonAnswer(Answer):
    """What one person did."""

    user: str
    name: str
    answered: int
    skipped: int
    accepted: int
    suggested: int
    seconds: float | None
    last: datetime


class QueueAnswer(Answer):
    """A queue and how far it is."""

    id: str
    project: str
    data_set: str
    version: str | None
    name: str
    kind: Literal["label", "labels", "spans"]
    labels: list[str]
    order: str
    overlap: int
    model: str | None
    guidelines: str
    created: datetime
    closed: datetime | None
    items: int
    done: int
    begun: int
    held: int
    disputed: int
    settled: int
    people: list[PersonAnswer]


class QueuesAnswer(Answer):
    """The queues of a project."""

    items: list[QueueAnswer]


class QueueChange(Body):
    """What is to be different."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    guidelines: Annotated[str, Field(max_length=100_000)] | None = None
    overlap: int | None = None
    closed: bool | None = None


class MadeAnswer(Answer):
    """A new queue, and the job that puts it in order."""

    queue: str
    items: int
    job: str | None


class SuggestBody(Body):
    """Who is asked."""

    model: Name
    other: Name | None = Field(default=None, description="Another model: what the two answer differently comes first.")


class JobAnswer(Answer):
    """A job that was started."""

    job: str


class PairAnswer(Answer):
    """Two people on the texts that both answered."""

    first: str
    second: str
    texts: int
    score: float | None
    same: float


class AgreementAnswer(Answer):
    """How far people agree."""

    kind: Literal["label", "labels", "spans"]
    annotators: list[str]
    texts: int
    alpha: float | None
    interval: tuple[float, float] | None
    per_label: dict[str, float | None]
    pairs: list[PairAnswer]


class VersionBody(Body):
    """Where rows go that the data set doesn't have yet."""

    split: Literal["train", "dev", "test"] = "train"


class NewVersionAnswer(Answer):
    """What became of the answers."""

    version: str
    new: bool
    taken: int
    ties: list[str] = Field(description="Rows that were left as they are: no answer has most votes.")


class ImportBody(Body):
    """A file of another tool."""

    content: str
    format: str | None = Field(default=None, description="label-studio or doccano; null to find out.")
    people: dict[str, Name] = Field(default={}, description="Who the file's annotators are here, by their ids.")


class ImportedAnswer(Answer):
    """What came in."""

    texts: int
    added: int
    answers: int


class NextBody(Body):
    """How much is wanted."""

    count: Annotated[int, Field(ge=1, le=annotation.MOST_AT_ONCE)] = 5
    skipped: bool = Field(default=False, description="Give again what the person skipped.")


class DraftBody(Body):
    """What was begun."""

    draft: str | None


class ReleaseBody(Body):
    """What others may have."""

    items: list[Name] | None = Field(default=None, description="Null for all that the person has.")
    until: AwareDatetime | None = Field(default=None, description="Only what has not been renewed beyond this.")


class AnnotationBody(Body):
    """An answer."""

    id: Name = Field(description="A ULID in lower case, made by the client; sent again, it is stored once.")
    target: Target | None = Field(description="Null to skip the item.")
    note: str = ""
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None


class DecisionBody(Body):
    """What settles a dispute."""

    id: Name
    target: Target
    note: str = ""


@router.get("/projects/{project}/queues", summary="The queues of a project")
def list_queues(context: Caller, project: str) -> QueuesAnswer:
    """Return the queues of a project, open ones first."""
    return QueuesAnswer(items=[_queue(one) for one in queues.overview(context, project=project)])


@router.post("/data-sets/{data_set}/queues", status_code=201, summary="Make a queue")
def create_queue(context: Caller, data_set: str, body: queues.QueueSettings) -> MadeAnswer:
    """Make a queue of rows of a data set, or of what its project's endpoints were asked."""
    made = queues.create(context, data_set=data_set, settings=body)
    return MadeAnswer(queue=made.queue.id, items=made.items, job=made.job.id if made.job is not None else None)


@router.post("/queues/{queue}/suggest", status_code=202, summary="Have a model suggest answers")
def suggest(context: Caller, queue: str, body: SuggestBody) -> JobAnswer:
    """Start a job that asks a model about the rows that wait, and puts them into the queue's order."""
    return JobAnswer(job=queues.suggest(context, queue=queue, model=body.model, other=body.other).id)


@router.get("/queues/{queue}/agreement", summary="How far people agree")
def agreement(context: Caller, queue: str) -> AgreementAnswer:
    """Return Krippendorff's alpha for all, and Cohen's kappa (for spans the F1 of exact spans) for pairs."""
    found = queues.agreement(context, queue=queue)
    return AgreementAnswer(
        kind=found.kind, annotators=list(found.annotators), texts=found.texts, alpha=found.alpha,
        interval=found.interval, per_label=dict(found.per_label),
        pairs=[PairAnswer.model_validate(pair) for pair in found.pairs],
    )  # fmt: skip


@router.post("/queues/{queue}/versions", status_code=201, summary="Make a version from the answers")
def new_version(context: Caller, queue: str, body: VersionBody) -> NewVersionAnswer:
    """Make a version of the data set with what was settled, or else what most people say."""
    made = queues.new_version(context, queue=queue, split=body.split)
    return NewVersionAnswer(version=made.version.id, new=made.new, taken=made.taken, ties=list(made.ties))


@router.get("/queues/{queue}/export", summary="Take the answers elsewhere", response_class=Response)
def export(context: Caller, queue: str, format: str) -> Response:  # noqa: A002 - what its users know it by
    """Return texts and answers as a file of Label Studio or doccano."""
    content = queues.export(context, queue=queue, format=format)
    return Response(content, media_type="application/octet-stream")


@router.post("/queues/{queue}/import", summary="Bring answers from elsewhere")
def read(context: Caller, queue: str, body: ImportBody) -> ImportedAnswer:
    """Put the texts and answers of a file of Label Studio or doccano into the queue."""
    content = body.content.encode("utf-8", "surrogatepass")
    read_in = queues.read(context, queue=queue, content=content, format=body.format, people=body.people)
    return ImportedAnswer.model_validate(read_in)


@router.get("/queues/{queue}", summary="A queue")
def get_queue(context: Caller, queue: str) -> QueueAnswer:
    """Return a queue with how far it is."""
    return _queue(queues.get(context, queue=queue))


@router.patch("/queues/{queue}", summary="Change a queue")
def change_queue(context: Caller, queue: str, body: QueueChange) -> QueueAnswer:
    """Rename a queue, change its guidelines or overlap, close or open it."""
    queues.change(context, queue=queue, **body.model_dump())
    return _queue(queues.get(context, queue=queue))


@router.post("/queues/{queue}/next", summary="Get items to label")
def following(context: Caller, queue: str, body: NextBody) -> WorkAnswer:
    """Hand out the next items, those that the user has already included."""
    given = annotation.following(context, queue=queue, count=body.count, skipped=body.skipped)
    return WorkAnswer.model_validate(given)


@router.post("/queues/{queue}/release", status_code=204, summary="Give items back")
def release(context: Caller, queue: str, body: ReleaseBody) -> None:
    """Let others have items at once, without waiting for the lease to end."""
    annotation.release(context, queue=queue, items=body.items, until=body.until)


@router.get("/queues/{queue}/annotations", summary="One's own last answers")
def history(context: Caller, queue: str, limit: Annotated[int, Query(ge=1, le=200)] = 20) -> HistoryAnswer:
    """Return the user's last answers, the last first."""
    found = annotation.history(context, queue=queue, limit=limit)
    return HistoryAnswer(items=[SaidAnswer.model_validate(one) for one in found])


@router.put("/items/{item}/draft", status_code=204, summary="Keep a draft")
def keep_draft(context: Caller, item: str, body: DraftBody) -> None:
    """Keep what was begun, and the item for the user."""
    annotation.keep_draft(context, item=item, draft=body.draft)


@router.post("/items/{item}/annotations", summary="Answer an item")
def submit(context: Caller, item: str, body: AnnotationBody) -> StandingAnswer:
    """Store an answer, once however often it is sent; what the user said before about the item is replaced."""
    stood = annotation.submit(
        context, item=item, id=body.id, target=_plain(body.target), note=body.note, seconds=body.seconds
    )
    return StandingAnswer.model_validate(stood)


@router.post("/annotations/{name}/undo", summary="Take an answer back")
def undo(context: Caller, name: str) -> SaidAnswer:
    """Take back an answer of the user's; the item is theirs again."""
    return SaidAnswer.model_validate(annotation.undo(context, annotation=name))


@router.get("/queues/{queue}/disputes", summary="What people answered differently")
def disputes(
    context: Caller,
    queue: str,
    settled: bool = False,
    after: int = -1,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DisputesAnswer:
    """Return items with different answers, in the order of the queue."""
    found = annotation.disputes(context, queue=queue, settled=settled, after=after, limit=limit)
    return DisputesAnswer(
        items=[DisputeAnswer.model_validate(dispute) for _position, dispute in found],
        next=found[-1][0] if len(found) == limit else None,
    )


@router.post("/items/{item}/decision", status_code=204, summary="Settle a dispute")
def decide(context: Caller, item: str, body: DecisionBody) -> None:
    """Say what is right; an earlier decision is replaced."""
    target = _plain(body.target)
    assert target is not None  # noqa: S101 - the body has one
    annotation.decide(context, item=item, id=body.id, target=target, note=body.note)


def _plain(target: Target | None) -> Plain | None:
    if target is None or isinstance(target, str):
        return target
    return cast(Plain, [list(one) if isinstance(one, tuple) else one for one in target])


def _queue(found: queues.Overview) -> QueueAnswer:
    people = [
        PersonAnswer(
            user=person.user, name=found.names[person.user], answered=person.answered, skipped=person.skipped,
            accepted=person.accepted, suggested=person.suggested, seconds=person.seconds, last=person.last,
        )
        for person in found.progress.people
    ]  # fmt: skip
    queue, far = found.queue, found.progress
    return QueueAnswer(
        id=queue.id, project=queue.project, data_set=queue.data_set, version=queue.version, name=queue.name,
        kind=queue.kind, labels=queue.labels, order=queue.order, overlap=queue.overlap, model=queue.model,
        guidelines=queue.guidelines, created=queue.created, closed=queue.closed, items=far.items, done=far.done,
        begun=far.begun, held=far.held, disputed=far.disputed, settled=far.settled, people=people,
    )  # fmt: skip
