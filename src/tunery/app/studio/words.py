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
ACTIONS = {
    "annotation.settle": N_("settled what people answered differently"),
    "data-set.archive": N_("put a data set out of the list, or back into it"),
    "data-set.rename": N_("renamed a data set"),
    "endpoint.challenge": N_("put a model beside the one that answers, or took it away"),
    "endpoint.deploy": N_("put a model into service"),
    "endpoint.promote": N_("promoted a model"),
    "endpoint.roll-back": N_("rolled an endpoint back"),
    "endpoint.settings": N_("changed an endpoint's settings"),
    "endpoint.start": N_("started an endpoint"),
    "endpoint.stop": N_("stopped an endpoint"),
    "feedback.give": N_("said whether an answer was right"),
    "job.cancel": N_("stopped a job"),
    "job.start": N_("started a job"),
    "key.create": N_("made a key"),
    "key.revoke": N_("made a key worthless"),
    "member.put": N_("took somebody in, or gave another role"),
    "member.remove": N_("took somebody out"),
    "model.rename": N_("renamed a model"),
    "project.change": N_("changed a project"),
    "project.create": N_("made a project"),
    "queue.change": N_("changed a queue"),
    "queue.create": N_("made a queue"),
    "queue.import": N_("took answers into a queue"),
    "queue.suggest": N_("had a model answer a queue"),
    "request.delete": N_("deleted a request"),
    "row.delete": N_("deleted a text"),
    "schedule.create": N_("made a schedule"),
    "schedule.delete": N_("deleted a schedule"),
    "schedule.disable": N_("switched a schedule off"),
    "schedule.enable": N_("switched a schedule on"),
    "token.create": N_("made an access token"),
    "token.revoke": N_("made an access token worthless"),
    "user.accept": N_("accepted an invitation"),
    "user.change": N_("changed an account"),
    "user.create": N_("made an account"),
    "user.invite": N_("invited somebody"),
    "user.password": N_("set a new password"),
    "user.sign-in": N_("signed in"),
    "user.sign-out": N_("signed out"),
    "version.create": N_("made a version of a data set"),
    "version.import": N_("imported data"),
}
"""What was done, for the codes of the audit log."""
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


def action_name(action: str) -> str:
    """Return what was done, for a code of the audit log; programs read the code itself."""
    return _(ACTIONS.get(action, action))


def severity_name(severity: Severity) -> str:
    """Return how bad a problem is."""
    return _(_SEVERITIES[severity])
