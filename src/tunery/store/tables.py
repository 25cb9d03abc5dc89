"""The tables of a workspace, one class each: plain records without relations that load by themselves.

A column says what it holds where its name doesn't. What is found by what it holds has its hash as its name; all else
has one from `tunery.store.identifiers`, which sorts by time. Times are UTC. Nothing here is deleted because something
else is, except where ``ON DELETE CASCADE`` says so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, dataclass_transform

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column
from sqlalchemy.types import TypeDecorator

Json = dict[str, Any]


class UtcTime(TypeDecorator[datetime]):
    """A time in UTC that comes back with its zone, also from SQLite, which knows none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the driver is given."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone can't be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        """Return what came from the driver, with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@dataclass_transform(kw_only_default=True, field_specifiers=(mapped_column,))
class Record(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """What all tables have."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        Json: JSON,
        list[Any]: JSON,
        datetime: UtcTime,
        str: Text,
        int: BigInteger,
    }


Name = String(128)
"""A hash or an identifier."""


def _name() -> Any:
    return mapped_column(Name, primary_key=True)


def _of(target: str, *, cascade: bool = False, index: bool = True, primary_key: bool = False) -> Any:
    return mapped_column(
        Name,
        ForeignKey(target, ondelete="CASCADE" if cascade else None),
        index=index and not primary_key,
        primary_key=primary_key,
    )


def _may_be_of(target: str) -> Any:
    return mapped_column(Name, ForeignKey(target), index=True, default=None)


# -- the workspace itself ---------------------------------------------------------------------------------------------


class Setting(Record):
    """A setting of the whole workspace, or a secret that it was made with."""

    __tablename__ = "settings"

    name: Mapped[str] = _name()
    value: Mapped[Json]


class Blob(Record):
    """Bytes that lie in the folder or bucket under their hash."""

    __tablename__ = "blobs"

    hash: Mapped[str] = _name()
    """sha256, hexadecimal."""
    size: Mapped[int]
    created: Mapped[datetime]


# -- people -----------------------------------------------------------------------------------------------------------


class User(Record):
    """A person."""

    __tablename__ = "users"

    id: Mapped[str] = _name()
    email: Mapped[str] = mapped_column(Text, unique=True)
    """In lower case; what is signed in with."""
    name: Mapped[str]
    password: Mapped[str | None] = mapped_column(Text, default=None)
    """Argon2's encoding of its hash; None until an invitation is accepted."""
    admin: Mapped[bool] = mapped_column(default=False)
    """Sees all projects, members and settings."""
    preferences: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """``language``, ``theme``: what the studio looks like."""
    created: Mapped[datetime]
    disabled: Mapped[datetime | None] = mapped_column(default=None)


class SignIn(Record):
    """A browser that a user is signed in with."""

    __tablename__ = "sign_ins"

    digest: Mapped[str] = _name()
    """sha256 of the cookie's secret; the secret itself is nowhere."""
    user: Mapped[str] = _of("users.id", cascade=True)
    created: Mapped[datetime]
    expires: Mapped[datetime]
    seen: Mapped[datetime]
    agent: Mapped[str] = mapped_column(Text, default="")
    """What the browser calls itself."""


class AccessToken(Record):
    """A secret by which a program acts for a user."""

    __tablename__ = "access_tokens"

    id: Mapped[str] = _name()
    user: Mapped[str] = _of("users.id", cascade=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(Name, unique=True)
    created: Mapped[datetime]
    expires: Mapped[datetime | None] = mapped_column(default=None)
    revoked: Mapped[datetime | None] = mapped_column(default=None)
    used: Mapped[datetime | None] = mapped_column(default=None)


class Invitation(Record):
    """A secret by which a user sets a password, once."""

    __tablename__ = "invitations"

    digest: Mapped[str] = _name()
    user: Mapped[str] = _of("users.id", cascade=True)
    created: Mapped[datetime]
    expires: Mapped[datetime]
    used: Mapped[datetime | None] = mapped_column(default=None)


class Attempt(Record):
    """A sign-in that failed, so that guessing can be slowed down."""

    __tablename__ = "attempts"

    id: Mapped[str] = _name()
    about: Mapped[str] = mapped_column(Text, index=True)
    """The e-mail or the address that it came from."""
    at: Mapped[datetime]


class AuditEntry(Record):
    """Who did what, when. Written in the transaction that does it."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_project_id", "project", "id"),)

    id: Mapped[str] = _name()
    at: Mapped[datetime]
    user: Mapped[str | None] = _may_be_of("users.id")
    """None for what the workspace did by itself."""
    action: Mapped[str]
    """What was done, for example ``version.create`` or ``endpoint.promote``."""
    project: Mapped[str | None] = mapped_column(Name, default=None)
    subject: Mapped[str | None] = mapped_column(Text, default=None)
    """The name of what it was done to."""
    details: Mapped[Json] = mapped_column(JSON, default_factory=dict)


class Idempotency(Record):
    """An answer that is given again when the same request comes again."""

    __tablename__ = "idempotency"

    user: Mapped[str] = _of("users.id", cascade=True, primary_key=True)
    key: Mapped[str] = mapped_column(Name, primary_key=True)
    request: Mapped[str]
    """sha256 of method, path and body."""
    status: Mapped[int | None] = mapped_column(default=None)
    """None while it is being worked on."""
    body: Mapped[str | None] = mapped_column(Text, default=None)
    at: Mapped[datetime] = mapped_column(index=True)


# -- projects and data ------------------------------------------------------------------------------------------------


class Project(Record):
    """One team's work on one problem."""

    __tablename__ = "projects"

    id: Mapped[str] = _name()
    name: Mapped[str] = mapped_column(Text, unique=True)
    task: Mapped[str | None] = mapped_column(Text, default=None)
    """For example ``text-classification``; None until the first data set says."""
    settings: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """The fields of `tunery.store.projects.ProjectSettings`."""
    created: Mapped[datetime]
    created_by: Mapped[str | None] = _may_be_of("users.id")
    archived: Mapped[datetime | None] = mapped_column(default=None)


class Member(Record):
    """What a user may do in a project."""

    __tablename__ = "members"

    project: Mapped[str] = _of("projects.id", cascade=True, primary_key=True)
    user: Mapped[str] = mapped_column(Name, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str]
    """``owner``, ``editor``, ``annotator`` or ``viewer``."""


class DataSet(Record):
    """A name for versions that follow each other."""

    __tablename__ = "data_sets"
    __table_args__ = (UniqueConstraint("project", "name"),)

    id: Mapped[str] = _name()
    project: Mapped[str] = _of("projects.id")
    name: Mapped[str]
    task: Mapped[str]
    created: Mapped[datetime]
    created_by: Mapped[str | None] = _may_be_of("users.id")
    archived: Mapped[datetime | None] = mapped_column(default=None)


class Version(Record):
    """A data set as it was at a time; never changed."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("data_set", "content"), UniqueConstraint("data_set", "number"))

    id: Mapped[str] = _name()
    data_set: Mapped[str] = _of("data_sets.id")
    content: Mapped[str] = mapped_column(Name, index=True)
    """Hash over all rows with their splits and targets, made with the workspace's secret."""
    number: Mapped[int]
    """1 for the first, and so on."""
    parent: Mapped[str | None] = _may_be_of("versions.id")
    origin: Mapped[str]
    """Where it came from: ``upload``, ``source``, ``annotation``, ``feedback``, ``review`` or ``edit``."""
    source: Mapped[str] = mapped_column(Text, default="")
    """A source URI with its revision, or the name of the file."""
    fingerprint: Mapped[str]
    """`tunery.data.dataset.Dataset.fingerprint`, as it stands in the models that learn from it."""
    schema: Mapped[Json] = mapped_column("row_schema", JSON, default_factory=dict)
    """The fields of `tunery.data.dataset.Schema`: what a row holds."""
    columns: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """The fields of `tunery.data.settings.DataSettings` that it was read with."""
    counts: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """``{"train": {"rows": 10, "labels": {"a": 4}}}``."""
    lengths: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """``{"width": 8, "train": [3, 7]}``: how many rows had from 0 to 7 characters when it was made, from 8 to 15."""
    notes: Mapped[list[Any]] = mapped_column(JSON, default_factory=list)
    """What was found while reading, as `tunery.errors.Problem.to_dict` gives it, without texts."""
    created: Mapped[datetime]
    created_by: Mapped[str | None] = _may_be_of("users.id")


class Row(Record):
    """A text, and what belongs to it but its label: equal inputs of a project are one row."""

    __tablename__ = "rows"
    __table_args__ = (
        Index(
            "ix_rows_deleted",
            "deleted",
            sqlite_where=sql("deleted IS NOT NULL"),
            postgresql_where=sql("deleted IS NOT NULL"),
        ),
    )  # few are, and they are counted often

    id: Mapped[str] = _name()
    """Hash of project and content, made with the workspace's secret, so that no text can be guessed from it."""
    project: Mapped[str] = _of("projects.id")
    text: Mapped[str]
    """Empty where it was deleted."""
    text_pair: Mapped[str | None] = mapped_column(Text, default=None)
    words: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    """Offsets ``[[start, end], ...]`` in characters."""
    group: Mapped[str | None] = mapped_column("group_name", Text, default=None)
    document: Mapped[str | None] = mapped_column(Text, default=None)
    timestamp: Mapped[str | None] = mapped_column(Text, default=None)
    caller_id: Mapped[str | None] = mapped_column(Text, default=None)
    """`Example.id`."""
    length: Mapped[int]
    """Characters of both texts."""
    created: Mapped[datetime]
    deleted: Mapped[datetime | None] = mapped_column(default=None)


class VersionRow(Record):
    """That a version has a row, where, and with which target."""

    __tablename__ = "version_rows"
    __table_args__ = (Index("ix_version_rows_row_version", "row", "version"),)

    version: Mapped[str] = _of("versions.id", cascade=True, primary_key=True)
    split: Mapped[str] = mapped_column(String(16), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    row: Mapped[str] = _of("rows.id", index=False)
    target: Mapped[str | None] = mapped_column(Text, default=None)
    """`tunery.store.targets.to_text`; None where it isn't known."""
    annotation: Mapped[str | None] = mapped_column(Name, default=None)
    """The annotation or feedback that the target comes from."""


# -- annotation -------------------------------------------------------------------------------------------------------


class Queue(Record):
    """Rows that people are asked to label."""

    __tablename__ = "queues"

    id: Mapped[str] = _name()
    project: Mapped[str] = _of("projects.id")
    data_set: Mapped[str] = _of("data_sets.id")
    version: Mapped[str | None] = _may_be_of("versions.id")
    """The version that its rows come from."""
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(Text, default="label")
    """What an answer is: one ``label``, several ``labels`` or ``spans``."""
    labels: Mapped[list[Any]] = mapped_column(JSON, default_factory=list)
    order: Mapped[str] = mapped_column("ordered_by", Text, default="random")
    """``uncertain``, ``disagreement``, ``random``, ``errors`` or ``given``."""
    overlap: Mapped[int] = mapped_column(default=1)
    """How many people label each row."""
    model: Mapped[str | None] = _may_be_of("models.id")
    """Whose answers are suggested."""
    guidelines: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[datetime]
    created_by: Mapped[str | None] = _may_be_of("users.id")
    closed: Mapped[datetime | None] = mapped_column(default=None)


class QueueItem(Record):
    """A row of a queue."""

    __tablename__ = "queue_items"
    __table_args__ = (
        Index("ix_queue_items_queue_position", "queue", "position"),
        Index("ix_queue_items_queue_open_position", "queue", "open", "position"),
        UniqueConstraint("queue", "row"),
    )

    id: Mapped[str] = _name()
    queue: Mapped[str] = _of("queues.id", cascade=True, index=False)
    row: Mapped[str] = _of("rows.id")
    position: Mapped[int]
    reason: Mapped[str]
    """Why it stands where it stands: ``uncertain``, ``disagreement``, ``random``, ``error`` or ``given``."""
    priority: Mapped[float | None] = mapped_column(default=None)
    """The number behind the reason, for example the margin between the two best labels."""
    suggestion: Mapped[Json | None] = mapped_column(JSON(none_as_null=True), default=None)
    """``{"target": ..., "score": 0.8, "scores": {...}}``; the model is the queue's."""
    given: Mapped[str | None] = mapped_column(Text, default=None)
    """The target that the version has, for review."""
    open: Mapped[bool] = mapped_column(default=True)
    """Whether fewer people than the queue's overlap have answered."""


class Lease(Record):
    """That somebody is working on an item, so that nobody else gets it."""

    __tablename__ = "leases"

    item: Mapped[str] = _of("queue_items.id", cascade=True, primary_key=True)
    user: Mapped[str] = mapped_column(Name, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    until: Mapped[datetime]
    draft: Mapped[str | None] = mapped_column(Text, default=None)
    """What is on the page and not yet submitted."""


class Annotation(Record):
    """What one person said is right for a row."""

    __tablename__ = "annotations"
    __table_args__ = (
        Index("ix_annotations_item_user", "item", "user"),
        Index("ix_annotations_queue_user_at", "queue", "user", "at"),
    )

    id: Mapped[str] = _name()
    """Made by whoever labels, so that an answer that is sent twice is stored once."""
    queue: Mapped[str] = _of("queues.id", index=False)
    item: Mapped[str] = _of("queue_items.id", index=False)
    row: Mapped[str] = _of("rows.id")
    user: Mapped[str] = _of("users.id")
    target: Mapped[str | None] = mapped_column(Text, default=None)
    """None where it was skipped."""
    reason: Mapped[str]
    """Why the row was chosen, from the item."""
    suggestion: Mapped[Json | None] = mapped_column(JSON(none_as_null=True), default=None)
    """What was suggested at the time, from the item."""
    model: Mapped[str | None] = _may_be_of("models.id")
    """Which model suggested it."""
    accepted: Mapped[bool | None] = mapped_column(default=None)
    """Whether it is what was suggested; None where nothing was."""
    adjudication: Mapped[bool] = mapped_column(default=False)
    """Whether it settles what others disagree about."""
    note: Mapped[str] = mapped_column(Text, default="")
    seconds: Mapped[float | None] = mapped_column(default=None)
    """How long it took."""
    at: Mapped[datetime]
    undone: Mapped[datetime | None] = mapped_column(default=None)
    """When it was taken back, or replaced by the same person's next."""


# -- runs, models, reports --------------------------------------------------------------------------------------------


class Job(Record):
    """Something that takes time, done in a process of its own."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_project_created", "project", "created"), Index("ix_jobs_state", "state"))

    id: Mapped[str] = _name()
    project: Mapped[str | None] = mapped_column(Name, ForeignKey("projects.id"), default=None)
    kind: Mapped[str]
    """``import``, ``check``, ``tune``, ``search``, ``rank``, ``evaluate``, ``export``, ``deploy``, ..."""
    arguments: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """Names of things and settings, never texts."""
    state: Mapped[str] = mapped_column(Text, default="queued")
    """``queued``, ``running``, ``done``, ``failed`` or ``cancelled``."""
    progress: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """``{"step": "...", "share": 0.4, "left": 12.0, "note": "..."}``: share of the step, seconds left."""
    result: Mapped[Json | None] = mapped_column(JSON(none_as_null=True), default=None)
    """Names of what it made."""
    error: Mapped[Json | None] = mapped_column(JSON(none_as_null=True), default=None)
    """``{"message": ..., "hint": ...}``."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often a process was started for it; whoever has another number than this doesn't have the job any more."""
    kept: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """What its steps came to that must not be done twice."""
    cancel: Mapped[bool] = mapped_column(default=False)
    """Whether it has been asked to stop."""
    worker: Mapped[str | None] = mapped_column(Text, default=None)
    """The machine and process that work on it."""
    beat: Mapped[datetime | None] = mapped_column(default=None)
    """When that was last heard of."""
    schedule: Mapped[str | None] = mapped_column(Name, default=None)
    created: Mapped[datetime]
    created_by: Mapped[str | None] = _may_be_of("users.id")
    started: Mapped[datetime | None] = mapped_column(default=None)
    ended: Mapped[datetime | None] = mapped_column(default=None)


class JobLine(Record):
    """A line of a job's log."""

    __tablename__ = "job_lines"

    job: Mapped[str] = _of("jobs.id", cascade=True, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    line: Mapped[str]


class Worker(Record):
    """A process that does jobs."""

    __tablename__ = "workers"

    id: Mapped[str] = _name()
    """The same after it was started anew in the same folder."""
    host: Mapped[str]
    started: Mapped[datetime]
    beat: Mapped[datetime]
    """When it was last heard of."""


class Schedule(Record):
    """A job that is started again and again."""

    __tablename__ = "schedules"

    id: Mapped[str] = _name()
    project: Mapped[str | None] = _may_be_of("projects.id")
    """None for what concerns the whole workspace."""
    kind: Mapped[str]
    arguments: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    cron: Mapped[str]
    """Five fields: minute, hour, day, month, day of the week."""
    zone: Mapped[str] = mapped_column(Text, default="UTC")
    enabled: Mapped[bool] = mapped_column(default=True)
    due: Mapped[datetime] = mapped_column(index=True)
    """When it is next started."""
    created: Mapped[datetime]
    created_by: Mapped[str | None] = _may_be_of("users.id")


class Run(Record):
    """One execution of a recipe on a version."""

    __tablename__ = "runs"
    __table_args__ = (Index("ix_runs_project_created", "project", "created"),)

    id: Mapped[str] = _name()
    project: Mapped[str] = mapped_column(Name, ForeignKey("projects.id"))
    version: Mapped[str] = _of("versions.id")
    job: Mapped[str | None] = _may_be_of("jobs.id")
    kind: Mapped[str] = mapped_column(Text, default="tune")
    """``tune``, ``search`` or ``trial``."""
    parent: Mapped[str | None] = _may_be_of("runs.id")
    """The search that a trial belongs to."""
    name: Mapped[str] = mapped_column(Text, default="")
    recipe: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    state: Mapped[str] = mapped_column(Text, default="queued")
    """As of its job."""
    ended_by: Mapped[str | None] = mapped_column(Text, default=None)
    """``complete``, ``patience``, ``budget``, ``interrupted`` or ``pruned``."""
    curves: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """``{"loss": [[epoch, value], ...], "dev": [[epoch, value], ...], "metric": "accuracy"}``."""
    metrics: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """On dev, for example ``{"accuracy": 0.91}``."""
    created: Mapped[datetime]
    created_by: Mapped[str | None] = _may_be_of("users.id")
    started: Mapped[datetime | None] = mapped_column(default=None)
    ended: Mapped[datetime | None] = mapped_column(default=None)


class Model(Record):
    """A model's folder, as the hashes of its files."""

    __tablename__ = "models"

    id: Mapped[str] = _name()
    """Hash over the project, the names of its files and their hashes."""
    project: Mapped[str] = _of("projects.id")
    run: Mapped[str | None] = _may_be_of("runs.id")
    derived: Mapped[str | None] = _may_be_of("models.id")
    """The model that it was exported from."""
    name: Mapped[str] = mapped_column(Text, default="")
    task: Mapped[str]
    labels: Mapped[list[Any]] = mapped_column(JSON, default_factory=list)
    base: Mapped[str] = mapped_column(Text, default="")
    """The base model's source with its revision."""
    manifest: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """``tunery.json``."""
    size: Mapped[int]
    """Bytes of all files."""
    created: Mapped[datetime]
    created_by: Mapped[str | None] = _may_be_of("users.id")


class ModelFile(Record):
    """A file of a model's folder."""

    __tablename__ = "model_files"

    model: Mapped[str] = _of("models.id", cascade=True, primary_key=True)
    path: Mapped[str] = mapped_column(String(512), primary_key=True)
    """Below the folder, with forward slashes."""
    blob: Mapped[str] = _of("blobs.hash")


class Report(Record):
    """A model measured on a split of a version."""

    __tablename__ = "reports"

    id: Mapped[str] = _name()
    project: Mapped[str] = _of("projects.id")
    model: Mapped[str] = _of("models.id")
    version: Mapped[str] = _of("versions.id")
    split: Mapped[str]
    job: Mapped[str | None] = _may_be_of("jobs.id")
    summary: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """`tunery.evaluation.report.Report.to_dict` without the texts."""
    created: Mapped[datetime]
    created_by: Mapped[str | None] = _may_be_of("users.id")


class ReportAnswer(Record):
    """What a model answered for one row of a report."""

    __tablename__ = "report_answers"
    __table_args__ = (Index("ix_report_answers_report_right", "report", "right"),)

    report: Mapped[str] = _of("reports.id", cascade=True, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """In the split."""
    row: Mapped[str] = _of("rows.id")
    target: Mapped[str | None] = mapped_column(Text, default=None)
    """What is right."""
    answer: Mapped[str]
    """What was answered, as a target."""
    score: Mapped[float | None] = mapped_column(default=None)
    scores: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    right: Mapped[bool]


# -- endpoints and their traffic --------------------------------------------------------------------------------------


class Endpoint(Record):
    """A name that callers use."""

    __tablename__ = "endpoints"

    id: Mapped[str] = _name()
    project: Mapped[str] = _of("projects.id")
    name: Mapped[str] = mapped_column(Text, unique=True)
    champion: Mapped[str] = _of("models.id")
    challenger: Mapped[str | None] = _may_be_of("models.id")
    settings: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """The fields of `tunery.store.endpoints.EndpointSettings`: storing, sampling, the public page."""
    created: Mapped[datetime]
    created_by: Mapped[str | None] = _may_be_of("users.id")
    stopped: Mapped[datetime | None] = mapped_column(default=None)


class EndpointEvent(Record):
    """A change of an endpoint."""

    __tablename__ = "endpoint_events"

    id: Mapped[str] = _name()
    endpoint: Mapped[str] = _of("endpoints.id")
    at: Mapped[datetime]
    user: Mapped[str | None] = _may_be_of("users.id")
    action: Mapped[str]
    """``deploy``, ``promote``, ``roll-back``, ``challenge``, ``stop``, ``start`` or ``settings``."""
    model: Mapped[str | None] = _may_be_of("models.id")
    before: Mapped[str | None] = _may_be_of("models.id")
    """What answered until then."""
    reason: Mapped[str] = mapped_column(Text, default="")


class EndpointKey(Record):
    """A secret by which callers are let in."""

    __tablename__ = "endpoint_keys"

    id: Mapped[str] = _name()
    project: Mapped[str] = _of("projects.id")
    digest: Mapped[str] = mapped_column(Name, unique=True)
    """sha256 of the key, hexadecimal."""
    name: Mapped[str]
    endpoints: Mapped[list[Any]] = mapped_column(JSON, default_factory=list)
    """Their names."""
    rate: Mapped[str | None] = mapped_column(Text, default=None)
    quota: Mapped[str | None] = mapped_column(Text, default=None)
    created: Mapped[datetime]
    created_by: Mapped[str | None] = _may_be_of("users.id")
    revoked: Mapped[datetime | None] = mapped_column(default=None)


class Request(Record):
    """A text that was asked about, and the answer."""

    __tablename__ = "requests"
    __table_args__ = (Index("ix_requests_endpoint_id", "endpoint", "id"), Index("ix_requests_call", "call"))

    id: Mapped[str] = _name()
    call: Mapped[str] = mapped_column(Name)
    """The server's name for the call that it came in; one call may have many texts."""
    number: Mapped[int] = mapped_column(default=0)
    """Which text of the call."""
    endpoint: Mapped[str] = mapped_column(Name, ForeignKey("endpoints.id"))
    model: Mapped[str] = _of("models.id")
    at: Mapped[datetime]
    origin: Mapped[str] = mapped_column(Text, default="api")
    """``api``, ``playground`` or ``share``."""
    key: Mapped[str | None] = mapped_column(Name, default=None)
    text: Mapped[str]
    """Redacted; empty where it was deleted."""
    text_pair: Mapped[str | None] = mapped_column(Text, default=None)
    redactions: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """How many of each kind were taken out, for example ``{"phone": 1}``."""
    places: Mapped[list[Any]] = mapped_column(JSON, default_factory=list)
    """Where: `tunery.store.redaction.Place` as lists, so that spans in the text as it was asked can be moved."""
    answer: Mapped[str | None] = mapped_column(Text, default=None)
    """As a target; None where there was none."""
    score: Mapped[float | None] = mapped_column(default=None)
    abstained: Mapped[bool] = mapped_column(default=False)
    milliseconds: Mapped[float | None] = mapped_column(default=None)
    row: Mapped[str | None] = _may_be_of("rows.id")
    """The row that it became, where it was taken into a data set."""
    deleted: Mapped[datetime | None] = mapped_column(default=None)


class Feedback(Record):
    """What a person said about an answer."""

    __tablename__ = "feedback"

    id: Mapped[str] = _name()
    request: Mapped[str] = _of("requests.id")
    at: Mapped[datetime]
    verdict: Mapped[str]
    """``right``, ``wrong`` or ``corrected``."""
    target: Mapped[str | None] = mapped_column(Text, default=None)
    """What would have been right."""
    origin: Mapped[str] = mapped_column(Text, default="api")
    user: Mapped[str | None] = _may_be_of("users.id")
    note: Mapped[str] = mapped_column(Text, default="")
    """Redacted."""


class Traffic(Record):
    """What an endpoint did in one minute: counted for every request, whether it was stored or not."""

    __tablename__ = "traffic"

    endpoint: Mapped[str] = _of("endpoints.id", cascade=True, primary_key=True)
    minute: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """Since 1970."""
    writer: Mapped[str] = mapped_column(Name, primary_key=True)
    """The process that counted; several may."""
    requests: Mapped[int] = mapped_column(default=0)
    texts: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    """Answers of 5xx."""
    refused: Mapped[int] = mapped_column(default=0)
    """Answers of 4xx."""
    stored: Mapped[int] = mapped_column(default=0)
    sampled_out: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(default=0)
    """Should have been stored and were not, because the store was too slow or away."""
    latency: Mapped[Json] = mapped_column(JSON, default_factory=dict)
    """How many answers were that quick: `tunery.store.traffic.step` of the milliseconds, and how many."""


class Deletion(Record):
    """That a text was deleted, and which models had learned from it."""

    __tablename__ = "deletions"

    id: Mapped[str] = _name()
    at: Mapped[datetime]
    user: Mapped[str | None] = _may_be_of("users.id")
    project: Mapped[str] = _of("projects.id")
    kind: Mapped[str]
    """``request`` or ``row``."""
    subject: Mapped[str] = mapped_column(Name, index=True)
    models: Mapped[list[Any]] = mapped_column(JSON, default_factory=list)
    """The names of the models."""
    reason: Mapped[str] = mapped_column(Text, default="")
