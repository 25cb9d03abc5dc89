"""Endpoints: the list, and putting a model into service."""

from __future__ import annotations

from nicegui import ui

from tunery.app.actions import endpoints
from tunery.app.actions import models as model_actions
from tunery.app.actions.endpoints import StoredEndpoint
from tunery.app.studio import measures
from tunery.app.studio.components.cards import card, empty_state
from tunery.app.studio.components.forms import choice_field, text_field
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.components.tables import Column, data_table
from tunery.app.studio.components.times import relative_time
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.i18n import N_, _
from tunery.store.paging import MOST, Page
from tunery.store.tables import Model


@studio_page("/p/{project}/endpoints", title=N_("Endpoints"))
async def index(project: str, model: str = "") -> None:
    """Build the list of endpoints, and the form that puts a model into service."""
    measures.dress()
    here = visit()
    found = await in_background(endpoints.listed, here.context, project)
    models = await in_background(lambda: model_actions.page(here.context, project, limit=MOST).items)
    heading(_("Endpoints"), _("Names that programs ask. Which model answers can be changed at any time."))
    if found:
        with card(classes="flush"):
            data_table(_columns(project), lambda _after, _limit: Page(found), label=_("Endpoints"))
    elif not models:
        empty_state(
            _("Nothing is in service, and there is no model yet."),
            _("Tune one first."),
            icon="endpoint",
            link=(_("Tune a model"), f"/p/{project}/tune/new"),
        )
    if models and here.role in ("editor", "owner"):
        _deployment(project, models, model)


def model_names(models: list[Model]) -> dict[str, str]:
    """Return what people choose models by."""
    return {one.id: f"{one.name or one.id[:10]} · {one.created:%Y-%m-%d %H:%M}" for one in models}


def _columns(project: str) -> tuple[Column[StoredEndpoint], ...]:
    return (
        Column(
            _("Endpoint"), lambda one: one.record.name, link=lambda one: f"/p/{project}/endpoints/{one.record.name}"
        ),
        Column(_("State"), _state),
        Column(_("Answers"), lambda one: one.champion.name or one.champion.id[:10]),
        Column(_("Beside it"), _challenger, narrow=True),
        Column(_("Public page"), lambda one: _("yes") if one.settings.share else _("no"), narrow=True),
        Column(_("Since"), _since, narrow=True),
    )


def _name(one: StoredEndpoint) -> str:
    return one.record.name


def _state(one: StoredEndpoint) -> None:
    stopped = one.record.stopped is not None
    Tag("span", _("stopped") if stopped else _("in service"), classes="tag" if stopped else "tag is-on")


def _challenger(one: StoredEndpoint) -> str:
    return "–" if one.challenger is None else one.challenger.name or one.challenger.id[:10]


def _since(one: StoredEndpoint) -> None:
    relative_time(one.record.created)


def _deployment(project: str, models: list[Model], chosen: str) -> None:
    names = model_names(models)

    async def deploy() -> None:
        name.complain("")
        wanted = str(name.value or "").strip()
        if not wanted:
            name.complain(_("Give it a name."))
            return
        await in_background(lambda: endpoints.deploy(visit().context, project, name=wanted, model=model.value))
        ui.navigate.to(f"/p/{project}/endpoints/{wanted}")

    lead = _("An endpoint that exists already answers with this model from then on; it can be rolled back.")
    with card(_("Put a model into service"), lead), Tag("div", classes="filters"):
        name = text_field(_("Name"))
        name.root.classes("grow")
        name.element.props["placeholder"] = "intents"
        model = choice_field(_("Model"), names, chosen if chosen in names else models[0].id)
        model.root.classes("grow")
        button(_("Put into service"), kind="primary").on("click", deploy)
