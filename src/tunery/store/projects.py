"""Projects: one team's work on one problem."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tunery.errors import SettingError
from tunery.i18n import N_, _
from tunery.settings import build
from tunery.store import identifiers
from tunery.store.failures import ConflictError, not_found
from tunery.store.paging import Page
from tunery.store.paging import page as page_of
from tunery.store.tables import Member, Project

RedactionKind = Literal["email", "phone", "card", "id"]
"""What can be taken out of texts of requests before they are stored."""
REDACTION_KINDS: tuple[RedactionKind, ...] = get_args(RedactionKind)

LONGEST_NAME = 100
"""Characters of a project's or data set's name."""


class ProjectSettings(BaseModel):
    """What a project's owner may decide, declared once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store_requests: bool = Field(
        default=True, description=N_("Keep the texts that endpoints are asked about, with their answers.")
    )
    sample: float = Field(default=1.0, ge=0, le=1, description=N_("Share of requests that is kept."))
    retention_days: int = Field(
        default=90, ge=1, le=36_500, description=N_("After how many days texts of requests are deleted.")
    )
    redact: tuple[RedactionKind, ...] = Field(
        default=REDACTION_KINDS,
        description=N_("What is taken out of texts of requests before they are kept: email, phone, card, id."),
    )
    presidio: bool = Field(
        default=False,
        description=N_(
            "Take out names, places, accounts and more, as Presidio finds them (extra presidio); names need a model."
        ),
    )
    presidio_models: tuple[str, ...] = Field(
        default=(),
        max_length=20,
        description=N_(
            "Models of spaCy that find names for Presidio, one for each language: installed, or the path of a folder."
        ),
    )
    presidio_entities: tuple[str, ...] = Field(
        default=("PERSON", "LOCATION", "IBAN_CODE", "CRYPTO", "IP_ADDRESS", "MAC_ADDRESS", "US_SSN", "US_PASSPORT"),
        max_length=200,
        description=N_("What Presidio looks for, by its own names."),
    )
    presidio_threshold: float = Field(
        default=0.4, ge=0, le=1, description=N_("What Presidio is less sure of stays in the text.")
    )
    guidelines: str = Field(
        default="", max_length=100_000, description=N_("What annotators should know: when to give which label.")
    )
    labels: dict[str, str] = Field(default_factory=dict, description=N_("What each label means, in a sentence."))


def create(
    session: Session,
    *,
    name: str,
    user: str | None,
    task: str | None = None,
    settings: ProjectSettings | None = None,
) -> Project:
    """Make a project; the user is its owner.

    Args:
        session: A writing one.
        name: As people read it; no two projects have the same.
        user: Who makes it; None for the workspace itself.
        task: For example ``text-classification``; None until the first data set says.
        settings: The defaults where None.

    Raises:
        ConflictError: The name is taken.
        SettingError: The name can't be one.
    """
    project = Project(
        id=identifiers.new(), name=checked_name(name), task=task,
        settings=(settings or ProjectSettings()).model_dump(mode="json"), created=datetime.now(UTC), created_by=user,
    )  # fmt: skip
    session.add(project)
    _flush(session, project.name)
    if user is not None:
        session.add(Member(project=project.id, user=user, role="owner"))
        session.flush()
    return project


def get(session: Session, project: str) -> Project:
    """Return a project.

    Raises:
        NotFoundError: There is none with this name.
    """
    found = session.get(Project, project)
    if found is None:
        raise not_found(project)
    return found


def page(
    session: Session, *, user: str | None = None, archived: bool = False, after: str | None = None, limit: int = 50
) -> Page[Project]:
    """Return projects, the newest first.

    Args:
        session: Where to read.
        user: Only those that this user is a member of; None for all.
        archived: Only those that are archived, in place of the others.
        after: The ``next`` of the page before.
        limit: How many at most.
    """
    statement = select(Project).where(Project.archived.is_not(None) if archived else Project.archived.is_(None))
    if user is not None:
        statement = statement.join(Member, Member.project == Project.id).where(Member.user == user)
    return page_of(session, statement, by=[Project.id], after=after, limit=limit, descending=True, total=True)


def rename(session: Session, project: str, *, name: str) -> Project:
    """Give a project another name.

    Raises:
        ConflictError: The name is taken.
        NotFoundError: There is no such project.
        SettingError: The name can't be one.
    """
    found = get(session, project)
    found.name = checked_name(name)
    _flush(session, found.name)
    return found


def settings_of(project: Project) -> ProjectSettings:
    """Return a project's settings."""
    return ProjectSettings.model_validate(project.settings)


def change_settings(session: Session, project: str, values: Mapping[str, object]) -> ProjectSettings:
    """Change some settings of a project; those not named stay as they are.

    Raises:
        NotFoundError: There is no such project.
        SettingError: A setting doesn't exist or can't have its value.
    """
    found = get(session, project)
    changed = build(ProjectSettings, {**found.settings, **values})
    found.settings = changed.model_dump(mode="json")
    session.flush()
    return changed


def set_task(session: Session, project: str, *, task: str) -> Project:
    """Say what a project predicts, once.

    Raises:
        ConflictError: It predicts something else.
        NotFoundError: There is no such project.
    """
    found = get(session, project)
    if found.task not in (None, task):
        raise ConflictError(
            _("The project {name} is about {task}, not {other}.").format(name=found.name, task=found.task, other=task),
            _("Make another project for it."),
        )
    found.task = task
    session.flush()
    return found


def archive(session: Session, project: str, *, archived: bool = True) -> Project:
    """Put a project out of the list, or back into it; nothing of it is deleted.

    Raises:
        NotFoundError: There is no such project.
    """
    found = get(session, project)
    found.archived = (found.archived or datetime.now(UTC)) if archived else None
    session.flush()
    return found


def checked_name(name: str) -> str:
    """Return a name as it is kept: without white space at its ends.

    Raises:
        SettingError: It is empty, too long, or holds what can't be printed.
    """
    kept = name.strip()
    if not kept or len(kept) > LONGEST_NAME or not kept.isprintable():
        raise SettingError(
            _("name: {name!r} can't be a name.").format(name=name[:LONGEST_NAME]),
            _("Write between 1 and {n} characters, without line breaks.").format(n=LONGEST_NAME),
        )
    return kept


def _flush(session: Session, name: str) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise name_taken(name) from error


def name_taken(name: str) -> ConflictError:
    """Return the error for a name that something else has."""
    return ConflictError(_("The name {name} is taken.").format(name=name), _("Choose another."))
