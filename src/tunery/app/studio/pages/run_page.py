"""A run while it goes on and afterwards; and runs beside each other."""

from __future__ import annotations

import json

import yaml
from nicegui import ui

from tunery.app.actions import jobs, runs
from tunery.app.actions.runs import StoredRun
from tunery.app.actions.runs import compare as side_by_side
from tunery.app.studio import measures, notices
from tunery.app.studio.components.cards import card, scrolled, stat, stats
from tunery.app.studio.components.charts import lines
from tunery.app.studio.components.code import code_block
from tunery.app.studio.components.markup import Tag, button, link
from tunery.app.studio.components.progress import ENDED, progress_line, state_mark
from tunery.app.studio.components.recipe_form import name_of
from tunery.app.studio.components.taking_along import TakingAlong
from tunery.app.studio.components.times import duration
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.views import curves
from tunery.app.studio.visits import in_background, visit
from tunery.evaluation import wording
from tunery.i18n import N_, _
from tunery.store.tables import Job, Run

_SECONDS = 1.0
_ENDINGS = {
    "complete": N_("all steps done"),
    "patience": N_("no longer getting better"),
    "budget": N_("out of time"),
    "interrupted": N_("stopped"),
    "pruned": N_("stopped early by the search"),
}


@studio_page("/p/{project}/tune/runs/{run}", title=N_("Run"))
async def show(project: str, run: str) -> None:
    """Build a run."""
    measures.dress()
    page = _RunPage(project, await in_background(runs.get, visit().context, run))
    page.build()


@studio_page("/p/{project}/tune/compare", title=N_("Runs beside each other"))
async def compare(project: str, runs: str) -> None:  # noqa: ARG001 - the visit has it
    """Build the comparison of some runs."""
    measures.dress()
    beside = await in_background(side_by_side, visit().context, [one for one in runs.split(",") if one])
    found = list(beside.runs)
    heading(_("Runs beside each other"), _("Where their recipes differ, and how they went."), kicker=_("Tune"))
    names = _distinct(found)
    with card(_("Where they differ")), scrolled(_("Where they differ")), Tag("table", classes="roomy"):
        with Tag("thead"), Tag("tr"):
            Tag("td")
            for name in names:
                Tag("th", name, scope="col")
        with Tag("tbody"):
            _row(_("Data"), [f"{one.data_set.name} · {one.version.number}" for one in found])
            for row in beside.differences:
                _row(name_of(row.setting), [value or _("default") for value in row.values])
            for metric in dict.fromkeys(metric for one in found for metric in one.record.metrics):
                values = [one.record.metrics.get(metric) for one in found]
                _row(
                    _("dev {metric}").format(metric=wording.metric_name(metric)),
                    ["–" if value is None else wording.number(value) for value in values],
                )
            _row(_("Ended"), [_ending(one.record) for one in found])
            _row(_("Time"), [_took(one.record) for one in found])
    read = [curves.read(one.record.curves) for one in found]
    _charts(
        {name: one.dev for name, one in zip(names, read, strict=True)},
        {name: one.loss for name, one in zip(names, read, strict=True)},
        read[0].metric if read else "",
    )


class _RunPage:
    """A run's page: what changes is built again as long as the run goes on."""

    def __init__(self, project: str, run: StoredRun) -> None:
        self._project = project
        self._run = run
        self._line = 0

    def build(self) -> None:
        """Build everything."""
        run = self._run
        heading(
            run.name,
            f"{run.data_set.name} · {run.version.number} · {run.record.recipe.get('base', '')}",
            kicker=_("Search") if run.record.kind == "search" else _("Run"),
            actions=self._actions,
        )
        self._progress = Tag("div")
        self._outcome = Tag("div")
        self._curves = Tag("div", classes="stack")
        self._trials = Tag("div")
        if run.model is not None:
            TakingAlong(self._project, run.model, may_export=visit().role in ("editor", "owner"))
        with card(_("Log")) as self._said:
            self._log = Tag("pre", "", classes="log", tabindex="0", role="log", **{"aria-label": _("Log")})
        self._said.set_visibility(False)
        with Tag("details", classes="fold"):
            Tag("summary", _("The recipe"))
            recipe = yaml.safe_dump(json.loads(json.dumps(run.record.recipe)), allow_unicode=True, sort_keys=False)
            code_block(recipe, title="recipe.yaml")
        if run.job is not None and run.record.state not in ENDED:
            with self._progress, card():
                progress_line(run.job.id, on_end=self._ended)
            self._timer = ui.timer(_SECONDS, self._look)
        self._show()

    def _actions(self) -> None:
        run = self._run
        state_mark(run.record.state)
        may_edit = visit().role in ("editor", "owner")
        if run.record.state in ENDED and may_edit:
            words = _("Go on") if run.record.state == "cancelled" else _("Run again")
            button(words, symbol="play").on("click", self._again)
        if run.model is None:
            return
        for report in run.reports:
            link(_("Report on {split}").format(split=report.split), f"/p/{self._project}/reports/{report.id}",
                 classes="button")  # fmt: skip
        if not run.reports and may_edit:
            button(_("Measure on test"), kind="primary").on("click", self._measure)

    async def _again(self) -> None:
        job = await in_background(runs.begin_again, visit().context, self._run.record.id)
        run = await in_background(runs.of_job, visit().context, job.id)
        ui.navigate.to(f"/p/{self._project}/tune/runs/{run}")

    async def _measure(self) -> None:
        run = self._run
        assert run.model is not None  # noqa: S101 - the button is only there with a model
        arguments = {"model": run.model.id, "version": run.version.id, "split": "test"}
        job = await in_background(jobs.start, visit().context, "evaluate", arguments, project=self._project)
        self._progress.clear()
        with self._progress, card(_("Measuring")):
            progress_line(job.id, on_end=self._measured)

    def _measured(self, job: Job) -> None:
        report = (job.result or {}).get("report")
        if report:
            ui.navigate.to(f"/p/{self._project}/reports/{report}")

    def _ended(self, job: Job) -> None:
        if job.state == "done":
            notices.tell(_("The model is there."))
        ui.navigate.to(f"/p/{self._project}/tune/runs/{self._run.record.id}")

    async def _look(self) -> None:
        self._run = await in_background(runs.get, visit().context, self._run.record.id)
        if self._run.record.state in ENDED:
            self._timer.cancel()
        self._show()

    def _show(self) -> None:
        run = self._run
        self._say()
        found = curves.read(run.record.curves)
        self._curves.clear()
        with self._curves:
            if found.dev or found.loss:
                _charts({_("dev"): found.dev}, {_("train"): found.loss}, found.metric)
        self._outcome.clear()
        with self._outcome:
            if run.record.metrics or run.record.state in ENDED:
                _outcome(run)
        self._trials.clear()
        with self._trials:
            if run.trials or (run.job is not None and (run.job.result or {}).get("search")):
                _trials(run)

    def _say(self) -> None:
        if self._run.job is None:
            return
        new = jobs.lines(visit().context, self._run.job.id, after=self._line)
        if new:
            self._line = new[-1].number
            self._said.set_visibility(True)
            self._log.text += "".join(f"{one.line}\n" for one in new)


