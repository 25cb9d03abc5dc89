"""The own account: name, language, theme, password, access tokens, browsers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nicegui import ui

from tunery.app.actions import accounts, tokens
from tunery.app.studio import choices, notices
from tunery.app.studio.components.cards import card, empty_state
from tunery.app.studio.components.code import code_block
from tunery.app.studio.components.dialogs import confirm
from tunery.app.studio.components.forms import choice_field, text_field
from tunery.app.studio.components.markup import Tag, button
from tunery.app.studio.components.times import relative_time
from tunery.app.studio.page import studio_page
from tunery.app.studio.shell import heading
from tunery.app.studio.visits import in_background, visit
from tunery.i18n import N_, _
from tunery.store.tables import AccessToken


@studio_page("/account", title=N_("Account"))
def account_page() -> None:
    """Build the page."""
    heading(_("Account"), _("What is yours alone."))
    with Tag("div", classes="grid-2"):
        _self()
        _password()
    _tokens()
    _browsers()


def _self() -> None:
    here = visit()
    user = accounts.somebody(here.context)
    with card(_("You")), Tag("div", classes="form"):
        name = text_field(_("Name"), user.name)
        text_field(_("E-mail"), user.email).element.props("readonly")
        language = choice_field(_("Language"), choices.LANGUAGES, here.language)
        theme = choice_field(_("Theme"), {key: _(title) for key, (title, _icon) in choices.THEMES.items()}, here.theme)

        def save() -> None:
            accounts.change_own(
                visit().context, name=str(name.value), language=str(language.value), theme=str(theme.value)
            )
            ui.navigate.reload()

        button(_("Save"), kind="primary").on("click", save)


def _password() -> None:
    with card(_("Password"), _("All other browsers are signed out when it changes.")), Tag("div", classes="form"):
        old = text_field(_("The old one"), kind="password")
        new = text_field(_("The new one"), kind="password", hint=_("10 characters or more."))
        old.element.props("autocomplete=current-password")
        new.element.props("autocomplete=new-password")

        async def change() -> None:
            here = visit()
            await in_background(
                accounts.change_password, here.context, old=str(old.value), new=str(new.value), keep=here.secret
            )
            old.value = new.value = ""
            notices.tell(_("The password is changed."))

        button(_("Change the password")).on("click", change)


def _tokens() -> None:
    with card(_("Access tokens"), _("By these, programs act for you: the command line with --server, or your own.")):
        made = Tag("div", classes="stack")
        listed = Tag("div", classes="lines-list")

        def show() -> None:
            listed.clear()
            with listed:
                found = [token for token in tokens.own(visit().context) if token.revoked is None]
                if not found:
                    empty_state(_("There are no tokens."))
                for token in found:
                    _token(token)

        def _token(token: AccessToken) -> None:
            async def revoke() -> None:
                question = _("Revoke the token {name}?").format(name=token.name)
                if await confirm(
                    question, _("Programs that use it are refused at once."), act=_("Revoke"), danger=True
                ):
                    tokens.revoke(visit().context, token=token.id)
                    show()

            with Tag("div", classes="line-item"):
                Tag("strong", token.name, classes="grow")
                Tag("span", _("used") if token.used else _("never used"), classes="muted small")
                if token.used:
                    relative_time(token.used)
                button(_("Revoke"), kind="quiet").on("click", revoke)

        show()
        with Tag("div", classes="filters"):
            name = text_field(_("What is it for?"))
            name.root.classes("grow")
            days = choice_field(
                _("Valid for"),
                {0: _("until it is revoked"), **{n: _("{count} days").format(count=n) for n in (30, 90, 365)}},
                90,
            )
            make = button(_("Make a token"))

        def create() -> None:
            expires = datetime.now(UTC) + timedelta(days=days.value) if days.value else None
            _token_made, given = tokens.create(visit().context, name=str(name.value or ""), expires=expires)
            name.value = ""
            made.clear()
            with made:
                code_block(given, title=_("Copy it now: it is shown only once."))
            show()

        make.on("click", create)


def _browsers() -> None:
    with card(_("Browsers that you are signed in with")):
        with Tag("div", classes="lines-list"):
            for found in accounts.own_sign_ins(visit().context):
                with Tag("div", classes="line-item"):
                    Tag("span", found.agent or _("unknown"), classes="grow small")
                    relative_time(found.seen)

        def everywhere() -> None:
            here = visit()
            count = accounts.sign_out_everywhere(here.context, but=here.secret)
            notices.tell(_("Signed out of {count} other browsers.").format(count=count))

        button(_("Sign out of all others")).on("click", everywhere)
