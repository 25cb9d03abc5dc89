"""Sharing: which endpoints have a public page, and what stands on it."""

from __future__ import annotations

from tunery.app.actions import endpoints
from tunery.app.actions.endpoints import StoredEndpoint
from tunery.app.studio import measures, notices
from tunery.app.studio.components.cards import card, empty_state
from tunery.app.studio.components.code import code_block
from tunery.app.studio.components.forms import form_from
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.i18n import N_, _
from tunery.store.endpoints import EndpointSettings

_NAMES = {
    "share": N_("Public page"),
    "share_title": N_("Title"),
    "share_about": N_("What it is"),
    "share_examples": N_("Examples, one a line"),
    "share_rate": N_("How often one may ask"),
    "share_characters": N_("Longest text"),
}


@studio_page("/p/{project}/share", title=N_("Share"))
async def sharing(project: str, endpoint: str = "") -> None:
    """Build the settings of the public pages."""
    measures.dress()
    found = await in_background(endpoints.listed, visit().context, project)
    heading(
        _("Share"),
        _("A public page on which anybody may try an endpoint and say what they think of its answers. Off by default."),
    )
    if not found:
        empty_state(
            _("There is no endpoint yet."),
            _("Put a model into service first."),
            icon="share",
            link=(_("To the endpoints"), f"/p/{project}/endpoints"),
        )
    for one in found:
        _settings(project, one, opened=one.record.name == endpoint or len(found) == 1)


def _settings(project: str, stored: StoredEndpoint, *, opened: bool) -> None:
    name, may_edit = stored.record.name, visit().role in ("editor", "owner")
    address = f"{visit().parts.settings.url}/share/{name}"

    def actions() -> None:
        kind, words = ("tag is-on", _("public")) if stored.settings.share else ("tag", _("not shared"))
        Tag("span", words, classes=kind)
        if stored.settings.share:
            Tag("a", _("Open the page"), classes="button", href=f"/share/{name}", target="_blank", rel="noopener")

    with card(name, actions=actions):
        if stored.settings.share:
            code_block(address, title=_("Address"))
        if not may_edit:
            return
        with Tag("details", classes="fold", open="" if opened else None):
            Tag("summary", _("What stands on it"))
            names = {field: _(title) for field, title in _NAMES.items()}
            form = form_from(EndpointSettings, stored.settings, names=names, skip=("store_requests", "sample"))

            async def save() -> None:
                values = form.read()
                if values is None:
                    return
                changed = {field: value for field, value in values.model_dump().items() if field in _NAMES}
                await in_background(endpoints.change_settings, visit().context, project, name, changed)
                notices.tell(_("Saved."), _("The public page follows at once."))

            with Tag("div", classes="buttons").style("margin-top: 16px"):
                button(_("Save"), kind="primary").on("click", save)
