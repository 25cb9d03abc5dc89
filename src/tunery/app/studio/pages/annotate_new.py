"""A new queue."""

from __future__ import annotations

from nicegui import ui

from tunery.app.actions import data, queues
from tunery.app.actions.queues import QueueSettings
from tunery.app.annotation.choosing import ORIGINS
from tunery.app.studio import notices
from tunery.app.studio.components.cards import card, empty_state
from tunery.app.studio.components.forms import Field, Form, choice_field
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.page import studio_page
from tunery.app.studio.pages.annotate import ORDERS
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.i18n import N_, _

_ORIGINS = {
    "unlabelled": N_("rows without a label"),
    "labelled": N_("rows with a label"),
    "all": N_("all rows"),
    "requests": N_("requests to endpoints"),
    "feedback": N_("requests that people judged"),
}


@studio_page("/p/{project}/annotate/new", title=N_("New queue"), role="editor")
def new(project: str) -> None:
    """Build the form."""
    heading(_("New queue"), _("Choose what people are to label, and in which order."))
    sets = data.listed(visit().context, project, limit=200).items
    if not sets:
        empty_state(
            _("There is no data yet."), _("A queue belongs to a data set."), icon="data",
            link=(_("To the data"), f"/p/{project}/data"),
        )  # fmt: skip
        return
    with card():
        names = {one.data_set.id: one.data_set.name for one in sets}
        with Tag("div", classes="form"):
            data_set = choice_field(_("Data set"), names, sets[0].data_set.id, hint=_("Where the answers belong."))
        form = Form(
            QueueSettings,
            QueueSettings(name=_("First round"), origin=ORIGINS[0]),
            names=_names(),
            options={
                "origin": {name: _(words) for name, words in _ORIGINS.items()},
                "order": {name: _(words) for name, words in ORDERS.items()},
            },
            skip=("version", "seed", "endpoint", "model", "other"),
        )
        known = queues.models_of(visit().context, project=project)
        with Tag("div", classes="form"):
            chosen = {
                "model": choice_field(_("Model"), known, hint=_("Whose answers are suggested, and who is unsure.")),
                "other": choice_field(
                    _("Second model"), known, hint=_("What the two answer differently is asked first.")
                ),
            }
        with Tag("div", classes="row"):
            button(_("Make the queue"), kind="primary").on(
                "click", lambda: _make(project, data_set.value, form, chosen)
            )


def _names() -> dict[str, str]:
    return {
        "name": _("Name"), "origin": _("Which rows"), "order": _("Order"), "overlap": _("People for each row"),
        "split": _("Split"), "labels": _("Labels"), "kind": _("Kind of answer"), "base": _("Base model"),
        "limit": _("Most rows"), "guidelines": _("Guidelines"),
    }  # fmt: skip


async def _make(project: str, data_set: str, form: Form[QueueSettings], chosen: dict[str, Field]) -> None:
    settings = form.read()
    if settings is None:
        return
    settings = settings.model_copy(update={name: field.value for name, field in chosen.items()})
    made = await in_background(queues.create, visit().context, data_set=data_set, settings=settings)
    if made.job is not None:
        notices.tell(_("The model is being asked; its order comes in a moment."))
    ui.navigate.to(f"/p/{project}/annotate")