def _outcome(run: StoredRun) -> None:
    with card(_("Outcome")):
        if run.record.state == "failed" and run.job is not None and run.job.error:
            Tag("p", str(run.job.error.get("message", "")), classes="form-error")
            Tag("p", str(run.job.error.get("hint", "")), classes="muted")
        with stats():
            metric = run.record.curves.get("metric")
            names = [name for name in run.record.metrics if name == metric] or list(run.record.metrics)[:1]
            names += [name for name in run.record.metrics if name in ("accuracy", "macro_f1") and name not in names]
            for name in names:
                stat(_("dev {metric}").format(metric=wording.metric_name(name)),
                     wording.number(run.record.metrics[name]))  # fmt: skip
            stat(_("Time"), _took(run.record))
            if run.record.ended_by:
                stat(_("Ended"), _ending(run.record))


def _trials(run: StoredRun) -> None:
    search = (run.job.result or {}).get("search", {}) if run.job is not None else {}
    trials = search.get("trials", [])
    with (
        card(_("Trials"), str(search.get("verdict", ""))),
        scrolled(_("Trials"), tall=True),
        Tag("table", classes="roomy"),
    ):
        with Tag("thead"), Tag("tr"):
            for number, name in enumerate((_("Trial"), _("Short run"), _("On dev"), _("Ended"), _("Settings"))):
                Tag("th", name, classes="number" if number < 3 else "", scope="col")
        with Tag("tbody"):
            for one in trials:
                outcome = one.get("outcome", one)
                with Tag("tr"):
                    Tag("td", str(one.get("number", "")), classes="number")
                    short, whole = one.get("short"), one.get("whole", True)
                    ended = _(_ENDINGS.get(outcome.get("ended", ""), "")) if outcome.get("ended") else "–"
                    Tag("td", f"{short['score']:.4f}" if short else "–", classes="number")
                    Tag("td", f"{outcome.get('score', 0.0):.4f}" if whole else "–", classes="number")
                    Tag("td", ended if whole else _("short run only"))
                    settings = one.get("settings") or {}
                    shown = ", ".join(f"{name_of(name)} {value:g}" for name, value in settings.items())
                    words = _("the defaults") if one.get("number") == 1 else ""
                    Tag("td", " · ".join(filter(None, (words, shown))))


def _charts(dev: dict[str, curves.Points], loss: dict[str, curves.Points], metric: str) -> None:
    with Tag("div", classes="grid-2"):
        for title, series in (
            (_("dev {metric}").format(metric=wording.metric_name(metric)) if metric else _("dev"), dev),
            (_("Loss on train"), loss),
        ):
            shown = {
                name: [(x, y) for x, y in curves.thinned(points)] for name, points in series.items() if len(points) > 1
            }
            if shown:
                with card(title, _("over epochs")):
                    lines(shown, title=title)


def _row(name: str, values: list[str]) -> None:
    with Tag("tr"):
        Tag("td", name, classes="muted")
        for value in values:
            Tag("td", value)


def _distinct(found: list[StoredRun]) -> list[str]:
    names = [one.name for one in found]
    return [name if names.count(name) == 1 else f"{name} ({number})" for number, name in enumerate(names, 1)]


def _ending(run: Run) -> str:
    return _(_ENDINGS[run.ended_by]) if run.ended_by in _ENDINGS else "–"


def _took(run: Run) -> str:
    if run.started is None or run.ended is None:
        return "–"
    return duration((run.ended - run.started).total_seconds())
