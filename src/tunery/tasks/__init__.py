"""One file per task: labels, encoding, head, loss, decoding, counting.

A task is a subclass of `Task` in a module of this package; being there is all it takes to be found. May import
`tunery.data` and what lies below it. Loads torch only inside the methods that learn.
"""

from __future__ import annotations

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.registry import subclasses
from tunery.settings import build
from tunery.settings import unknown as unknown_setting
from tunery.tasks.base import Confusion, Decision, Encoding, LossSettings, Task
from tunery.types import Predictor

__all__ = ["Confusion", "Decision", "Encoding", "LossSettings", "Task", "available", "get", "get_class", "of"]


def available() -> tuple[str, ...]:
    """Return the names of all tasks."""
    return tuple(subclasses(__name__, Task))  # type: ignore[type-abstract]


def get_class(name: str) -> type[Task]:
    """Return the class of a task, whose fields are its settings.

    Raises:
        SettingError: There is no such task.
    """
    found = subclasses(__name__, Task)  # type: ignore[type-abstract]
    if name not in found:
        known = unknown_setting(name, found)
        raise SettingError(_("There is no task {name!r}.").format(name=name), known.hint)
    return found[name]


def get(name: str, **settings: object) -> Task:
    """Return a task with the given settings."""
    return build(get_class(name), settings)


def of(predictor: Predictor, name: str | None) -> Task:
    """Return the task called ``name``, or the one the predictor says it has."""
    if name is not None:
        return get(name)
    task = getattr(predictor, "task", None)
    if not isinstance(task, Task):
        raise SettingError(
            _("{kind} doesn't say what its task is.").format(kind=type(predictor).__name__),
            _("Name it, for example task='text-classification'."),
        )
    return task
