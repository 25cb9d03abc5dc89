"""Settings of a project: its name, what is kept of requests, its members, what was done in it."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from tunery.app.access import ROLE_NAMES
from tunery.app.actions import members, projects
from tunery.app.studio import notices
from tunery.app.studio.components.auditing import audit_table
from tunery.app.studio.components.cards import card
from tunery.app.studio.components.dialogs import confirm
from tunery.app.studio.components.forms import choice_field, form_from, text_field
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.i18n import N_, _
from tunery.store.projects import ProjectSettings
from tunery.store.tables import Member, User

_NAMES = {
    "store_requests": N_("Keep requests"),
    "sample": N_("Share that is kept"),
    "retention_days": N_("Days until texts are deleted"),
    "redact": N_("Taken out of texts"),
    "presidio": N_("Redact with Presidio too"),
    "presidio_models": N_("Models of spaCy"),
    "presidio_entities": N_("What Presidio takes out"),
    "presidio_threshold": N_("How sure Presidio must be"),
    "guidelines": N_("Guidelines for annotators"),
}
_REDACTIONS = {
    "email": N_("e-mail addresses"),
    "phone": N_("phone numbers"),
    "card": N_("card numbers"),
    "id": N_("identity card numbers"),
}


@studio_page("/p/{project}/settings", title=N_("Settings"))
def settings_page(project: str) -> None:
    """Build the page; only owners can change something."""
    here = visit()
    owner = here.role == "owner"
    heading(_("Settings"), _("What holds for this project.") if owner else _("Only owners can change these settings."))
    _general(project, owner=owner)
    _members(project, owner=owner)
    if owner:
        with card(_("What was done"), _("Every change, by whom and when."), classes="flush"):
            audit_table(project)


def _general(project: str, *, owner: bool) -> None:
    context = visit().context
    found = projects.get(context, project)
    with card(_("Project")), Tag("div", classes="form"):
        name = text_field(_("Name"), found.name)
        names = {key: _(title) for key, title in _NAMES.items()}
        redactions = {key: _(title) for key, title in _REDACTIONS.items()}
        form = form_from(
            ProjectSettings, projects.settings(context, project), names=names, options={"redact": redactions},
            skip=("labels",),
        )  # fmt: skip

        async def save() -> None:
            wanted = form.read()
            if wanted is not None:
                changed = {key: value for key, value in wanted.model_dump(mode="json").items() if key in form.fields}
                named = str(name.value)
                await in_background(projects.change, visit().context, project, name=named, settings=changed)
                notices.tell(_("Saved."))

        async def archive() -> None:
            text = _("It leaves all lists. Nothing of it is deleted, and its endpoints go on answering.")
            if await confirm(_("Archive this project?"), text, act=_("Archive"), danger=True):
                projects.change(visit().context, project, archived=True)
                ui.navigate.to("/")

        if owner:
            with Tag("div", classes="buttons"):
                button(_("Save"), kind="primary").on("click", save)
                button(_("Archive the project"), kind="danger").on("click", archive)


def _members(project: str, *, owner: bool) -> None:
    with card(
        _("Members"), _("Viewers look, annotators label, editors change data and models, owners decide the rest.")
    ):
        people = Tag("div", classes="lines-list")

        def show() -> None:
            people.clear()
            with people:
                for member, user in members.of_project(visit().context, project):
                    _member(project, member, user, owner=owner, show=show)

        show()
        if owner:
            with Tag("div", classes="filters"):
                email = text_field(_("E-mail"), kind="email")
                email.root.classes("grow")
                role = choice_field(_("Role"), {key: _(title) for key, title in ROLE_NAMES.items()}, "annotator")
                add = button(_("Add"))

            def added() -> None:
                members.add(visit().context, project, email=str(email.value), role=str(role.value))
                email.value = ""
                show()

            add.on("click", added)


def _member(project: str, member: Member, user: User, *, owner: bool, show: Callable[[], None]) -> None:
    with Tag("div", classes="line-item"):
        with Tag("div", classes="grow"):
            Tag("strong", user.name)
            Tag("div", user.email, classes="muted small")
        if not owner:
            Tag("span", _(ROLE_NAMES[member.role]), classes="muted")  # type: ignore[index]  # only roles are written
            return
        role = choice_field("", {key: _(title) for key, title in ROLE_NAMES.items()}, member.role)
        role.element.props["aria-label"] = _("Role of {name}").format(name=user.name)

        def change() -> None:
            try:
                members.put(visit().context, project, user=user.id, role=str(role.value))
            finally:
                show()

        async def remove() -> None:
            if await confirm(
                _("Take {name} out of the project?").format(name=user.name), act=_("Take out"), danger=True
            ):
                members.remove(visit().context, project, user=user.id)
                show()

        role.element.on_value_change(change)
        button(_("Take out"), kind="quiet").on("click", remove)
