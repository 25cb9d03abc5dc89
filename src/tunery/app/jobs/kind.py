"""What a kind of job is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.registry import subclasses
from tunery.settings import build, unknown
from tunery.store.tables import Job, Json

if TYPE_CHECKING:
    from tunery.app.jobs.context import JobContext


class Arguments(BaseModel):
    """What a job is told; names of things and settings, never texts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


A = TypeVar("A", bound=Arguments)


class Kind(ABC, Generic[A]):
    """A kind of job. Its module imports what learns only inside `run`: the studio reads the kinds too."""

    name: ClassVar[str]
    title: ClassVar[str]
    """What people read, to be translated."""
    arguments: ClassVar[type[Arguments]]
    heavy: ClassVar[bool] = False
    """Whether it wants the whole machine: few of these run at once."""
    of_workspace: ClassVar[bool] = False
    """Whether it is about the whole workspace, and about no project."""

    def prepare(self, session: Session, job: Job, arguments: A) -> None:
        """Write what belongs to the job from its beginning, in the transaction that writes it down."""

    @abstractmethod
    def run(self, context: JobContext, arguments: A) -> Json:
        """Do it, in a process of its own, and return the names of what was made.

        It may be called again after a crash: what it writes into the workspace it writes within `JobContext.once`.
        """


@cache
def kinds() -> dict[str, Kind[Arguments]]:
    """Return all kinds by name."""
    found = subclasses("tunery.app.jobs.kinds", cast("type[Kind[Arguments]]", Kind))
    return {name: kind() for name, kind in found.items()}


def get(name: str) -> Kind[Arguments]:
    """Return a kind.

    Raises:
        SettingError: There is none of this name.
    """
    if name not in kinds():
        raise unknown(name, kinds())
    return kinds()[name]


def check_place(kind: Kind[Arguments], project: str | None) -> None:
    """Make sure that a kind is about a project, or about the whole workspace where none is named.

    Raises:
        SettingError: It isn't.
    """
    if kind.of_workspace and project is not None:
        raise SettingError(_("{kind} is about the whole workspace.").format(kind=kind.name), _("Name no project."))
    if not kind.of_workspace and project is None:
        raise SettingError(_("{kind} is about a project.").format(kind=kind.name), _("Name the project."))


def read(kind: Kind[Arguments], arguments: Mapping[str, Any]) -> Arguments:
    """Return a job's arguments.

    Raises:
        SettingError: One can't be used.
    """
    return build(kind.arguments, arguments)
