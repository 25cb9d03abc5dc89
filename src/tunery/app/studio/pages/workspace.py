"""Settings of the whole workspace: people, sources, what was done, what there is."""

from __future__ import annotations

import os
from collections.abc import Callable

import tunery
from tunery.app.actions import accounts, jobs, users
from tunery.app.studio import notices
from tunery.app.studio.components.auditing import audit_table
from tunery.app.studio.components.cards import card, note
from tunery.app.studio.components.code import code_block
from tunery.app.studio.components.dialogs import confirm
from tunery.app.studio.components.forms import switch_field, text_field
from tunery.app.studio.components.markup import Tag, button, link
from tunery.app.studio.components.progress import progress_line
from tunery.app.studio.components.schedules import Schedules, ask_when
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import visit
from tunery.i18n import N_, _
from tunery.store.tables import Job, User

_MIRRORS = {
    "TUNERY_SOURCES": N_("Which sources are asked, in which order, with commas."),
    "HF_ENDPOINT": N_("A mirror of the Hugging Face hub."),
    "MODELSCOPE_ENDPOINT": N_("A mirror of the ModelScope hub."),
    "PIP_INDEX_URL": N_("A mirror of the package index, as pip reads it; pip's own configuration counts too."),
    "TUNERY_CACHE": N_("Where fetched models and data are kept."),
}
"""What `tunery.sources` reads from the environment; values are shown without what stands before an @."""


@studio_page("/settings", title=N_("Settings"))
def workspace_page() -> None:
    """Build the page; administrators see more of it."""
    here = visit()
    admin = here.user is not None and here.user.admin
    heading(_("Settings"), _("What holds for the whole workspace."))
    if not admin:
        note(_("People and the log are for administrators."), _("Your own settings are in your account."))
        link(_("Account"), "/account", classes="button")
    else:
        _people()
    _sources()
    _about()
    if admin:
        _backups()
        with card(_("What was done"), _("Every change, by whom and when."), classes="flush"):
            audit_table(None)


def _people() -> None:
    with card(_("People"), _("Whoever is here can sign in; projects decide themselves who is in them.")):
        people = Tag("div", classes="lines-list")

        def show() -> None:
            people.clear()
            with people:
                for user in users.everybody(visit().context):
                    _person(user, show)

        show()
        with Tag("div", classes="filters"):
            name = text_field(_("Name"))
            email = text_field(_("E-mail"), kind="email")
            email.root.classes("grow")
            admin = switch_field(_("Administrator"))
            invite = button(_("Invite"))
        place = Tag("div", classes="stack")

        def invited() -> None:
            here = visit()
            _user, given, _expires = accounts.invite(
                here.context, here.parts.settings, email=str(email.value), name=str(name.value), admin=bool(admin.value)
            )
            name.value = email.value = ""
            _show_invitation(place, given)
            show()

        invite.on("click", invited)


def _person(user: User, show: Callable[[], None]) -> None:
    me = visit().user
    with Tag("div", classes="line-item"):
        with Tag("div", classes="grow"):
            Tag("strong", user.name)
            Tag("div", user.email, classes="muted small")
        if user.admin:
            Tag("span", _("administrator"), classes="muted")
        if user.password is None:
            Tag("span", _("invited"), classes="muted")
        if user.disabled is not None:
            Tag("span", _("closed"), classes="state state-failed")
        place = Tag("div")

        def again() -> None:
            here = visit()
            _user, given, _expires = accounts.invite_again(here.context, here.parts.settings, user=user.id)
            _show_invitation(place, given)

        async def close() -> None:
            closed = user.disabled is not None
            question = _("Open the account of {name}?") if closed else _("Close the account of {name}?")
            if await confirm(
                question.format(name=user.name), act=_("Open") if closed else _("Close"), danger=not closed
            ):
                users.change(visit().context, user=user.id, disabled=not closed)
                show()

        if me is not None and user.id != me.id:
            button(_("New invitation"), kind="quiet").on("click", again)
            button(_("Open") if user.disabled else _("Close"), kind="quiet").on("click", close)


def _show_invitation(place: Tag, given: str) -> None:
    place.clear()
    with place:
        code_block(
            accounts.invitation_link(visit().parts.settings, given),
            title=_("Give this link to the person; it works once."),
        )
    notices.tell(_("The invitation is made."))


def _sources() -> None:
    with (
        card(_("Sources and mirrors"), _("Where models and data are fetched from. Set these where Tunery is started.")),
        Tag("dl", classes="facts"),
    ):
        for name, meaning in _MIRRORS.items():
            with Tag("dt"):
                Tag("code", name)
            with Tag("dd"):
                Tag("div", _shown(os.environ.get(name)) or _("not set"))
                Tag("div", _(meaning), classes="muted small")


def _shown(value: str | None) -> str:
    scheme, separator, rest = (value or "").partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else value or ""


def _backups() -> None:
    with card(_("Backups"), _("All there is in one file, in the workspace's folder. Copy it to another machine.")):
        with Tag("div", classes="buttons"):
            now, again = button(_("Back up now")), button(_("Do it again and again"))
        place = Tag("div", classes="stack")
    kept = Schedules(None, may_edit=True)

    def start() -> None:
        job = jobs.start(visit().context, "backup", {})
        place.clear()
        with place:
            progress_line(job.id, on_end=told)

    def told(job: Job) -> None:
        if job.state == "done" and job.result is not None:
            with place:
                Tag("code", str(job.result["file"]))

    now.on("click", start)
    again.on("click", lambda: ask_when("backup", {}, None, done=kept.show))


def _about() -> None:
    here = visit()
    workspace = here.parts.workspace
    with card(_("This workspace")), Tag("dl", classes="facts"):
        facts = {
            _("Version"): f"Tunery {tunery.__version__}",
            _("Folder"): str(workspace.folder),
            _("Database"): workspace.engine.url.render_as_string(hide_password=True),
            _("Files"): _shown(workspace.blobs.url),
            _("Address"): here.parts.settings.url,
        }
        for name, value in facts.items():
            Tag("dt", name)
            Tag("dd", value)
