"""Jobs: what runs, what waits, how it ended."""

from __future__ import annotations

from nicegui import ui

from tunery.app.actions import jobs, schedules
from tunery.app.studio import measures
from tunery.app.studio.components.cards import card, note
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.components.progress import progress_line, state_mark
from tunery.app.studio.components.schedules import Schedules, ask_when
from tunery.app.studio.components.tables import Column, DataTable
from tunery.app.studio.components.times import ago, duration
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import visit
from tunery.app.studio.words import kind_name
from tunery.i18n import N_, _
from tunery.store.tables import Job

_LINES = 400
_SECONDS = 2.0


@studio_page("/jobs", title=N_("Jobs"))
def all_jobs() -> None:
    """Build the list over all projects."""
    _list(None)
    Schedules(None, may_edit=True)


@studio_page("/p/{project}/jobs", title=N_("Jobs"))
def project_jobs(project: str) -> None:
    """Build the list of one project."""
    _list(project)
    Schedules(project, may_edit=visit().role in ("editor", "owner"))


@studio_page("/jobs/{job}", title=N_("Job"))
def job_page(job: str) -> None:
    """Build the page of one job, with its log."""
    measures.dress()
    context = visit().context
    found = jobs.get(context, job)

    def actions() -> None:
        # Other jobs would find nothing new: what they work on never changes.
        if found.arguments.get("source") and schedules.may_edit(context, found.project):
            arguments, project = dict(found.arguments), found.project
            button(_("Do it again and again")).on("click", lambda: ask_when(found.kind, arguments, project))

    heading(
        kind_name(found.kind), _("Begun {time}.").format(time=ago(found.created)), kicker=_("Jobs"), actions=actions
    )
    with card():
        progress_line(job)
        if found.error:
            note(str(found.error.get("message", "")), str(found.error.get("hint", "")), kind="danger")
    with card(_("Log")):
        log = Tag("pre", classes="log", tabindex="0", **{"aria-label": _("Log")})
        seen = 0

        def follow() -> None:
            nonlocal seen
            lines = jobs.lines(visit().watching, job, after=seen, limit=_LINES)
            if lines:
                seen = lines[-1].number
                log.text = "\n".join([*log.text.splitlines(), *(line.line for line in lines)][-_LINES:])
            elif not seen:
                log.text = _("It has written nothing yet.")
            if jobs.get(visit().watching, job).state not in ("queued", "running") and not lines:
                timer.cancel()

        timer = ui.timer(_SECONDS, follow)


def _list(project: str | None) -> None:
    heading(_("Jobs"), _("What takes time is done in the background and goes on when you leave."))
    columns: list[Column[Job]] = [
        Column(_("What"), lambda one: kind_name(one.kind), link=lambda one: f"/jobs/{one.id}"),
        Column(_("State"), lambda one: _state(one)),
        Column(_("Step"), lambda one: _step(one), kind="text", narrow=True),
        Column(_("Took"), lambda one: _took(one), kind="number", narrow=True),
        Column(_("Begun"), lambda one: ago(one.created), kind="number"),
    ]
    with card(classes="flush"):
        table = DataTable(
            columns,
            lambda after, limit: jobs.page(visit().context, project=project, after=after, limit=limit),
            label=_("Jobs"),
            empty=(_("Nothing has been done yet."), _("Imports, runs and exports stand here when they have begun.")),
        )
    ui.timer(_SECONDS * 2, table.reload, immediate=False)


def _state(job: Job) -> None:
    state_mark(job.state)


def _step(job: Job) -> str:
    if job.error:
        return str(job.error.get("message", ""))
    return str(job.progress.get("step") or "")


def _took(job: Job) -> str:
    return duration((job.ended - job.started).total_seconds()) if job.started and job.ended else "–"
