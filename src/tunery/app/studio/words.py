"""What people read for names that the program uses."""

from __future__ import annotations

from tunery.errors import Severity
from tunery.i18n import N_, _

_TASKS = {
    "text-classification": N_("Sort texts into labels"),
    "token-classification": N_("Find words and names in texts"),
}
_SPLITS = {"train": N_("train"), "dev": N_("dev"), "test": N_("test")}
_ORIGINS = {
    "upload": N_("file"),
    "source": N_("source"),
    "annotation": N_("annotation"),
    "feedback": N_("feedback"),
    "review": N_("review"),
    "edit": N_("edit"),
}
_KINDS = {
    "import": N_("Import"),
    "check": N_("Check"),
    "tune": N_("Tune"),
    "search": N_("Search"),
    "rank": N_("Compare base models"),
    "curve": N_("Learning curve"),
    "evaluate": N_("Measure"),
    "compare": N_("Compare"),
    "export": N_("Export"),
    "deploy": N_("Deploy"),
    "suggest": N_("Suggest labels"),
    "label-errors": N_("Look for wrong labels"),
    "backup": N_("Backup"),
}
_SEVERITIES: dict[Severity, str] = {"error": N_("Error"), "warning": N_("Warning"), "note": N_("Note")}


def task_name(task: str | None) -> str:
    """Return what a task does."""
    return _(_TASKS[task]) if task in _TASKS else task or _("not decided yet")


def task_names() -> dict[str, str]:
    """Return all tasks with what they do."""
    return {name: _(title) for name, title in _TASKS.items()}


def split_name(split: str) -> str:
    """Return what a split is called."""
    return _(_SPLITS.get(split, split))


def origin_name(origin: str) -> str:
    """Return where a version comes from."""
    return _(_ORIGINS.get(origin, origin))


def kind_name(kind: str) -> str:
    """Return what a kind of job does."""
    return _(_KINDS.get(kind, kind))


def severity_name(severity: Severity) -> str:
    """Return how bad a problem is."""
    return _(_SEVERITIES[severity])
