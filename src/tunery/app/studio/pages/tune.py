"""Tuning: the runs, and the form that starts one."""

from __future__ import annotations

from urllib.parse import urlencode

from nicegui import ui

from tunery.app.actions import data, jobs
from tunery.app.actions import runs as run_actions
from tunery.app.actions.runs import StoredRun
from tunery.app.studio import measures, notices
from tunery.app.studio.components.cards import card, empty_state
from tunery.app.studio.components.forms import choice_field, number_field, text_field
from tunery.app.studio.components.markup import Tag, button, link
from tunery.app.studio.components.plans import plan_table
from tunery.app.studio.components.progress import progress_line, state_mark
from tunery.app.studio.components.recipe_form import RecipeForm
from tunery.app.studio.components.tables import Column, data_table, ticks
from tunery.app.studio.components.times import relative_time
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.evaluation import wording
from tunery.i18n import N_, _
from tunery.store.tables import DataSet, Job, Version

_KINDS = {"tune": N_("run"), "search": N_("search")}


@studio_page("/p/{project}/tune", title=N_("Tune"))
def runs(project: str) -> None:
    """Build the list of runs."""
    measures.dress()
    here = visit()
    context = here.context
    chosen: list[str] = []

    def actions() -> None:
        if here.role in ("editor", "owner"):
            link(_("Tune a model"), f"/p/{project}/tune/new", classes="button primary")

    heading(_("Tune"), _("Every run of this project: what it learned from, and how well."), actions=actions)
    if not run_actions.page(context, project, limit=1).items:
        empty_state(
            _("Nothing has been tuned yet."),
            _("Choose data and a base model; the plan says how long it takes."),
            icon="tune",
            link=(_("Tune a model"), f"/p/{project}/tune/new"),
        )
        return
    with card(classes="flush"):
        data_table(
            _columns(project, chosen),
            lambda after, limit: run_actions.page(context, project, after=after, limit=limit),
            label=_("Runs"),
        )
    with Tag("div", classes="row"):
        button(_("Compare those that are ticked")).on("click", lambda: _compare(project, chosen))


@studio_page("/p/{project}/tune/new", title=N_("Tune a model"), role="editor")
async def new(project: str, base: str = "", version: str = "") -> None:
    """Build the form."""
    measures.dress()
    here = visit()
    versions = await in_background(data.versions_in, here.context, project)
    heading(_("Tune a model"), _("Sensible defaults are set. The plan says what will be done before anything is."))
    if not versions:
        empty_state(
            _("There is no data to learn from yet."),
            _("Upload labelled rows, or fetch a data set."),
            icon="data",
            link=(_("To the data"), f"/p/{project}/data"),
        )
        return
    _NewRun(project, versions, base=base, version=version)


class _NewRun:
    """The form, and the plan below it."""

    def __init__(self, project: str, versions: list[tuple[DataSet, Version]], *, base: str, version: str) -> None:
        self._project = project
        task = versions[0][0].task
        with card(_("What it learns from")):
            names = {one.id: f"{owner.name} · {one.number} ({_rows(one)})" for owner, one in versions}
            with Tag("div", classes="fields"):
                self._version = choice_field(
                    _("Data"), names, version if version in names else versions[0][1].id,
                    hint=_("Train is learned from, dev is chosen by, test is not touched."),
                )  # fmt: skip
                self._name = text_field(_("Name"), hint=_("What the run and its model are called."))
        with card(_("How it learns")):
            self._form = RecipeForm(task, base)
        self._planned = Tag("div")
        with Tag("div", classes="row"):
            button(_("Start"), kind="primary", symbol="play").on("click", self._start)
            button(_("Show the plan")).on("click", self._plan)
            Tag("span", classes="grow")
            self._trials = number_field("", 16, whole=True)
            self._trials.element.props["aria-label"] = _("Trials")
            button(_("Search settings instead")).on("click", self._search)

    async def _begin(self, kind: str, **more: object) -> Job | None:
        recipe = self._form.read()
        if recipe is None:
            notices.warn(_("Some settings can't be used."), _("Look for the fields marked in red."))
            return None
        arguments = {"version": self._version.value, "recipe": recipe, **more}
        return await in_background(jobs.start, visit().context, kind, arguments, project=self._project)

    async def _start(self) -> None:
        await self._go(await self._begin("tune", name=str(self._name.value or "").strip()))

    async def _search(self) -> None:
        await self._go(
            await self._begin("search", name=str(self._name.value or "").strip(), trials=int(self._trials.value or 16))
        )

    async def _go(self, job: Job | None) -> None:
        if job is None:
            return
        run = await in_background(run_actions.of_job, visit().context, job.id)
        ui.navigate.to(f"/p/{self._project}/tune/runs/{run}")

    async def _plan(self) -> None:
        job = await self._begin("plan")
        if job is None:
            return
        self._planned.clear()
        with self._planned, card(_("The plan"), _("The base model is fetched, and this machine's speed is measured.")):
            progress_line(job.id, on_end=self._show_plan)

    def _show_plan(self, job: Job) -> None:
        plan = (job.result or {}).get("plan")
        if plan is None:
            return
        self._planned.clear()
        with self._planned, card(_("The plan")):
            plan_table(plan)


def _rows(version: Version) -> str:
    counts = {split: found["rows"] for split, found in version.counts.items() if found.get("rows")}
    return ", ".join(f"{split} {rows:,}" for split, rows in counts.items())


def _columns(project: str, chosen: list[str]) -> tuple[Column[StoredRun], ...]:
    return (
        ticks(chosen, lambda run: run.record.id, lambda run: run.name),
        Column(_("Run"), lambda run: run.name, link=lambda run: f"/p/{project}/tune/runs/{run.record.id}"),
        Column(_("State"), _state),
        Column(_("Kind"), lambda run: _(_KINDS.get(run.record.kind, run.record.kind)), narrow=True),
        Column(_("Strategy"), _strategy, narrow=True),
        Column(_("Data"), lambda run: f"{run.data_set.name} · {run.version.number}", narrow=True),
        Column(_("On dev"), _score, kind="number"),
        Column(_("Begun"), _begun, narrow=True),
    )


def _state(run: StoredRun) -> None:
    state_mark(run.record.state)


def _begun(run: StoredRun) -> None:
    relative_time(run.record.created)


def _strategy(run: StoredRun) -> str:
    part = run.record.recipe.get("strategy")
    return str(part["name"]) if isinstance(part, dict) else str(part or "auto")


def _score(run: StoredRun) -> str:
    metric = str(run.record.curves.get("metric") or next(iter(run.record.metrics), ""))
    if metric not in run.record.metrics:
        return "–"
    return f"{wording.metric_name(metric)} {wording.number(run.record.metrics[metric])}"


def _compare(project: str, chosen: list[str]) -> None:
    if len(chosen) < 2:
        notices.warn(_("Tick two runs or more."))
        return
    ui.navigate.to(f"/p/{project}/tune/compare?{urlencode({'runs': ','.join(chosen)})}")
