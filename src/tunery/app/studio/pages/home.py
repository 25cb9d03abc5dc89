"""Home: what there is, what runs, and what needs a person."""

from __future__ import annotations

from tunery.app.actions import home, jobs
from tunery.app.actions.home import Summary, Waiting
from tunery.app.studio.components.cards import card, empty_state
from tunery.app.studio.components.markup import Tag, button_link, icon, link
from tunery.app.studio.components.progress import progress_line
from tunery.app.studio.page import studio_page
from tunery.app.studio.pages.data import may_edit
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import visit
from tunery.app.studio.words import kind_name, task_name
from tunery.i18n import N_, _
from tunery.store.tables import Job

_MOST = 5


@studio_page("/", title=N_("Home"))
def home_page() -> None:
    """Build the page over all projects."""
    found = home.summaries(visit().context)
    if not found:
        heading(_("Welcome"), _("Turn a few labelled examples into a model of your own."))
        with card():
            empty_state(
                _("Make your first project"),
                _("Take your own file or a sample, see what is in it, tune a model, and let it answer."),
                icon="play",
                link=(_("Begin"), "/new"),
            )
        return
    heading(
        _("Home"),
        _("What there is, what runs, and what needs you."),
        actions=lambda: _new_project(),
    )
    _waiting(None)
    with Tag("div", classes="grid"):
        for summary in found:
            _tile(summary)


@studio_page("/p/{project}", title=N_("Home"))
def project_home(project: str) -> None:
    """Build the page of one project."""
    here = visit()
    found = here.project
    stage = home.stage(here.context, project)
    heading(found.name if found else "", task_name(found.task if found else None))
    if stage.endpoint is None and may_edit():
        with card(_("From examples to answers"), _("Step by step, or on your own by the pages at the side.")):
            with Tag("ol", classes="steps"):
                steps = (
                    (_("Data"), stage.version),
                    (_("Tune"), stage.model),
                    (_("Deploy"), stage.endpoint),
                )
                current = next((name for name, made in steps if made is None), "")
                for name, made in steps:
                    attributes = {"aria-current": "step"} if name == current else {}
                    Tag("li", name, classes="is-done" if made is not None else "", **attributes)
            button_link(_("Go on"), f"/p/{project}/start", kind="primary")
    running = [
        *jobs.page(here.context, project, state="running", limit=_MOST).items,
        *jobs.page(here.context, project, state="queued", limit=_MOST).items,
    ]
    if running:
        _running(running)
    _waiting(project)
    with Tag("div", classes="grid"):
        _count(project, "data", _("Data"), _("Data sets and their versions"))
        _count(project, "tune", _("Tune"), _("Runs, and what they learned"))
        _count(project, "endpoints", _("Endpoints"), _("What answers, and how it does"))


def _new_project() -> None:
    button_link(_("New project"), "/new", kind="primary", symbol="plus")


def _running(found: list[Job]) -> None:
    with card(_("What runs")):
        for job in found:
            with Tag("div", classes="stack"):
                link(kind_name(job.kind), f"/jobs/{job.id}")
                progress_line(job.id)


def _waiting(project: str | None) -> None:
    found = home.waiting(visit().context, project)
    with card(_("What needs you")):
        if not found:
            Tag("p", _("Nothing at the moment."), classes="muted")
            return
        with Tag("div", classes="lines-list"):
            for one in found:
                with Tag("div", classes="line-item"):
                    icon("warn" if one.kind == "failed" else "annotate" if one.kind == "label" else "endpoint")
                    text, target = _words(one)
                    link(text, target, classes="link grow")


def _words(one: Waiting) -> tuple[str, str]:
    if one.kind == "label":
        text = _("{count} texts wait for a label: {name}").format(count=f"{one.count:,}", name=one.title)
        return text, f"/p/{one.project}/annotate"
    if one.kind == "decide":
        return (
            _("A model waits beside the one that answers: {name}").format(name=one.title),
            f"/p/{one.project}/endpoints/{one.subject}",
        )
    return _("This has failed: {name}").format(name=kind_name(one.title)), f"/jobs/{one.subject}"


def _tile(summary: Summary) -> None:
    with link("", f"/p/{summary.project.id}", classes="tile"):
        Tag("span", summary.project.name, classes="tile-title")
        Tag("span", task_name(summary.project.task), classes="muted")
        with Tag("span", classes="tile-foot"):
            Tag("span", _("Data sets: {count}").format(count=summary.data_sets))
            Tag("span", _("Models: {count}").format(count=summary.models))
            Tag("span", _("Endpoints: {count}").format(count=summary.endpoints))
            if summary.active:
                Tag("span", _("{count} running").format(count=summary.active), classes="state state-running")


def _count(project: str, path: str, title: str, text: str) -> None:
    with link("", f"/p/{project}/{path}", classes="tile"):
        Tag("span", title, classes="tile-title")
        Tag("span", text, classes="muted")
